package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
)

type gateStatusCmd struct {
	Service string `short:"s" help:"Only this service."`
	Env     string `short:"e" aliases:"environment" help:"Only this environment."`
}

// Run tells how the freezes stand.
func (cmd gateStatusCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var all, list api.Status
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/status?"+url.Values{"service": {cmd.Service}}.Encode(), nil, &all); err != nil {
		return err
	}
	list.Status = []gate.FreezeStatus{}
	for _, s := range all.Status {
		if cmd.Env == "" || cmd.Env == s.Environment {
			list.Status = append(list.Status, s)
		}
	}
	return c.Print(list, func(w io.Writer) { writeStatus(w, list.Status) })
}

func writeStatus(w io.Writer, list []gate.FreezeStatus) {
	if len(list) == 0 {
		fmt.Fprintln(w, "No policy covers such a service and environment, or it has no objective.")
	}
	for _, s := range list {
		state := strings.ReplaceAll(string(s.Phase), "_", " ")
		if !s.Since.IsZero() {
			state += " since " + utc(s.Since)
		}
		if s.Shadow {
			state += " (shadow: it stops nothing)"
		}
		if m := s.Manual; m != nil && time.Now().Before(m.Until) {
			state += fmt.Sprintf("; %s by hand by %s until %s: %s", m.Kind, m.By, utc(m.Until), m.Reason)
		}
		fmt.Fprintf(w, "%s in %s (policy of %s): %s\n", s.Service, s.Environment, s.Policy, state)
		for _, f := range s.Spent {
			fmt.Fprintf(w, "  spent      %s\n", f)
		}
		if s.BackAbout != nil {
			fmt.Fprintf(w, "  back       about %s if no more errors come\n", utc(*s.BackAbout))
		}
		if s.LiftsAt != nil {
			fmt.Fprintf(w, "  lifts      at %s if the budgets stay\n", utc(*s.LiftsAt))
		}
		if s.Ends != "" {
			fmt.Fprintf(w, "  end        %s\n", s.Ends)
		}
		if s.Incident != "" {
			fmt.Fprintf(w, "  incident   %s, commander %s\n", s.Incident, cmp.Or(s.Commander, "not named"))
		}
		if p := s.Plan; p != nil {
			fmt.Fprintf(w, "  plan       by %s at %s: %s\n", p.By, utc(p.At), firstLine(p.Text, p.URL))
		}
		for _, d := range s.Duties {
			word := "owed"
			if d.Overdue {
				word = "OVERDUE"
			}
			fmt.Fprintf(w, "  %-10s %s, due at %s\n", word, d.Text, utc(d.Due))
		}
		for _, one := range s.Criteria {
			fmt.Fprintf(w, "  criterion  %s: %s\n", map[bool]string{true: "met", false: "not met"}[one.Met], one.Detail)
		}
		for _, e := range s.Exemptions {
			fmt.Fprintf(w, "  exemption  %d, %s: %s\n", e.ID, exemptionState(e, time.Now()), e)
		}
	}
}

func utc(t time.Time) string { return t.UTC().Format(time.DateTime + " MST") }

// firstLine is the first line of a text, or the address where the text is empty.
func firstLine(text, address string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line + " " + address)
}

type gatePlanCmd struct {
	Service string `short:"s" required:"" help:"Service."`
	Env     string `short:"e" aliases:"environment" default:"production" help:"Environment."`
	Link    string `placeholder:"URL" help:"Where the plan is written."`
	Text    string `help:"What will be done; its first line is shown."`
}

// Run files the action plan of a Code Red.
func (cmd gatePlanCmd) Run(c *cli) error {
	return postEvent(c, "/v1/gate/plans", api.Plan{Service: cmd.Service, Environment: cmd.Env, URL: cmd.Link, Text: cmd.Text})
}

type gateThawCmd struct {
	Service  string        `short:"s" required:"" help:"Service."`
	Env      string        `short:"e" aliases:"environment" required:"" help:"Environment."`
	Reason   string        `short:"r" required:"" help:"Why, in one line; everybody whom it concerns reads it."`
	For      time.Duration `xor:"end" help:"How long, such as 2h or 90m; at most 744h (31 days)."`
	Criteria bool          `xor:"end" help:"End a Code Red for good, since its exit criteria are met; it takes the role release_manager."`
}

