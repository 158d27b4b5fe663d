package main

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/api"
)

// sloCmd is "plimsoll slo".
type sloCmd struct {
	List sloListCmd `cmd:"" help:"List the objectives with their budgets, worst first."`
	Show sloShowCmd `cmd:"" help:"Show one objective: budget, burn rates, forecast, and how each figure comes about."`
	Lint sloLintCmd `cmd:"" help:"Check OpenSLO files without a server. Exit code 1 if anything is wrong, 2 if all that is wrong is that something cannot be counted here."`
}

type sloListCmd struct {
	Service string `short:"s" help:"Only the objectives of this service."`
}

// Run prints the list.
func (cmd sloListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	path := "/v1/objectives"
	if cmd.Service != "" {
		path += "?" + url.Values{"service": {cmd.Service}}.Encode()
	}
	var list api.List
	if err := client.Do(c.Ctx, http.MethodGet, path, nil, &list); err != nil {
		return err
	}
	api.SortWorstFirst(list.Objectives)
	return c.Print(list, func(w io.Writer) { writeObjectives(w, list.Objectives) })
}

func writeObjectives(out io.Writer, objectives []api.Objective) {
	if len(objectives) == 0 {
		fmt.Fprintln(out, "No objectives are defined.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "OBJECTIVE\tSTATE\tBUDGET\t\tSLI\tTARGET\tBURN 1H\t6H\tCOVERAGE")
	for _, o := range objectives {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s over %s\t%s\t%s\t%s\n", o.Key, o.Condition, budgetBar(o.Budget.Remaining, 12),
			remaining(o), sli(o), target(o), o.Window, burn(o, "1h"), burn(o, "6h"), slo.FormatPercent(o.Coverage.Ratio))
	}
}

// budgetBar draws the share that remains in width characters: full is untouched, empty is spent or overspent.
func budgetBar(remaining float64, width int) string {
	eighths := int(math.Ceil(max(0, min(1, remaining)) * float64(width*8)))
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string(rune('█' + 8 - rest)) // the block elements run from full to one eighth
	}
	return bar + strings.Repeat("░", width-len([]rune(bar)))
}

func remaining(o api.Objective) string {
	if o.Condition == slo.Unknown {
		return "no data"
	}
	return slo.FormatPercent(o.Budget.Remaining)
}

func target(o api.Objective) string { return o.Target.Percent() + " %" }

func sli(o api.Objective) string {
	return slo.FormatSLI(o.Target, slo.Counts{Good: int64(o.Events.Good), Total: int64(o.Events.Total)})
}

func burn(o api.Objective, lookback string) string {
	for _, b := range o.Burn {
		if b.Lookback == lookback {
			return slo.FormatRate(b.Rate)
		}
	}
	return "–"
}

type sloShowCmd struct {
	Key string `arg:"" help:"Key of the objective: service/slo or service/slo/objective."`
}

// Run prints one objective.
func (cmd sloShowCmd) Run(c *cli) error {
	parts := strings.Split(cmd.Key, "/")
	if len(parts) < 2 || len(parts) > 3 {
		return fmt.Errorf("%q is not the key of an objective: write service/slo or service/slo/objective, as \"plimsoll slo list\" does", cmd.Key)
	}
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	var d api.Detail
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/objectives/"+strings.Join(parts, "/"), nil, &d); err != nil {
		return err
	}
	return c.Print(d, func(w io.Writer) { writeObjective(w, d) })
}

func writeObjective(out io.Writer, d api.Detail) {
	fmt.Fprintf(out, "%s (%s)\n", d.DisplayName, d.Key)
	if d.Description != "" {
		fmt.Fprintln(out, strings.TrimSpace(d.Description))
	}
	fmt.Fprintf(out, "\n%s  %s of the budget left (%s)\n\n", budgetBar(d.Budget.Remaining, 40), remaining(d.Objective), d.Condition)

	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Target\t%s over %s\n", target(d.Objective), d.Window)
	fmt.Fprintf(w, "SLI\t%s\n", sli(d.Objective))
	fmt.Fprintf(w, "Events\t%s, of which %s bad; %s may be\n", slo.FormatAmount(d.Events.Total), slo.FormatAmount(d.Events.Bad), slo.FormatAmount(d.Budget.Allowed))
	fmt.Fprintf(w, "Forecast\t%s\n", forecast(d))
	if d.LastSample != nil {
		fmt.Fprintf(w, "Last sample\t%s (%s before these figures)\n", d.LastSample.Format(time.DateTime+" MST"), slo.FormatSpan(d.At.Sub(*d.LastSample)))
	}
	if d.Owner != "" {
		fmt.Fprintf(w, "Owner\t%s\n", d.Owner)
	}
	if d.Definition.File != "" {
		fmt.Fprintf(w, "Defined in\t%s:%d\n", d.Definition.File, d.Definition.Line)
	}
	fmt.Fprintln(w, "\nFIGURE\tVALUE\tFORMULA\tWITH ITS INPUTS")
	for _, f := range d.Explanation.Figures {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Title, f.Value, f.Formula, f.Working)
	}
	w.Flush()
}

// forecast says in words when the budget changes sides.
func forecast(d api.Detail) string {
	when := func(t *time.Time) string {
		return fmt.Sprintf("in %s (%s)", slo.FormatSpan(t.Sub(d.At)), t.UTC().Format("2006-01-02 15:04 UTC"))
	}
	f := d.Forecast
	switch {
	case !d.Budget.Spent && f.ExhaustedAt != nil:
		return "spent " + when(f.ExhaustedAt) + " if the last hour goes on"
	case !d.Budget.Spent:
		return "lasts for the next " + d.Window + " if the last hour goes on"
	case f.RecoversAtPresentRate != nil:
		return "back " + when(f.RecoversAtPresentRate) + " if the last hour goes on"
	case f.RecoversAt != nil:
		return "back " + when(f.RecoversAt) + " if no more errors come; not within " + d.Window + " if the last hour goes on"
	default:
		return "not back within " + d.Window
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return slo.FormatCount(int64(n)) + " " + noun + "s"
}
