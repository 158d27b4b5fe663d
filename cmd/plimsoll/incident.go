package main

import (
	"cmp"
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

// incidentCmd is "plimsoll incident".
type incidentCmd struct {
	Declare    incidentDeclareCmd    `cmd:"" help:"Declare an incident."`
	List       incidentListCmd       `cmd:"" help:"List incidents, newest first."`
	Show       incidentShowCmd       `cmd:"" help:"Show an incident with its timeline."`
	Ack        incidentAckCmd        `cmd:"" help:"Say that you work on it."`
	Command    incidentCommandCmd    `cmd:"" help:"Take command; this also acknowledges."`
	Assign     incidentAssignCmd     `cmd:"" help:"Give a role to somebody, or hand it off."`
	Note       incidentNoteCmd       `cmd:"" help:"Put a note among responders on the timeline."`
	Update     incidentUpdateCmd     `cmd:"" help:"Tell everybody else how it goes."`
	Severity   incidentSeverityCmd   `cmd:"" aliases:"sev" help:"Change the severity."`
	At         incidentAtCmd         `cmd:"" help:"Correct when something happened."`
	Mitigate   incidentMitigateCmd   `cmd:"" help:"Say that customers no longer notice it."`
	Resolve    incidentResolveCmd    `cmd:"" help:"Say that its cause is gone or contained."`
	Reopen     incidentReopenCmd     `cmd:"" help:"Say that it was not over."`
	Cancel     incidentCancelCmd     `cmd:"" help:"Say that it was no incident."`
	Close      incidentCloseCmd      `cmd:"" help:"End a resolved incident for good."`
	Postmortem incidentPostmortemCmd `cmd:"" help:"Draft the postmortem as Markdown, from the timeline and the ledger."`
}

// ref is how every command names its incident.
type ref struct {
	Ref incidents.Ref `arg:"" help:"Such as INC-7 or 7."`
}

// post gives a command to the server and prints the incident as it is then.
func (r ref) post(c *cli, action string, body any) error {
	return postIncident(c, "/"+r.Ref.String()+"/"+action, body)
}

func postIncident(c *cli, path string, body any) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var i api.Incident
	if err := client.Do(c.Ctx, http.MethodPost, "/v1/incidents"+path, body, &i); err != nil {
		return err
	}
	return c.Print(i, func(w io.Writer) { writeIncidents(w, []api.Incident{i}) })
}

type incidentDeclareCmd struct {
	Title     string    `arg:"" help:"What customers notice, in one line."`
	Severity  int       `short:"s" required:"" help:"1 (critical) to 5 (low). 1: most customers cannot use the service. 2: a main function fails for many, or an error budget is spent. 3: some are affected and can work around it. 4: few notice. 5: nobody does."`
	Service   []string  `help:"A service that is affected; may be repeated."`
	Objective []slo.Key `help:"An objective that is affected; may be repeated."`
	Started   time.Time `help:"When customers were first affected, such as 2026-03-02T14:05:00Z."`
	Detected  time.Time `help:"When it was first noticed, if that was before now."`
}

// Run declares an incident.
func (cmd incidentDeclareCmd) Run(c *cli) error {
	return postIncident(c, "", api.DeclareBody{Title: cmd.Title, Severity: cmd.Severity, Services: cmd.Service,
		Objectives: cmd.Objective, Started: cmd.Started, Detected: cmd.Detected})
}

type incidentListCmd struct {
	State   string        `enum:"open,all,declared,acknowledged,mitigated,resolved,closed,cancelled" default:"open" help:"Which incidents: ${enum}."`
	Service string        `short:"s" help:"Only incidents that affect this service."`
	Limit   int           `default:"50" help:"At most this many, up to 500."`
	Before  incidents.Ref `help:"Only incidents with a lower number, for paging."`
}

// Run lists incidents.
func (cmd incidentListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"state": {cmd.State}, "limit": {fmt.Sprint(cmd.Limit)}}
	if cmd.Service != "" {
		query.Set("service", cmd.Service)
	}
	if cmd.Before != 0 {
		query.Set("before", cmd.Before.String())
	}
	var list api.IncidentList
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/incidents?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeIncidents(w, list.Incidents) })
}

