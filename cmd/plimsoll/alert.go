package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/alerts/api"
	"plimsoll/slo"
)

// alertCmd is "plimsoll alert".
type alertCmd struct {
	List        alertListCmd        `cmd:"" help:"List the alerts that are pending, firing or just resolved, or all."`
	Notices     alertNoticesCmd     `cmd:"" help:"List what was told, newest first."`
	DeadLetters alertDeadLettersCmd `cmd:"" help:"List the notices that were given up, newest first."`
	Replay      alertReplayCmd      `cmd:"" help:"Try a notice again that was given up."`
}

type alertListCmd struct {
	Service string `short:"s" help:"Only those of this service."`
	All     bool   `short:"a" help:"Also those that are inactive, with what is said of them now: every tier, policy and kind of bad data."`
}

// Run prints the alerts.
func (cmd alertListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.List
	query := url.Values{"service": {cmd.Service}, "all": {strconv.FormatBool(cmd.All)}}
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/alerts?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeAlerts(w, list.Alerts) })
}

func writeAlerts(out io.Writer, list []api.Alert) {
	if len(list) == 0 {
		fmt.Fprintln(out, "No alert fires.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATE\tSEVERITY\tOBJECTIVE\tALERT\tSINCE\tSAYS\tBURN\tBEGINS AT")
	for _, a := range list {
		since, burns, begins := "–", fmt.Sprintf("%s over %s", slo.FormatRate(a.Burn), a.Lookback), fmt.Sprintf("%.4g×", a.Factor)
		if a.Since != nil {
			since = a.Since.UTC().Format(time.DateTime)
		}
		switch {
		case a.Detail != "":
			burns, begins = a.Detail, "–"
		case a.Condition != "":
			begins = a.Condition
		case a.Short != "":
			burns += fmt.Sprintf(", %s over %s", slo.FormatRate(a.ShortBurn), a.Short)
		default: // about data, of which nothing is wrong
			burns, begins = "–", "–"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.State, a.Severity, a.Objective, a.Tier, since, a.Reason, burns, begins)
	}
	w.Flush()
}

type alertNoticesCmd struct {
	Service string `short:"s" help:"Only those about this service."`
	Limit   int    `default:"20" help:"How many at most, up to 1000."`
}

// Run prints the notices as they were told.
func (cmd alertNoticesCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {fmt.Sprint(cmd.Limit)}, "service": {cmd.Service}}
	var list api.Notices
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/alerts/notices?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) {
		if len(list.Notices) == 0 {
			fmt.Fprintln(w, "Nothing was told.")
		}
		for _, n := range list.Notices {
			fmt.Fprintf(w, "%s (%s)\n%s\n", n.At.UTC().Format(time.DateTime+" MST"), n.Cause, strings.TrimSpace(n.Text()))
		}
	})
}

type alertDeadLettersCmd struct{}

// Run prints what was given up.
func (alertDeadLettersCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.DeadLetters
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/alerts/dead-letters", nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(out io.Writer) {
		if len(list.DeadLetters) == 0 {
			fmt.Fprintln(out, "Nothing was given up.")
			return
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tRECEIVER\tGIVEN UP\tATTEMPTS\tLAST ERROR")
		for _, d := range list.DeadLetters {
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\n", d.ID, d.Receiver, d.At.UTC().Format(time.DateTime), d.Attempts, d.Error)
		}
		w.Flush()
	})
}

type alertReplayCmd struct {
	ID int64 `arg:"" help:"Number of the dead letter."`
}

// Run has a dead letter tried again.
func (cmd alertReplayCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	if err := client.Do(c.Ctx, http.MethodPost, fmt.Sprintf("/v1/alerts/dead-letters/%d/replay", cmd.ID), nil, nil); err != nil {
		return err
	}
	return c.Print(map[string]int64{"replayed": cmd.ID}, func(w io.Writer) { fmt.Fprintf(w, "Dead letter %d is tried again.\n", cmd.ID) })
}
