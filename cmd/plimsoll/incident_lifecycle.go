package main

import (
	"strings"
	"time"

	"plimsoll/incidents"
)

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

type incidentSeverityCmd struct {
	ref
	Severity typedSeverity `arg:"" help:"1 (critical) to 5 (low), also sev1 or critical; see plimsoll incident severities."`
	Reason   []string      `arg:"" optional:"" help:"Why."`
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

type incidentMergeCmd struct {
	ref
	Into incidents.Ref `arg:"" help:"The incident where it goes on. Open tasks move there."`
}

// Run merges.
func (cmd incidentMergeCmd) Run(c *cli) error {
	return cmd.post(c, "merge", fields{"ref": cmd.Into.String()})
}

type incidentInviteCmd struct {
	ref
	Who string `arg:"" help:"The subject of somebody who is to see it."`
}

// Run invites.
func (cmd incidentInviteCmd) Run(c *cli) error { return cmd.post(c, "members", fields{"who": cmd.Who}) }

type incidentPrivateCmd struct{ ref }

// Run hides it from all but its members.
func (cmd incidentPrivateCmd) Run(c *cli) error {
	return cmd.post(c, "privacy", map[string]bool{"private": true})
}

type incidentPublicCmd struct{ ref }

// Run shows it to everybody.
func (cmd incidentPublicCmd) Run(c *cli) error {
	return cmd.post(c, "privacy", map[string]bool{"private": false})
}
