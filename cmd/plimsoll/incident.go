package main

import (
	"cmp"
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
	Declare    incidentDeclareCmd    `cmd:"" group:"Lifecycle" help:"Declare an incident."`
	Ack        incidentAckCmd        `cmd:"" group:"Lifecycle" help:"Say that you work on it."`
	Mitigate   incidentMitigateCmd   `cmd:"" group:"Lifecycle" help:"Say that customers no longer notice it."`
	Resolve    incidentResolveCmd    `cmd:"" group:"Lifecycle" help:"Say that its cause is gone or contained."`
	Reopen     incidentReopenCmd     `cmd:"" group:"Lifecycle" help:"Say that it was not over, or no part of another."`
	Close      incidentCloseCmd      `cmd:"" group:"Lifecycle" help:"End a resolved incident for good."`
	Cancel     incidentCancelCmd     `cmd:"" group:"Lifecycle" help:"Say that it was no incident."`
	Merge      incidentMergeCmd      `cmd:"" group:"Lifecycle" aliases:"dup" help:"Say that it is a part of another, where it goes on."`
	Severity   incidentSeverityCmd   `cmd:"" group:"Lifecycle" aliases:"sev" help:"Set or change the severity."`
	At         incidentAtCmd         `cmd:"" group:"Lifecycle" help:"Correct when something happened."`
	Command    incidentCommandCmd    `cmd:"" group:"Response" help:"Take command; this also acknowledges."`
	Assign     incidentAssignCmd     `cmd:"" group:"Response" aliases:"handoff" help:"Give a role to somebody, or hand it off."`
	Note       incidentNoteCmd       `cmd:"" group:"Response" help:"Put a note among responders on the timeline."`
	Update     incidentUpdateCmd     `cmd:"" group:"Response" help:"Tell everybody else how it goes."`
	Amend      incidentAmendCmd      `cmd:"" group:"Response" help:"Correct or retract a note, an update or a pinned message; every version is kept."`
	Pin        incidentPinCmd        `cmd:"" group:"Response" help:"Keep a message from elsewhere on the timeline."`
	Event      incidentEventCmd      `cmd:"" group:"Response" help:"Put an alert, a deploy or a decision on the timeline."`
	Impact     incidentImpactCmd     `cmd:"" group:"Response" help:"Say what else is affected, or is not after all."`
	Task       incidentTaskCmd       `cmd:"" group:"Response" help:"Ask for something to be done during the response."`
	Followup   incidentFollowupCmd   `cmd:"" group:"Response" help:"Ask for something to be done afterwards."`
	Done       incidentDoneCmd       `cmd:"" group:"Response" help:"Say that a task or a follow-up is done."`
	Link       incidentLinkCmd       `cmd:"" group:"Response" help:"Say that it has to do with another."`
	Message    incidentMessageCmd    `cmd:"" group:"Response" aliases:"comms" help:"Tell stakeholders: draft, approve, reject and record messages."`
	Invite     incidentInviteCmd     `cmd:"" group:"Privacy" help:"Let somebody see it while it is private."`
	Private    incidentPrivateCmd    `cmd:"" group:"Privacy" help:"Show it to its members only."`
	Public     incidentPublicCmd     `cmd:"" group:"Privacy" help:"Show it to everybody."`
	List       incidentListCmd       `cmd:"" group:"Reading" help:"List incidents, newest first."`
	Search     incidentSearchCmd     `cmd:"" group:"Reading" help:"Search titles, services and timelines, best first."`
	Show       incidentShowCmd       `cmd:"" group:"Reading" aliases:"status" help:"Show an incident: what is affected, who does what, the budget it spent, its timeline."`
	History    incidentHistoryCmd    `cmd:"" group:"Reading" help:"Show every version of an entry of the timeline."`
	Stats      incidentStatsCmd      `cmd:"" group:"Reading" help:"Measure how long incidents took: means, medians and 90th percentiles."`
	Severities incidentSeveritiesCmd `cmd:"" group:"Reading" help:"List the severities and what they mean."`
	Postmortem incidentPostmortemCmd `cmd:"" group:"Reading" help:"Draft the postmortem as Markdown, from the timeline and the ledger."`
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
	Title     string        `arg:"" help:"What customers notice, in one line."`
	Severity  typedSeverity `short:"s" help:"Leave it out while nobody can tell. 1 (critical) to 5 (low). 1: most customers cannot use the service. 2: a main function fails for many, or an error budget is spent. 3: some are affected and can work around it. 4: few notice. 5: nobody does."`
	Service   []string      `help:"A service that is affected; may be repeated."`
	Objective []slo.Key     `help:"An objective that is affected; may be repeated."`
	Started   time.Time     `help:"When customers were first affected, such as 2026-03-02T14:05:00Z."`
	Detected  time.Time     `help:"When it was first noticed, if that was before now."`
	Private   bool          `help:"Only members can see it: you, whoever gets a role, and whom you invite."`
	Drill     bool          `help:"An exercise, which counts nowhere."`
}

// Run declares an incident.
func (cmd incidentDeclareCmd) Run(c *cli) error {
	return postIncident(c, "", api.DeclareBody{Title: cmd.Title, Severity: int(cmd.Severity), Services: cmd.Service,
		Objectives: cmd.Objective, Started: cmd.Started, Detected: cmd.Detected,
		Private: cmd.Private, Drill: cmd.Drill})
}

// typedSeverity is a severity as people type it: 2, or sev2 as it is printed, or major.
type typedSeverity incidents.Severity

// UnmarshalText reads what [incidents.ParseSeverity] reads.
func (s *typedSeverity) UnmarshalText(text []byte) error {
	parsed, err := incidents.ParseSeverity(string(text))
	*s = typedSeverity(parsed)
	return err
}

type incidentListCmd struct {
	State   string        `enum:"open,all,declared,acknowledged,mitigated,resolved,closed,cancelled,merged" default:"open" help:"Which incidents: ${enum}."`
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.Ref, i.Severity, i.State, i.Title+marks(i),
			cmp.Or(strings.Join(i.Services, ","), "–"), cmp.Or(i.Roles[incidents.Commander], "–"), instant(i.Times.Declared), due)
	}
}

// marks tell what is special about an incident.
func marks(i api.Incident) string {
	var s string
	if i.Private {
		s += " [private]"
	}
	if i.Drill {
		s += " [drill]"
	}
	return s
}

// instant writes a time in UTC, as all surfaces do.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
