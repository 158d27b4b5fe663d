package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
)

type gateOverrideCmd struct {
	Service string        `short:"s" required:"" help:"Service that the commit is of."`
	Env     string        `short:"e" aliases:"environment" default:"production" help:"Environment that it goes to."`
	Sha     string        `aliases:"commit" required:"" help:"Commit that is to go out."`
	Reason  string        `short:"r" required:"" help:"Why, in one line; it is shown wherever the decision is."`
	For     time.Duration `default:"1h" help:"How long the override may be used; at most 4h."`
}

// Run asks for an override.
func (cmd gateOverrideCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var in api.OverrideRequest
	in.Body.Service, in.Body.Environment, in.Body.Commit = cmd.Service, cmd.Env, cmd.Sha
	in.Body.Reason, in.Body.Until = cmd.Reason, time.Now().Add(cmd.For).UTC().Truncate(time.Second)
	var o gate.Override
	if err := client.Do(c.Ctx, http.MethodPost, "/v1/gate/overrides", in.Body, &o); err != nil {
		return err
	}
	return c.Print(o, func(w io.Writer) {
		fmt.Fprintf(w, "Override %d is asked for, until %s. It counts once somebody else has approved it:\n  plimsoll gate approve %d\n",
			o.ID, o.Until.UTC().Format(time.DateTime+" MST"), o.ID)
	})
}

type gateApproveCmd struct {
	ID int64 `arg:"" help:"Number of the override."`
}

// Run approves the override that somebody else asked for.
func (cmd gateApproveCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var o gate.Override
	if err := client.Do(c.Ctx, http.MethodPost, fmt.Sprintf("/v1/gate/overrides/%d/approve", cmd.ID), nil, &o); err != nil {
		return err
	}
	return c.Print(o, func(w io.Writer) {
		fmt.Fprintf(w, "%s of %s may go to %s once, until %s.\n", o.Commit, o.Service, o.Environment, o.Until.UTC().Format(time.DateTime+" MST"))
	})
}

type gateOverridesCmd struct {
	Service string `short:"s" help:"Only those of this service."`
}

// Run lists the overrides that count against the quota.
func (cmd gateOverridesCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.Overrides
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/overrides?"+url.Values{"service": {cmd.Service}}.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(out io.Writer) {
		if len(list.Overrides) == 0 {
			fmt.Fprintln(out, "No override was asked for in the last 30 days.")
			return
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tSTATE\tSERVICE\tENVIRONMENT\tCOMMIT\tBY\tAPPROVED BY\tUNTIL\tREASON")
		for _, o := range list.Overrides {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, overrideState(o, time.Now()), o.Service, o.Environment, o.Commit, o.By, o.ApprovedBy,
				o.Until.UTC().Format(time.DateTime), o.Reason)
		}
		w.Flush()
	})
}

func overrideState(o gate.Override, now time.Time) string {
	switch {
	case o.FollowUp != nil && o.FollowUp.DoneAt == nil:
		return fmt.Sprintf("used by %d, follow-up owed by %s until %s", o.UsedBy, o.FollowUp.Owner, o.FollowUp.Due.UTC().Format(time.DateOnly))
	case o.UsedBy != 0:
		return fmt.Sprintf("used by %d", o.UsedBy)
	case !now.Before(o.Until):
		return "over"
	case o.ApprovedBy != "":
		return "approved"
	default:
		return "asked for"
	}
}
