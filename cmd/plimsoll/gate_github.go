package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"plimsoll/slo/gate"
)

// outputGitHub is the form of an answer for a job of GitHub Actions.
const outputGitHub = "github"

// tellGitHub tells a decision where GitHub shows it: an annotation on out, which is the log of the step, a summary of the step, and outputs for
// other steps. It is what deploy/github/check.sh writes where there is no plimsoll, to the letter.
//
// Source: GitHub, "Workflow commands for GitHub Actions".
func (cmd gateCheckCmd) tellGitHub(out io.Writer, d gate.Decision) error {
	_, err := io.WriteString(out, annotation(d))
	return errors.Join(err,
		addTo(cmd.Summary, stepSummary(d)),
		addTo(cmd.Outputs, fmt.Sprintf("decision=%s\nseq=%d\nreason=%s\n", d.Outcome, d.Seq, d.Reason)))
}

// addTo appends to a file; an empty name is no file.
func addTo(file, text string) (err error) {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.WriteString(text)
	return err
}

// outcomeMarks are how a decision is marked, and outcomeLevels how its annotation is shown: a job that may not go on shows an error.
var (
	outcomeMarks  = map[gate.Outcome]string{gate.Allow: "✅", gate.Deny: "⛔", gate.Hold: "✋"}
	outcomeLevels = map[gate.Outcome]string{gate.Allow: "notice", gate.Deny: "error", gate.Hold: "error"}
)

// annotation is the workflow command that shows the three lines beside the job.
func annotation(d gate.Decision) string {
	return fmt.Sprintf("::%s title=%s::%s\n", outcomeLevels[d.Outcome], property("Plimsoll gate: "+string(d.Outcome)), data(d.Text()))
}

// data escapes the message of a workflow command, and property a value before it.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}

// stepSummary is the decision in GitHub's Markdown: the three lines as they are, and the clauses folded away.
func stepSummary(d gate.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s Plimsoll gate: %s\n\n", outcomeMarks[d.Outcome], d.Outcome)
	for _, line := range d.Lines() {
		fmt.Fprintf(&b, "    %s\n", line) // indented text is shown as it is, whatever it holds
	}
	b.WriteString("\n")
	if d.Seq == 0 {
		return b.String()
	}
	fmt.Fprintf(&b, "<details><summary>Decision %d</summary>\n\n| clause | verdict | figures |\n|---|---|---|\n", d.Seq)
	for _, r := range d.Clauses {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", gate.Markdown(r.Clause), r.Verdict, gate.Markdown(r.Detail))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}
