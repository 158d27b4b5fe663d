package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/api"
	"plimsoll/slo"
)

type incidentStatsCmd struct {
	From    time.Time `help:"Only incidents that were declared then or later, such as 2026-03-01T00:00:00Z; 30 days back if it is left out."`
	To      time.Time `help:"Only incidents that were declared earlier; now if it is left out."`
	Service string    `short:"s" help:"Only incidents that affect this service."`
}

// Run measures the incidents of a period. Drills and private incidents are left out.
func (cmd incidentStatsCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{}
	for name, at := range map[string]time.Time{"from": cmd.From, "to": cmd.To} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	if cmd.Service != "" {
		query.Set("service", cmd.Service)
	}
	var s api.Statistics
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/incidents/statistics?"+query.Encode(), nil, &s); err != nil {
		return err
	}
	return c.Print(s, func(w io.Writer) { writeStatistics(w, s) })
}

func writeStatistics(out io.Writer, s api.Statistics) {
	fmt.Fprintf(out, "Incidents declared from %s to %s: %d, of which %d are open and %d were reopened\n",
		instant(s.From), instant(s.To), s.Incidents, s.Open, s.Reopened)
	if s.Incidents == 0 {
		return
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "SEVERITY\tTIME TO\tOF\tMEDIAN\tP90\tMEAN")
	writeFigures(w, "all", s.Figures)
	for _, by := range s.BySeverity {
		writeFigures(w, by.Severity.String(), by.Figures)
	}
}

func writeFigures(w io.Writer, severity string, f incidents.Figures) {
	for _, row := range []struct {
		name string
		incidents.Spread
	}{{"detect", f.Detect}, {"acknowledge", f.Acknowledge}, {"mitigate", f.Mitigate}, {"resolve", f.Resolve}} {
		if row.Count == 0 {
			fmt.Fprintf(w, "%s\t%s\t0 of %d\t–\t–\t–\n", severity, row.name, f.Incidents)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%s\t%s\n", severity, row.name, row.Count, f.Incidents,
			span(&row.Median), span(&row.P90), span(&row.Mean))
	}
}

type incidentSeveritiesCmd struct{}

// Run lists the severities; it needs no server.
func (incidentSeveritiesCmd) Run(c *cli) error {
	type severity struct {
		Severity   string `json:"severity"`
		Name       string `json:"name"`
		Definition string `json:"definition"`
		Update     string `json:"updateEvery,omitempty"`
		Postmortem bool   `json:"postmortem"`
	}
	var list []severity
	for _, s := range incidents.Severities() {
		v := severity{Severity: s.String(), Name: s.Name(), Definition: s.Definition(), Postmortem: s.NeedsPostmortem()}
		if s.Cadence() > 0 {
			v.Update = slo.FormatSpan(s.Cadence())
		}
		list = append(list, v)
	}
	return c.Print(list, func(w io.Writer) {
		for _, s := range list {
			every := "when there is news"
			if s.Update != "" {
				every = "every " + s.Update
			}
			fmt.Fprintf(w, "%s  %s: %s\n      Updates %s.", s.Severity, s.Name, s.Definition, every)
			if s.Postmortem {
				fmt.Fprint(w, " Needs a postmortem.")
			}
			fmt.Fprintln(w)
		}
	})
}
