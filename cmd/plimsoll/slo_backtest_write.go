package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/backtest"
	"plimsoll/slo/gate"
)

const backtestTime = "2006-01-02 15:04"

func writeBacktest(out io.Writer, b backtested) {
	fmt.Fprintf(out, "%s from %s to %s UTC\n\n", b.Present.Objective, b.Present.From.Format(backtestTime), b.Present.To.Format(backtestTime))
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "\tNOW\tCHANGED")
	row := func(name string, value func(*backtest.Result) string) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, value(b.Present), value(b.Changed))
	}
	row("Objective", func(r *backtest.Result) string { return r.Target.Percent() + " % over " + r.Window })
	row("Pages", func(r *backtest.Result) string { return slo.FormatCount(int64(r.Pages)) })
	row("Tickets", func(r *backtest.Result) string { return slo.FormatCount(int64(r.Tickets)) })
	if b.frozen {
		row("Freezes", func(r *backtest.Result) string { return slo.FormatCount(int64(r.Freezes)) })
		row("Frozen for", func(r *backtest.Result) string { return frozenFor(r.FrozenSeconds) })
	}
	row("Worst budget", func(r *backtest.Result) string {
		if r.Worst == nil {
			return "no data"
		}
		return fmt.Sprintf("%s at %s", slo.FormatPercent(*r.Worst), r.WorstAt.Format(backtestTime))
	})
	row("Budget at the end", func(r *backtest.Result) string {
		if r.Final == nil {
			return "no data"
		}
		return slo.FormatPercent(*r.Final)
	})
	w.Flush()
	writeEpisodes(out, b)
	writePhases(out, b)
	writeReserve(out, b)
}

func frozenFor(seconds int64) string {
	if seconds == 0 {
		return "–"
	}
	return slo.FormatSpan(time.Duration(seconds) * time.Second)
}

// until writes the end of what may go on at the end of the history.
func until(to time.Time, ongoing bool) string {
	if ongoing {
		return "goes on"
	}
	return to.Format(backtestTime)
}

// writeEpisodes lists the alerts of the change, and those that go with it.
func writeEpisodes(out io.Writer, b backtested) {
	if len(b.Changed.Episodes)+len(b.Comparison.Gone) == 0 {
		fmt.Fprintln(out, "\nNo alert would have fired.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "\nALERT\tSEVERITY\tFROM\tTO\tPEAK\tFIRES")
	line := func(e backtest.Episode, fires string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s of %s\t%s\n", e.Tier, e.Severity, e.From.Format(backtestTime), until(e.To, e.Ongoing),
			slo.FormatRate(e.Peak), slo.FormatRate(e.Factor), fires)
	}
	for _, e := range b.Changed.Episodes {
		if slices.Contains(b.Comparison.Added, e) {
			line(e, "only if changed")
		} else {
			line(e, "either way")
		}
	}
	for _, e := range b.Comparison.Gone {
		line(e, "only now")
	}
}

// writePhases lists what the freeze would have gone through, under both definitions.
func writePhases(out io.Writer, b backtested) {
	if len(b.Present.Phases)+len(b.Changed.Phases) == 0 {
		if b.frozen {
			fmt.Fprintln(out, "\nThe gate would have been open all the time.")
		}
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "\nGATE\tFROM\tTO\tWITH")
	for _, side := range []struct {
		with   string
		phases []backtest.Phase
	}{{"now", b.Present.Phases}, {"changed", b.Changed.Phases}} {
		for _, p := range side.phases {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", phaseName(p.Phase), p.From.Format(backtestTime), until(p.To, p.Ongoing), side.with)
		}
	}
}

func phaseName(p gate.Phase) string { return strings.ReplaceAll(string(p), "_", " ") }

// writeReserve says what the replay cannot know.
func writeReserve(out io.Writer, b backtested) {
	fmt.Fprintln(out)
	for _, side := range []struct {
		name   string
		result *backtest.Result
	}{{"now", b.Present}, {"changed", b.Changed}} {
		if r := side.result; r.WholeFrom.After(r.From) {
			fmt.Fprintf(out, "! %s: until %s what was measured is shorter than the window, so its budget was smaller than it would have been.\n",
				side.name, r.WholeFrom.Format(backtestTime))
		}
	}
	if b.Requeried {
		fmt.Fprintln(out, "! changed: its queries are others. The events are those that the present ones have counted.")
	}
	if b.frozen {
		fmt.Fprintln(out, "Freezes are those that this objective alone would have caused.")
	} else {
		fmt.Fprintln(out, "Freezes are told with the policy of the gate: --policy.")
	}
}