// Run thaws: for a time by hand, or for good by the exit criteria.
func (cmd gateThawCmd) Run(c *cli) error {
	if cmd.Criteria {
		return postEvent(c, "/v1/gate/thaws/by-criteria", api.Criteria{Service: cmd.Service, Environment: cmd.Env, Reason: cmd.Reason})
	}
	if cmd.For <= 0 {
		return errors.New("missing flags: --for DURATION lifts the freeze for a time, --criteria ends a Code Red whose exit criteria are met")
	}
	return manualFlags{Service: cmd.Service, Env: cmd.Env, Reason: cmd.Reason, For: cmd.For}.post(c, "/v1/gate/thaws")
}

type gateExemptCmd struct {
	Service    string        `short:"s" required:"" help:"Service whose budget is spent."`
	Env        string        `short:"e" aliases:"environment" default:"production" help:"Environment."`
	Because    string        `required:"" help:"cause_outside (of the team), dependency_frozen, out_of_scope (users whom the objective is not for) or miscategorized (nobody was harmed)."`
	Dependency string        `help:"The service that caused it and is frozen; with dependency_frozen only."`
	Incident   string        `help:"Incident that shows the cause, such as INC-7."`
	Reason     string        `short:"r" required:"" help:"Why, in one line; it is shown wherever a decision is."`
	Until      time.Time     `xor:"end" required:"" help:"When the exemption ends, such as 2026-11-26T10:00:00Z; at most 31 days from now."`
	For        time.Duration `xor:"end" required:"" help:"How long it lasts instead."`
}

// Run records an exemption.
func (cmd gateExemptCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	until := cmd.Until
	if until.IsZero() {
		until = time.Now().Add(cmd.For)
	}
	var e gate.Exemption
	err = client.Do(c.Ctx, http.MethodPost, "/v1/gate/exemptions", api.Exempt{
		Service: cmd.Service, Environment: cmd.Env, Because: gate.Because(cmd.Because), Dependency: cmd.Dependency, Incident: cmd.Incident, Reason: cmd.Reason,
		Until: until.UTC().Truncate(time.Second),
	}, &e)
	if err != nil {
		return err
	}
	return c.Print(e, func(w io.Writer) {
		fmt.Fprintf(w, "Exemption %d of %s in %s counts until %s; \"plimsoll gate exempt-end %d\" ends it before.\n", e.ID, e.Service, e.Environment, utc(e.Until), e.ID)
	})
}

type gateExemptionsCmd struct {
	Service string `short:"s" help:"Only those of this service."`
}

// Run lists exemptions.
func (cmd gateExemptionsCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.Exemptions
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/exemptions?"+url.Values{"service": {cmd.Service}}.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) {
		if len(list.Exemptions) == 0 {
			fmt.Fprintln(w, "No exemption was in force in the last 30 days.")
		}
		for _, e := range list.Exemptions {
			fmt.Fprintf(w, "%d  %s in %s, %s: %s\n", e.ID, e.Service, e.Environment, exemptionState(e, time.Now()), e)
		}
	})
}

func exemptionState(e gate.Exemption, now time.Time) string {
	switch {
	case e.EndedAt != nil:
		return fmt.Sprintf("ended by %s at %s", e.EndedBy, utc(*e.EndedAt))
	case e.Ended(now):
		return "over"
	case e.Past:
		return "counts for nothing: it was for a Code Red that is over"
	case !e.InForce(now):
		return fmt.Sprintf("counts for nothing while %s is not frozen", e.Dependency)
	default:
		return "in force"
	}
}

type gateExemptEndCmd struct {
	ID int64 `arg:"" help:"Number of the exemption."`
}

// Run ends an exemption.
func (cmd gateExemptEndCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var e gate.Exemption
	if err := client.Do(c.Ctx, http.MethodPost, fmt.Sprintf("/v1/gate/exemptions/%d/end", cmd.ID), nil, &e); err != nil {
		return err
	}
	return c.Print(e, func(w io.Writer) {
		fmt.Fprintf(w, "Exemption %d of %s in %s has ended.\n", e.ID, e.Service, e.Environment)
	})
}

type gateFollowUpCmd struct {
	ID       int64  `arg:"" help:"Number of the override."`
	Evidence string `required:"" help:"What was found, or where it is written, in one line."`
}

// Run says that the follow-up of an override is done.
func (cmd gateFollowUpCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var o gate.Override
	body := struct {
		Evidence string `json:"evidence"`
	}{cmd.Evidence}
	if err := client.Do(c.Ctx, http.MethodPost, fmt.Sprintf("/v1/gate/overrides/%d/follow-up", cmd.ID), body, &o); err != nil {
		return err
	}
	return c.Print(o, func(w io.Writer) {
		fmt.Fprintf(w, "The follow-up of override %d is done: %s\n", o.ID, o.FollowUp.Evidence)
	})
}
