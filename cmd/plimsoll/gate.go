package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/httpapi"
	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// gateCmd is "plimsoll gate".
type gateCmd struct {
	Check   gateCheckCmd   `cmd:"" help:"Ask whether a change may go out now. Exit code 0 allow, 2 deny, 3 hold or undecidable, 1 wrong usage."`
	Log     gateLogCmd     `cmd:"" help:"List decisions, newest first, or verify the audit log."`
	Freezes gateFreezesCmd `cmd:"" help:"List the freezes in their present state."`
	Freeze  gateFreezeCmd  `cmd:"" help:"Freeze releases by hand, with a reason and an end."`
	Thaw    gateThawCmd    `cmd:"" help:"Lift a freeze by hand for a time; or, as a release manager, end a Code Red whose exit criteria are met."`

	Status    gateStatusCmd    `cmd:"" help:"Tell how every freeze stands: what is owed, what ends it, and when that may be."`
	Plan      gatePlanCmd      `cmd:"" help:"File the action plan of a Code Red."`
	Exempt    gateExemptCmd    `cmd:"" help:"Record that a spent budget is not the team's to make good, with a reason and an end."`
	ExemptEnd gateExemptEndCmd `cmd:"" help:"End an exemption before its time."`

	Exemptions gateExemptionsCmd `cmd:"" help:"List the exemptions that have not ended, or did in the last 30 days, newest first."`

	Override  gateOverrideCmd  `cmd:"" help:"Ask for an override: one commit may go out whatever the policy says, once another person has approved it."`
	Approve   gateApproveCmd   `cmd:"" help:"Approve the override that another person asked for."`
	Overrides gateOverridesCmd `cmd:"" help:"List the overrides of the last 30 days, newest first."`
	FollowUp  gateFollowUpCmd  `cmd:"" help:"Say that the follow-up of a used override is done."`

	Why      gateWhyCmd      `cmd:"" help:"Show a decision again, with every clause and all that it read."`
	Simulate gateSimulateCmd `cmd:"" help:"Decide again under another policy what was decided, and show what would have come out otherwise."`
	Replay   gateReplayCmd   `cmd:"" help:"Decide again what was decided, from the audit log alone. Exit code 1 if an answer differs."`
	Attest   gateAttestCmd   `cmd:"" help:"Get a decision as an in-toto statement in a signed DSSE envelope."`
	Keys     gateKeysCmd     `cmd:"" help:"Print the public keys that signed decisions are verified with."`
	Verify   gateVerifyCmd   `cmd:"" help:"Check a signed decision without a server. Exit code 1 if none of the keys signed it."`

	Lint gateLintCmd `cmd:"" help:"Check policy files without a server. Exit code 1 if anything is wrong."`
}

type gateCheckCmd struct {
	Service     string   `short:"s" required:"" help:"Service, as in the keys of its objectives."`
	Env         string   `short:"e" aliases:"environment" required:"" help:"Environment that the change would go to."`
	Sha         string   `aliases:"commit" required:"" help:"Commit that would go out."`
	Class       string   `short:"c" default:"feature" help:"What the change is for: feature, reliability, security, rollback or config."`
	Ref         []string `sep:"," help:"Incident or action item that the change serves, such as INC-7; may be repeated."`
	Progressive bool     `help:"The change rolls out in steps that stop by themselves."`
	Version     string   `help:"Version that people know the change by."`
	Author      string   `help:"Who made the change."`

	Wait  time.Duration `placeholder:"30m" help:"Ask again until the answer is allow, for at most so long. Each answer is recorded."`
	Every time.Duration `default:"15s" help:"Time between two questions while waiting."`

	Summary string `placeholder:"FILE" env:"GITHUB_STEP_SUMMARY" help:"Where --output github adds its summary."`
	Outputs string `placeholder:"FILE" env:"GITHUB_OUTPUT" help:"Where --output github adds what other steps read: decision, seq and reason."`
}

// codes are the exit codes of a check.
var codes = map[gate.Outcome]int{gate.Allow: 0, gate.Deny: 2, gate.Hold: codeHold}

const codeHold = 3

// shortest is the least time between two questions: each is recorded.
const shortest = 100 * time.Millisecond

// Run asks, prints the answer and turns it into an exit code. What cannot be decided is a hold, never an allow.
func (cmd gateCheckCmd) Run(c *cli) error {
	err := cmd.check(c)
	if said := (*exitError)(nil); err != nil && c.Output == outputGitHub && !(errors.As(err, &said) && said.err == nil) {
		fmt.Fprintf(c.Out, "::error title=Plimsoll gate::%s\n", data(apiclient.Message(err)))
	}
	return err
}

