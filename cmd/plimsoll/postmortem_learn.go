package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/api"
	"plimsoll/incidents/postmortem/blameless"
)

type postmortemCheckCmd struct {
	Ref  incidents.Ref `arg:"" optional:"" help:"Such as INC-7 or 7."`
	File string        `short:"f" type:"existingfile" help:"Advise on the text of this file instead, without a server."`
	Name []string      `help:"With --file: a name that the text should not hold; may be repeated."`
}

// Run advises. Advice is no error: the exit code is 0.
func (cmd postmortemCheckCmd) Run(c *cli) error {
	var findings api.CheckResponse
	switch {
	case cmd.File != "" && cmd.Ref != 0:
		return errors.New("which text? Name an incident, or a file with --file, but not both")
	case cmd.File == "" && len(cmd.Name) > 0:
		return errors.New("--name goes with --file: of an incident the names are known")
	case cmd.File != "":
		text, err := os.ReadFile(cmd.File)
		if err != nil {
			return fmt.Errorf("read text: %w", err)
		}
		findings.Body.Findings = append([]blameless.Finding{}, blameless.Text(string(text), cmd.Name)...)
	case cmd.Ref != 0:
		client, err := c.Client()
		if err != nil {
			return err
		}
		if err := client.Do(c.Ctx, http.MethodGet, ref{cmd.Ref}.path("/check"), nil, &findings.Body); err != nil {
			return err
		}
	default:
		return errors.New("which text? Name an incident, or a file with --file")
	}
	return c.Print(findings.Body, func(w io.Writer) {
		for _, f := range findings.Body.Findings {
			where := cmp.Or(f.Field, cmd.File)
			if f.Line > 0 {
				where += fmt.Sprintf(":%d:%d", f.Line, f.Column)
			}
			found := ""
			if f.Found != "" {
				found = fmt.Sprintf(": %q", f.Found)
			}
			fmt.Fprintf(w, "%s: %s%s\n  %s\n  %s\n", where, strings.ReplaceAll(string(f.Rule), "_", " "), found, f.Why, f.Better)
		}
		if len(findings.Body.Findings) == 0 {
			fmt.Fprintln(w, "Nothing to advise.")
		}
	})
}

type postmortemLearnCmd struct {
	Service string    `short:"s" help:"Only incidents that affected this service."`
	Since   time.Time `help:"Only incidents that began then or later, such as 2026-01-01T00:00:00Z."`
}

// Run sums up.
func (cmd postmortemLearnCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"service": {cmd.Service}}
	if !cmd.Since.IsZero() {
		query.Set("since", cmd.Since.Format(time.RFC3339))
	}
	var l postmortem.Learning
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/postmortems/learning?"+query.Encode(), nil, &l); err != nil {
		return err
	}
	return c.Print(l, func(w io.Writer) { writeLearning(w, l) })
}

func writeLearning(out io.Writer, l postmortem.Learning) {
	if l.Postmortems == 0 {
		fmt.Fprintln(out, "No postmortems.")
		return
	}
	fmt.Fprintf(out, "Postmortems: %d, of incidents since %s\n\n", l.Postmortems, l.From.UTC().Format(time.DateOnly))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "TRIGGER\tINCIDENTS")
	for _, t := range l.Triggers {
		fmt.Fprintf(w, "%s\t%d\n", t.Name, t.Count)
	}
	if len(l.Causes) > 0 {
		fmt.Fprintln(w, "\nREPEATED CAUSE\tINCIDENTS\tOPEN ITEMS")
		for _, r := range l.Causes {
			fmt.Fprintf(w, "%s\t%s\t%s\n", r.Cause, joined(r.Incidents), cmp.Or(joined(r.Open), "–"))
		}
	}
	if len(l.Kinds) > 0 {
		fmt.Fprintln(w, "\nACTION ITEMS\tALL\tOPEN")
		for _, t := range l.Kinds {
			fmt.Fprintf(w, "%s\t%d\t%d\n", t.Name, t.Count, t.Open)
		}
	}
	fmt.Fprintln(w, "\nDAYS\tCOUNT\tMEAN\tMEDIAN\tP90")
	for _, s := range []struct {
		name string
		of   postmortem.Spread
	}{{"to close an item", l.Close}, {"to review a postmortem", l.Review}} {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\n", s.name, s.of.Count, s.of.Mean, s.of.Median, s.of.P90)
	}
	if len(l.Overdue) > 0 {
		fmt.Fprintf(w, "\nOverdue: %s\n", joined(l.Overdue))
	}
}

func joined[T fmt.Stringer](list []T) string {
	words := make([]string, len(list))
	for n, v := range list {
		words[n] = v.String()
	}
	return strings.Join(words, ", ")
}

type postmortemSimilarCmd struct {
	Ref  incidents.Ref `arg:"" optional:"" help:"Such as INC-7 or 7; it need not have a postmortem yet."`
	Text string        `help:"Words to look for instead."`
}

// Run finds similar incidents.
func (cmd postmortemSimilarCmd) Run(c *cli) error {
	path := ref{cmd.Ref}.path("/similar")
	switch {
	case cmd.Text != "" && cmd.Ref != 0:
		return errors.New("similar to what? Name an incident, or words with --text, but not both")
	case cmd.Text != "":
		path = "/v1/postmortems/similar?" + url.Values{"text": {cmd.Text}}.Encode()
	case cmd.Ref == 0:
		return errors.New("similar to what? Name an incident, or words with --text")
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	var found api.SimilarResponse
	if err := client.Do(c.Ctx, http.MethodGet, path, nil, &found.Body); err != nil {
		return err
	}
	return c.Print(found.Body, func(out io.Writer) {
		if len(found.Body.Similar) == 0 {
			fmt.Fprintln(out, "Nothing similar is written down.")
			return
		}
		for _, m := range found.Body.Similar {
			fmt.Fprintf(out, "%s %s (%s", m.Incident, m.Title, m.At.UTC().Format(time.DateOnly))
			if m.Years > 0 {
				fmt.Fprintf(out, ", %d years ago these days", m.Years)
			}
			fmt.Fprintf(out, ", %s)\n", strings.ReplaceAll(string(m.State), "_", " "))
			for _, l := range m.Lessons {
				fmt.Fprintf(out, "  %s\n", l)
			}
			if len(m.Open) > 0 {
				fmt.Fprintf(out, "  still open: %s\n", joined(m.Open))
			}
		}
	})
}
