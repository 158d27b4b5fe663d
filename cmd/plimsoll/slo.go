package main

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/api"
)

// sloCmd is "plimsoll slo".
type sloCmd struct {
	List     sloListCmd     `cmd:"" help:"List the objectives with their budgets, worst first."`
	Show     sloShowCmd     `cmd:"" help:"Show one objective: budget, burn rates, forecast, and what spent the budget."`
	Explain  sloExplainCmd  `cmd:"" help:"Explain how the figures of an objective come about: inputs, window, formula, working, coverage, versions."`
	Correct  sloCorrectCmd  `cmd:"" help:"Correct what was measured: maintenance, or a false measurement."`
	Backtest sloBacktestCmd `cmd:"" help:"Replay the history of an objective as it might be: the pages, tickets and freezes that would have been."`
	Lint     sloLintCmd     `cmd:"" help:"Check OpenSLO files without a server. Exit code 1 if anything is wrong, 2 if all that is wrong is that something cannot be counted here."`
	Import   sloImportCmd   `cmd:"" help:"Convert objectives of Sloth, Pyrra and other versions of OpenSLO to OpenSLO v1, without a server. Exit code 2 if something had to be left out."`
	Export   sloExportCmd   `cmd:"" help:"Print the objectives of the server, or of files, as OpenSLO v1."`
}

type sloListCmd struct {
	Service  string    `short:"s" help:"Only the objectives of this service."`
	Children bool      `help:"With the children of objectives that are divided by labels, under their parents."`
	At       time.Time `help:"As of a past instant, such as 2026-11-24T10:00:00Z." placeholder:"TIME"`
}

// Run prints the list.
func (cmd sloListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := atQuery(cmd.At)
	if cmd.Service != "" {
		query.Set("service", cmd.Service)
	}
	if cmd.Children {
		query.Set("children", "true")
	}
	var list api.List
	if err := client.Do(c.Ctx, http.MethodGet, withQuery("/v1/objectives", query), nil, &list); err != nil {
		return err
	}
	api.SortWorstFirst(list.Objectives)
	return c.Print(list, func(w io.Writer) { writeObjectives(w, list.Objectives) })
}

// atQuery asks for an instant, if one is given.
func atQuery(at time.Time) url.Values {
	query := url.Values{}
	if !at.IsZero() {
		query.Set("at", at.UTC().Format(time.RFC3339))
	}
	return query
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func writeObjectives(out io.Writer, objectives []api.Objective) {
	if len(objectives) == 0 {
		fmt.Fprintln(out, "No objectives are defined.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "OBJECTIVE\tSTATE\tBUDGET\t\tSLI\tTARGET\tMETHOD\tBURN 1H\t6H\tCOVERAGE")
	for _, o := range underParents(objectives) {
		name := string(o.Key)
		if o.Parent != "" {
			name = "  " + o.Group
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, o.Condition, budgetBar(o.Budget.Remaining, 12),
			remaining(o), sli(o), target(o), o.Method, burn(o, "1h"), burn(o, "6h"), coverage(o.Coverage))
	}
	writeQuality(w, objectives)
}

// writeQuality says once what is wrong with the data of several objectives, as all of one source share it. A composite has the troubles of
// its components, and is left out where they are in the list themselves.
func writeQuality(w io.Writer, objectives []api.Objective) {
	var details []string
	having := map[string][]slo.Key{}
	apart := func(part api.Component) bool {
		return !slices.ContainsFunc(objectives, func(o api.Objective) bool { return o.Key == part.Key })
	}
	for _, o := range objectives {
		if o.Method == slo.Composite && !slices.ContainsFunc(o.Components, apart) {
			continue
		}
		for _, signal := range o.Quality {
			if len(having[signal.Detail]) == 0 {
				details = append(details, signal.Detail)
			}
			having[signal.Detail] = append(having[signal.Detail], o.Key)
		}
	}
	if len(details) > 0 {
		fmt.Fprintln(w)
	}
	for _, detail := range details {
		keys := having[detail]
		more := ""
		if len(keys) > 1 {
			more = " and " + slo.FormatCount(int64(len(keys)-1)) + " more"
		}
		fmt.Fprintf(w, "! %s%s: %s\n", keys[0], more, detail)
	}
}

// underParents moves each child behind its parent and leaves everything else in its order.
func underParents(objectives []api.Objective) []api.Objective {
	var out []api.Objective
	listed := map[slo.Key]bool{}
	for _, o := range objectives {
		listed[o.Key] = true
	}
	for _, o := range objectives {
		if o.Parent != "" && listed[o.Parent] {
			continue
		}
		out = append(out, o)
		for _, child := range objectives {
			if child.Parent == o.Key {
				out = append(out, child)
			}
		}
	}
	return out
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

func target(o api.Objective) string {
	window := o.WindowName
	if strings.HasPrefix(window, "rolling ") {
		window = o.Window
	}
	return o.Target.Percent() + " % over " + window
}

// sli writes the SLI, rounded down: from its events, and that of a composite, which has none, from the quotient.
func sli(o api.Objective) string {
	switch {
	case o.Condition == slo.Unknown:
		return "–"
	case o.Method == slo.Composite:
		return slo.FormatRatio(o.Target, o.SLI)
	}
	return slo.FormatSLI(o.Target, slo.CountsOf(o.Events.Good, o.Events.Total))
}

// coverage writes what share of the window was observed; of a new source, since when.
func coverage(c api.Coverage) string {
	if c.Since != nil && c.RatioSince != nil {
		return fmt.Sprintf("%s since %s", slo.FormatPercent(*c.RatioSince), c.Since.UTC().Format("2 Jan 15:04"))
	}
	return slo.FormatPercent(c.Ratio)
}

func burn(o api.Objective, lookback string) string {
	for _, b := range o.Burn {
		if b.Lookback == lookback {
			return slo.FormatRate(b.Rate)
		}
	}
	return "–"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return slo.FormatCount(int64(n)) + " " + noun + "s"
}
