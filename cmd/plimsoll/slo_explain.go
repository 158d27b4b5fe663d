package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

type sloExplainCmd struct {
	Key    string    `arg:"" help:"Key of the objective, as for show."`
	Figure string    `help:"Only this figure, such as remaining or burn-1h." placeholder:"NAME"`
	At     time.Time `help:"As of a past instant, such as 2026-11-24T10:00:00Z." placeholder:"TIME"`
}

// Run prints the explanation of one figure or of all.
func (cmd sloExplainCmd) Run(c *cli) error {
	var e slo.Explanation
	if err := getObjective(c, cmd.Key, "/explanation", cmd.At, &e); err != nil {
		return err
	}
	if cmd.Figure != "" {
		var names []string
		var found []slo.Figure
		for _, f := range e.Figures {
			names = append(names, f.Name)
			if f.Name == cmd.Figure {
				found = append(found, f)
			}
		}
		if len(found) == 0 {
			return fmt.Errorf("there is no figure %q%s; there are: %s", cmd.Figure, nearest.Hint(cmd.Figure, names), strings.Join(names, ", "))
		}
		e.Figures = found
	}
	return c.Print(e, func(w io.Writer) { writeExplanation(w, e) })
}

const moment = "2006-01-02 15:04 UTC"

func writeExplanation(out io.Writer, e slo.Explanation) {
	fmt.Fprintf(out, "%s (%s), at %s\n\n", e.Name, e.Objective, e.At.UTC().Format(time.DateTime+" MST"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fact := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	fact("Target", "%s, that is %s %%", e.Target, e.Target.Percent())
	fact("Window", "%s: %s until %s", e.Window, e.From.UTC().Format(moment), e.Until.UTC().Format(moment))
	fact("SLI", "%s (%s)", e.SLI, e.Method)
	for _, in := range e.Inputs {
		fact("Input", "%s: %s", in.Name, in.Query)
	}
	if e.Source != "" {
		fact("Source", "%s", e.Source)
	}
	fact("Judged", "%s", e.Judged)
	fact("Measured", "%s", e.Measured)
	corrections := "none touches the window"
	if len(e.Corrections) > 0 {
		corrections = strings.Trim(fmt.Sprint(e.Corrections), "[]")
	}
	fact("Corrections", "%s", corrections)
	if e.Guard != "" {
		verdict := "there are"
		if !e.Enough {
			verdict = "there are not, so nobody is paged and no release is stopped"
		}
		fact("Low traffic", "%s before the budget is judged; %s", e.Guard, verdict)
	}
	writeGaps(fact, e)
	if e.Since != nil {
		fact("Measured since", "%s", e.Since.UTC().Format(moment))
	}
	for _, signal := range e.Quality {
		fact("Data", "%s", signal.Detail)
	}
	fact("Definition", "version %d", e.Version)
	fact("Ledger", "revision %d", e.Revision)
	writePolicies(fact, e)
	for _, f := range e.Figures {
		fmt.Fprintf(w, "\n%s\t%s\t(%s)\n", f.Title, f.Value, f.Name)
		fact("  formula", "%s", f.Formula)
		fact("  working", "%s", f.Working)
		fact("  over", "%s until %s, %s of it observed", f.From.UTC().Format(moment), f.Until.UTC().Format(moment), f.Coverage)
	}
	w.Flush()
}

func writePolicies(fact func(name, format string, args ...any), e slo.Explanation) {
	for _, p := range e.Policies {
		holds := "does not hold"
		if p.Holds {
			holds = "holds"
		}
		fact("Alert policy", "%s (%s): %s, which %s at %s; tells of %s, to %s", p.Name, p.Severity, p.Condition, holds, p.Value,
			strings.Join(p.Tells, ", "), strings.Join(p.Targets, ", "))
	}
}

func writeGaps(fact func(name, format string, args ...any), e slo.Explanation) {
	if len(e.Gaps) == 0 {
		fact("No data", "is ignored: only what was observed counts")
	}
	for _, g := range e.Gaps {
		switch {
		case g.Hold != "":
			fact("No data", "for the %s: %s; it waits, for %s", g.Use, g.Policy, g.Hold)
		case g.Estimated:
			fact("No data", "for the %s: %s; %s minutes, for which %s %s are estimated, leave %s of the budget", g.Use, g.Policy,
				slo.FormatCount(g.Minutes), slo.FormatAmount(g.Added), e.Unit, slo.FormatPercent(g.Remaining))
		default:
			fact("No data", "for the %s: %s; nothing to estimate or wait for", g.Use, g.Policy)
		}
	}
}