func (cmd gateCheckCmd) check(c *cli) error {
	change := gate.Change{Service: cmd.Service, Environment: cmd.Env, Commit: cmd.Sha, Version: cmd.Version, Author: cmd.Author,
		Class: gate.Class(cmd.Class), Refs: trimmed(cmd.Ref), Progressive: cmd.Progressive}
	if err := change.Validate(); err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	d, err := cmd.ask(c, client, change)
	if err != nil {
		return err
	}
	code := codes[d.Outcome]
	show := func() error { return c.Print(d, func(w io.Writer) { writeDecision(w, d) }) }
	if c.Output == outputGitHub {
		show = func() error { return cmd.tellGitHub(c.Out, d) }
	}
	if err := show(); err != nil {
		return exit(max(code, 1), fmt.Errorf("write answer: %w", err))
	}
	if code != 0 {
		return exit(code, nil)
	}
	return nil
}

// trimmed leaves out what is blank, as there is between two commas.
func trimmed(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// ask returns the answer, and while it has time to wait the last of several.
func (cmd gateCheckCmd) ask(c *cli, client *apiclient.Client, change gate.Change) (gate.Decision, error) {
	var deadline time.Time
	said := ""
	for {
		d, err := askOnce(c.Ctx, client, change)
		if deadline.IsZero() {
			deadline = time.Now().Add(cmd.Wait)
		}
		left := time.Until(deadline)
		if err != nil || d.Outcome == gate.Allow || left <= 0 {
			return d, err
		}
		if line := d.Lines()[0]; line != said {
			said = line
			fmt.Fprintf(c.Err, "waiting for at most %s: %s\n", slo.FormatSpan(left.Round(time.Second)), said)
		}
		select {
		case <-c.Ctx.Done():
			return d, nil
		case <-time.After(min(left, max(cmd.Every, shortest))):
		}
	}
}

// askOnce asks the gate. What is not an answer of it is a hold; the error is that the question itself is wrong.
func askOnce(ctx context.Context, client *apiclient.Client, change gate.Change) (gate.Decision, error) {
	var d gate.Decision
	if err := client.Do(ctx, http.MethodPost, "/v1/gate/checks", change, &d); err != nil {
		if wrongUsage(err) {
			return d, err
		}
		return noAnswer(change, err), nil
	}
	if _, known := codes[d.Outcome]; !known || len(d.Message) == 0 {
		return noAnswer(change, fmt.Errorf("the answer has outcome %q", d.Outcome)), nil
	}
	return d, nil
}

// wrongUsage reports whether the question itself was wrong: refused by the server, or sent to no address.
func wrongUsage(err error) bool {
	var p *httpapi.ProblemError
	return errors.Is(err, apiclient.ErrAddress) ||
		errors.As(err, &p) && (p.Code == httpapi.Invalid || p.Code == httpapi.Unauthenticated || p.Code == httpapi.Forbidden)
}

// noAnswer is the hold for a gate that could not be asked.
func noAnswer(c gate.Change, err error) gate.Decision {
	next := "ask again; if it goes on, look at the server's log."
	if errors.Is(err, apiclient.ErrUnreachable) {
		next = "is the server running (plimsoll serve)? Is --url or PLIMSOLL_URL right? Then ask again."
	}
	return gate.Decision{
		At: time.Now().UTC(), Outcome: gate.Hold, Reason: gate.NoAnswer, Change: c, Clauses: []gate.Result{},
		Message: []string{
			fmt.Sprintf("HOLD %s %s of %s to %s: the gate did not answer, which is never an allow.", c.Class, c.Commit, c.Service, c.Environment),
			strings.ReplaceAll(apiclient.Message(err), "\n", ";"),
			"Next: " + next,
		},
	}
}

func writeDecision(out io.Writer, d gate.Decision) {
	fmt.Fprintln(out, d.Text())
	if len(d.Clauses) == 0 {
		return
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tCLAUSE\tVERDICT\tREASON\tFIGURES")
	decided := false
	for _, r := range d.Clauses {
		mark := ""
		if !decided && r.Clause == d.Clause && r.Verdict != gate.Pass {
			mark, decided = ">", true
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", mark, r.Clause, r.Verdict, cmp.Or(string(r.Reason), "–"), gate.OneLine(r.Detail))
	}
	w.Flush()
	fmt.Fprintln(out)
	if len(d.Flip) > 0 {
		fmt.Fprintf(out, "The answer would turn with: %s.\n", gate.OneLine(strings.Join(d.Flip, "; and ")))
	}
	fmt.Fprintf(out, "Decision %d, asked by %s", d.Seq, d.By)
	if d.Policy.Version != "" {
		fmt.Fprintf(out, ", policy of %s version %s", d.Policy.Subject(), d.Policy.Version)
	}
	fmt.Fprintln(out, ".")
}
