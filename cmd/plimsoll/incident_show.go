package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/api"
	"plimsoll/slo"
)

type incidentShowCmd struct{ ref }

// Run shows an incident.
func (cmd incidentShowCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var d api.IncidentDetail
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/incidents/"+cmd.Ref.String(), nil, &d); err != nil {
		return err
	}
	return c.Print(d, func(w io.Writer) { writeIncident(w, d) })
}

func writeIncident(out io.Writer, d api.IncidentDetail) {
	severity := d.Severity.String()
	if d.Severity.Set() {
		severity += " (" + d.Severity.Name() + ")"
	} else {
		severity = "severity not set"
	}
	fmt.Fprintf(out, "%s %s%s\n%s, %s\n%s\n", d.Ref, d.Title, marks(d.Incident), severity, d.State, d.Severity.Definition())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	writeIncidentFacts(w, d)
	writeTasks(w, d.Tasks)
	writeSpent(w, d.Spent)
	fmt.Fprintln(w)
	for _, e := range d.Timeline {
		edited := ""
		if e.Version > 1 {
			edited = " (edited)"
		}
		text := strings.ReplaceAll(e.Sentence(nil), "\n", "\n\t\t\t")
		fmt.Fprintf(w, "%d\t%s\t%s\t%s%s\n", e.Number, e.At.UTC().Format("2006-01-02 15:04:05"), e.By, text, edited)
	}
	w.Flush()
}

// writeIncidentFacts writes what there is to say of an incident, a line each.
func writeIncidentFacts(w io.Writer, d api.IncidentDetail) {
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("Services", strings.Join(d.Services, ", "))
	for _, key := range d.Objectives {
		row("Objective", string(key))
	}
	for _, role := range incidents.Roles() {
		row(strings.ToUpper(role.Title()[:1])+role.Title()[1:], d.Roles[role])
	}
	if d.Private {
		row("Members", strings.Join(d.Members, ", "))
	}
	if d.MergedInto != 0 {
		row("Merged into", d.MergedInto.String())
	}
	for _, a := range d.Absorbed {
		row("Merged into this", a.Ref.String()+" "+a.Title)
	}
	for _, link := range d.Links {
		row("Linked", link.String())
	}
	if !d.UpdateDue.IsZero() {
		row("Next update due", instant(d.UpdateDue))
	}
	row("Time to detect", span(d.SecondsToDetect))
	row("Time to acknowledge", span(d.SecondsToAcknowledge))
	row("Time to mitigate", span(d.SecondsToMitigate))
	row("Time to resolve", span(d.SecondsToResolve))
}

func writeTasks(w io.Writer, tasks []incidents.Task) {
	for n, t := range tasks {
		if n == 0 {
			fmt.Fprintln(w)
		}
		kind, state := "Task", "open"
		if t.Kind == incidents.TaskFollowUp {
			kind = "Follow-up"
		}
		switch {
		case !t.Done.IsZero():
			state = "done"
		case t.Moved != 0:
			state = "moved to " + t.Moved.String()
		case !t.Due.IsZero():
			state = "due " + instant(t.Due)
		}
		owner := ""
		if t.Owner != "" {
			owner = " – " + t.Owner
		}
		fmt.Fprintf(w, "%s %d\t%s%s (%s)\n", kind, t.Number, t.Text, owner, state)
	}
}

func writeSpent(w io.Writer, spent []api.Spent) {
	for n, s := range spent {
		if n == 0 {
			fmt.Fprintln(w)
		}
		cost := "nothing was measured"
		if s.Share != nil {
			cost = slo.FormatBadPercent(*s.Share) + " of its budget"
			if s.Total > 0 {
				cost += fmt.Sprintf(": %d of %d events were bad", s.Bad, s.Total)
			}
		}
		fmt.Fprintf(w, "Spent of %s\t%s\n", s.Objective, cost)
	}
}

func span(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return slo.FormatSpan(time.Duration(*seconds * float64(time.Second)))
}

type incidentSearchCmd struct {
	Text []string `arg:"" help:"Words, or OR between choices. In single quotes also '\"words that stand together\"' and 'stalls -cache' for what does not say cache."`
}

// Run searches.
func (cmd incidentSearchCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.IncidentList
	query := url.Values{"q": {strings.Join(cmd.Text, " ")}}
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/incidents/search?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeIncidents(w, list.Incidents) })
}

type incidentHistoryCmd struct {
	ref
	Entry int `arg:"" help:"The number of the entry, as show gives it."`
}

// Run shows the versions of an entry.
func (cmd incidentHistoryCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var body struct {
		Versions []incidents.TimelineEntry `json:"versions"`
	}
	if err := client.Do(c.Ctx, http.MethodGet, fmt.Sprintf("/v1/incidents/%s/timeline/%d", cmd.Ref, cmd.Entry), nil, &body); err != nil {
		return err
	}
	return printVersions(c, body.Versions)
}

func printVersions(c *cli, versions []incidents.TimelineEntry) error {
	return c.Print(versions, func(out io.Writer) {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		defer w.Flush()
		fmt.Fprintln(w, "ENTRY\tVERSION\tAT\tBY\tSAYS")
		for _, e := range versions {
			at, by := e.At, e.By
			if e.Version > 1 {
				at, by = e.EditedAt, e.EditedBy
			}
			fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\n", e.Number, e.Version, instant(at), by, e.Sentence(nil))
		}
	})
}

type incidentPostmortemCmd struct{ ref }

// Run prints the draft.
func (cmd incidentPostmortemCmd) Run(c *cli) error {
	if c.Output != "table" {
		return errors.New("a postmortem is drafted as Markdown only: leave --output out")
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	var text string
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/incidents/"+cmd.Ref.String()+"/postmortem/draft", nil, &text); err != nil {
		return err
	}
	_, err = io.WriteString(c.Out, text)
	return err
}