func writeIncidents(out io.Writer, list []api.Incident) {
	if len(list) == 0 {
		fmt.Fprintln(out, "No incidents.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "INCIDENT\tSEVERITY\tSTATE\tTITLE\tSERVICES\tCOMMANDER\tDECLARED\tUPDATE DUE")
	for _, i := range list {
		due := "–"
		if !i.UpdateDue.IsZero() {
			due = instant(i.UpdateDue)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.Ref, i.Severity, i.State, i.Title,
			cmp.Or(strings.Join(i.Services, ","), "–"), cmp.Or(i.Roles[incidents.Commander], "–"), instant(i.Times.Declared), due)
	}
}

// instant writes a time in UTC, as all surfaces do.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

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
	fmt.Fprintf(out, "%s %s\n%s (%s), %s\n\n", d.Ref, d.Title, d.Severity, d.Severity.Name(), d.State)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
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
	if !d.UpdateDue.IsZero() {
		row("Next update due", instant(d.UpdateDue))
	}
	row("Time to detect", span(d.SecondsToDetect))
	row("Time to acknowledge", span(d.SecondsToAcknowledge))
	row("Time to mitigate", span(d.SecondsToMitigate))
	row("Time to resolve", span(d.SecondsToResolve))
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

func span(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return slo.FormatSpan(time.Duration(*seconds * float64(time.Second)))
}

type incidentAckCmd struct{ ref }

// Run acknowledges.
func (cmd incidentAckCmd) Run(c *cli) error { return cmd.post(c, "acknowledge", nil) }

type incidentCommandCmd struct{ ref }

// Run takes command.
func (cmd incidentCommandCmd) Run(c *cli) error { return cmd.post(c, "command", nil) }

type incidentAssignCmd struct {
	ref
	Role string `arg:"" enum:"commander,operations,communications,scribe" help:"${enum}."`
	To   string `arg:"" optional:"" help:"Who holds it from now on; you if it is left out."`
}

// Run gives a role to somebody.
func (cmd incidentAssignCmd) Run(c *cli) error {
	return cmd.post(c, "roles", fields{"role": cmd.Role, "to": cmd.To}.set())
}

// fields are the members of a request that are not empty.
type fields map[string]string

func (f fields) set() fields {
	for k, v := range f {
		if v == "" {
			delete(f, k)
		}
	}
	return f
}

type incidentNoteCmd struct {
	ref
	Text []string `arg:"" help:"The note."`
}

// Run puts a note on the timeline.
func (cmd incidentNoteCmd) Run(c *cli) error {
	return cmd.post(c, "notes", fields{"text": strings.Join(cmd.Text, " ")})
}

type incidentUpdateCmd struct {
	ref
	Text []string      `arg:"" help:"What everybody else should know."`
	In   time.Duration `help:"When the next update comes, such as 30m; by the severity if it is left out."`
}

// Run tells everybody else.
func (cmd incidentUpdateCmd) Run(c *cli) error {
	body := fields{"text": strings.Join(cmd.Text, " ")}
	if cmd.In != 0 {
		body["nextIn"] = cmd.In.String()
	}
	return cmd.post(c, "updates", body)
}

type incidentSeverityCmd struct {
	ref
	Severity int      `arg:"" help:"1 (critical) to 5 (low)."`
	Reason   []string `arg:"" optional:"" help:"Why."`
}

// Run changes the severity.
func (cmd incidentSeverityCmd) Run(c *cli) error {
	return cmd.post(c, "severity", map[string]any{"severity": cmd.Severity, "reason": strings.Join(cmd.Reason, " ")})
}

type incidentAtCmd struct {
	ref
	Event string    `arg:"" enum:"started,detected,declared,acknowledged,mitigated,resolved" help:"${enum}."`
	At    time.Time `arg:"" help:"Such as 2026-03-02T14:05:00Z."`
}

// Run corrects a time.
func (cmd incidentAtCmd) Run(c *cli) error {
	return cmd.post(c, "times", map[string]any{"event": cmd.Event, "at": cmd.At})
}

// how is what was done, in words.
type how struct {
	How []string `arg:"" optional:"" help:"What was done."`
}

func (h how) fields() fields { return fields{"how": strings.Join(h.How, " ")}.set() }

type incidentMitigateCmd struct {
	ref
	how
}

// Run mitigates.
func (cmd incidentMitigateCmd) Run(c *cli) error { return cmd.post(c, "mitigate", cmd.fields()) }

type incidentResolveCmd struct {
	ref
	how
}

// Run resolves.
func (cmd incidentResolveCmd) Run(c *cli) error { return cmd.post(c, "resolve", cmd.fields()) }

// why is a reason, in words.
type why struct {
	Reason []string `arg:"" help:"Why."`
}

func (w why) fields() fields { return fields{"reason": strings.Join(w.Reason, " ")} }

type incidentReopenCmd struct {
	ref
	why
}

// Run reopens.
func (cmd incidentReopenCmd) Run(c *cli) error { return cmd.post(c, "reopen", cmd.fields()) }

type incidentCancelCmd struct {
	ref
	why
}

// Run cancels.
func (cmd incidentCancelCmd) Run(c *cli) error { return cmd.post(c, "cancel", cmd.fields()) }

type incidentCloseCmd struct{ ref }

// Run closes.
func (cmd incidentCloseCmd) Run(c *cli) error { return cmd.post(c, "close", nil) }

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
