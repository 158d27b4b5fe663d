package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/api"
)

type sloShowCmd struct {
	Key string    `arg:"" help:"Key of the objective: service/slo or service/slo/objective; of a child with its labels behind."`
	At  time.Time `help:"As of a past instant, such as 2026-11-24T10:00:00Z." placeholder:"TIME"`
}

// Run prints one objective.
func (cmd sloShowCmd) Run(c *cli) error {
	var d api.Detail
	if err := getObjective(c, cmd.Key, "", cmd.At, &d); err != nil {
		return err
	}
	return c.Print(d, func(w io.Writer) { writeObjective(w, d) })
}

// getObjective asks for what is known of an objective: everything, or what stands below it.
func getObjective(c *cli, key, below string, at time.Time, into any) error {
	path, query := key, atQuery(at)
	if i := strings.IndexByte(key, '{'); i >= 0 {
		path = key[:i]
		query.Set("group", key[i:])
	}
	parts := strings.Split(path, "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		return fmt.Errorf("%q is not the key of an objective: write service/slo or service/slo/objective, as \"plimsoll slo list\" does", key)
	}
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	return client.Do(c.Ctx, http.MethodGet, withQuery("/v1/objectives/"+strings.Join(parts, "/")+below, query), nil, into)
}

func writeObjective(out io.Writer, d api.Detail) {
	fmt.Fprintf(out, "%s (%s)\n", d.DisplayName, d.Key)
	if d.Description != "" {
		fmt.Fprintln(out, strings.TrimSpace(d.Description))
	}
	fmt.Fprintf(out, "\n%s  %s of the budget left (%s)\n\n", budgetBar(d.Budget.Remaining, 40), remaining(d.Objective), d.Condition)

	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	writeFacts(w, d)
	writeComponents(w, d)
	writeAttribution(w, d)
	fmt.Fprintln(w, "\nFIGURE\tVALUE\tFORMULA\tWITH ITS INPUTS")
	for _, f := range d.Explanation.Figures {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Title, f.Value, f.Formula, f.Working)
	}
	w.Flush()
}

func writeFacts(w io.Writer, d api.Detail) {
	fact := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	fact("Target", "%s", target(d.Objective))
	fact("SLI", "%s: %s", sli(d.Objective), d.Explanation.SLI)
	for _, in := range d.Explanation.Inputs {
		fact("  "+in.Name, "%s", in.Query)
	}
	if d.Method != slo.Composite {
		fact(strings.ToUpper(d.Unit[:1])+d.Unit[1:], "%s, of which %s bad; %s may be", slo.FormatAmount(d.Events.Total), slo.FormatBadAmount(d.Events.Bad), slo.FormatAmount(d.Budget.Allowed))
	}
	if d.Explanation.Measured != d.Explanation.Judged {
		fact("Measured", "%s", d.Explanation.Measured)
	}
	if len(d.Corrections) > 0 {
		fact("Corrections", "%s", numbers(d.Corrections))
	}
	if d.Budget.Spent && !d.Budget.Judged {
		fact("Not judged", "%s are asked for", d.Explanation.Guard)
	}
	fact("Forecast", "%s", d.Outlook)
	fact("Coverage", "%s", coverage(d.Coverage))
	writePolicies(fact, d.Explanation)
	for _, signal := range d.Quality {
		fact("Data", "%s", signal.Detail)
	}
	if d.LastSample != nil {
		fact("Last sample", "%s (%s before these figures)", d.LastSample.UTC().Format(time.DateTime+" MST"), slo.FormatSpan(d.At.Sub(*d.LastSample)))
	}
	if d.Owner != "" {
		fact("Owner", "%s", d.Owner)
	}
	if d.Definition.File != "" {
		fact("Defined in", "%s:%d", d.Definition.File, d.Definition.Line)
	}
	for i, child := range d.Children {
		name := ""
		if i == 0 {
			name = "Children"
		}
		fact(name, "%s", child)
	}
}

func numbers(ids []int64) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = fmt.Sprint(id)
	}
	return strings.Join(text, ", ")
}

func writeComponents(w io.Writer, d api.Detail) {
	if len(d.Components) == 0 {
		return
	}
	fmt.Fprintln(w, "\nCOMPONENT\tWEIGHT\tSTATE\tBUDGET")
	for _, part := range d.Components {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", part.Key, part.Weight, part.Condition, slo.FormatPercent(part.Remaining))
	}
}

func writeAttribution(w io.Writer, d api.Detail) {
	if d.Attribution == nil || len(d.Attribution.Causes) == 0 {
		return
	}
	fmt.Fprintln(w, "\nSPENT BY\tBAD\tOF THE BUDGET\t")
	for _, s := range d.Attribution.Causes {
		note := s.Title
		if s.NeedsPostmortem {
			note = strings.TrimSpace(note + " (over a fifth of the budget: needs a postmortem)")
		}
		if s.Kind == slo.ByCorrection {
			note = strings.TrimSpace(note + " (corrected away)")
		}
		bad := slo.FormatBadAmount(s.Bad)
		if d.Method == slo.Composite {
			bad = "–"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", strings.TrimSpace(string(s.Kind)+" "+s.Ref), bad, slo.FormatBadPercent(s.Share), note)
	}
}
