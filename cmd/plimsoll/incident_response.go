package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

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

type incidentAmendCmd struct {
	ref
	Entry   int      `arg:"" help:"The number of the entry, as show gives it."`
	Text    []string `arg:"" optional:"" help:"What it should say."`
	Retract bool     `help:"Take the text back."`
}

// Run replaces the text of an entry.
func (cmd incidentAmendCmd) Run(c *cli) error {
	if cmd.Retract == (len(cmd.Text) > 0) {
		return fmt.Errorf("amend takes either the new text or --retract")
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	var e incidents.TimelineEntry
	path := fmt.Sprintf("/v1/incidents/%s/timeline/%d", cmd.Ref, cmd.Entry)
	if err := client.Do(c.Ctx, http.MethodPut, path, fields{"text": strings.Join(cmd.Text, " ")}, &e); err != nil {
		return err
	}
	return printVersions(c, []incidents.TimelineEntry{e})
}

type incidentPinCmd struct {
	ref
	Text   []string `arg:"" help:"The message."`
	Author string   `help:"Who wrote it."`
	Link   string   `help:"Where it stands."`
}

// Run pins a message.
func (cmd incidentPinCmd) Run(c *cli) error {
	return cmd.post(c, "pins", fields{"text": strings.Join(cmd.Text, " "), "author": cmd.Author, "link": cmd.Link}.set())
}

type incidentEventCmd struct {
	ref
	Kind string    `arg:"" enum:"alert,deploy,decision" help:"${enum}."`
	Text []string  `arg:"" help:"What happened."`
	On   string    `help:"What it was about, such as a service or an objective."`
	Time time.Time `help:"When it happened, such as 2026-03-02T14:05:00Z; now if it is left out."`
}

// Run records an event.
func (cmd incidentEventCmd) Run(c *cli) error {
	body := map[string]any{"kind": cmd.Kind, "text": strings.Join(cmd.Text, " "), "source": cmd.On}
	if !cmd.Time.IsZero() {
		body["at"] = cmd.Time
	}
	return cmd.post(c, "events", body)
}

type incidentImpactCmd struct {
	ref
	Service   []string  `help:"A service; may be repeated."`
	Objective []slo.Key `help:"An objective; may be repeated. Its service is affected too."`
	Remove    bool      `help:"They are not affected after all."`
}

// Run changes what is affected.
func (cmd incidentImpactCmd) Run(c *cli) error {
	return cmd.post(c, "impact", map[string]any{"services": cmd.Service, "objectives": cmd.Objective, "remove": cmd.Remove})
}

// toDo is something to be done.
type toDo struct {
	ref
	Text  []string  `arg:"" help:"What is to be done."`
	Owner string    `help:"Who does it."`
	Due   time.Time `help:"By when, such as 2026-03-02T14:05:00Z."`
}

func (t toDo) add(c *cli, kind incidents.TaskKind) error {
	body := map[string]any{"text": strings.Join(t.Text, " "), "kind": kind, "owner": t.Owner}
	if !t.Due.IsZero() {
		body["due"] = t.Due
	}
	return t.post(c, "tasks", body)
}

type incidentTaskCmd struct{ toDo }

// Run asks for something during the response.
func (cmd incidentTaskCmd) Run(c *cli) error { return cmd.add(c, incidents.TaskNow) }

type incidentFollowupCmd struct{ toDo }

// Run asks for something afterwards.
func (cmd incidentFollowupCmd) Run(c *cli) error { return cmd.add(c, incidents.TaskFollowUp) }

type incidentDoneCmd struct {
	ref
	Number int `arg:"" help:"The number of the task, as show gives it."`
}

// Run finishes a task.
func (cmd incidentDoneCmd) Run(c *cli) error {
	return cmd.post(c, fmt.Sprintf("tasks/%d/done", cmd.Number), nil)
}

type incidentLinkCmd struct {
	ref
	To incidents.Ref `arg:"" help:"The other incident."`
}

// Run links two incidents.
func (cmd incidentLinkCmd) Run(c *cli) error {
	return cmd.post(c, "links", fields{"ref": cmd.To.String()})
}
