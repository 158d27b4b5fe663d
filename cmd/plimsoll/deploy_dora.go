package main

import (
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/gate/deploys/api"
)

type deployDoraCmd struct {
	Service string    `short:"s" help:"Only those of this service."`
	Env     string    `short:"e" aliases:"environment" help:"Only those of this environment."`
	From    time.Time `help:"Begin of the window; 30 days before its end by default."`
	To      time.Time `help:"End of the window; now by default."`
}

// Run shows the measures.
func (cmd deployDoraCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var m api.Measures
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/dora?"+placeQuery(cmd.Service, cmd.Env, cmd.From, cmd.To).Encode(), nil, &m); err != nil {
		return err
	}
	return c.Print(m, func(w io.Writer) { writeMeasures(w, m) })
}

func writeMeasures(out io.Writer, m api.Measures) {
	const day = "2006-01-02 15:04 UTC"
	fmt.Fprintf(out, "From %s to %s\n\n", m.From.UTC().Format(day), m.To.UTC().Format(day))
	if len(m.Measures) == 0 {
		fmt.Fprintln(out, "Nothing was deployed.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tENVIRONMENT\tDEPLOYMENTS\tA DAY\tLEAD TIME\tCHANGE FAILURES\tRECOVERY TIME\tNOT PUT RIGHT")
	for _, s := range m.Measures {
		failures := "–"
		if s.ChangeFailureRate != nil {
			failures = fmt.Sprintf("%s (%d of %d)", slo.FormatBadPercent(*s.ChangeFailureRate), s.Failures, s.Ended)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.2f\t%s\t%s\t%s\t%d\n", s.Service, s.Environment, s.Deployments, s.PerDay, typical(s.LeadTime), failures, typical(s.Recovery), s.Unrecovered)
	}
	w.Flush()
	fmt.Fprintln(out, "\nTimes are medians, with the number of deploys that they are of.")
}

// typical writes the median of durations and of how many it is.
func typical(d deploys.Durations) string {
	if d.Count == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%d)", slo.FormatSpan(time.Duration(d.MedianSeconds)*time.Second), d.Count)
}
