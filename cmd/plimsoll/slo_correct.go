package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger/api"
)

// sloCorrectCmd is "plimsoll slo correct".
type sloCorrectCmd struct {
	Preview correctPreviewCmd `cmd:"" help:"Say what a correction would change, and change nothing."`
	Make    correctMakeCmd    `cmd:"" help:"Correct what was measured in an interval: exclude it, or count its events as good. Retroactive and reversible."`
	Undo    correctUndoCmd    `cmd:"" help:"Take a correction back."`
	List    correctListCmd    `cmd:"" help:"List corrections, newest first: what, why, and who made and undid them."`
}

// correctFlags say what a correction is.
type correctFlags struct {
	Objective string    `short:"k" xor:"scope" required:"" help:"Objective that it is for, with its children, such as video-api/availability."`
	Service   string    `short:"s" xor:"scope" required:"" help:"Service that it is for: all of its objectives."`
	All       bool      `xor:"scope" required:"" help:"It is for all objectives of all services."`
	From      time.Time `required:"" help:"First minute, such as 2026-11-24T02:00:00Z." placeholder:"TIME"`
	To        time.Time `required:"" help:"Minute after the last one; may lie in the future." placeholder:"TIME"`
	Effect    string    `default:"exclude" help:"exclude: the interval leaves every window, also in the coverage; good: all its events count as good."`
	Reason    string    `short:"r" required:"" help:"Why, in one line; everybody who sees the numbers reads it."`
}

func (f correctFlags) post(c *cli, query string) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	body := api.NewCorrection{
		Objective: slo.Key(f.Objective), Service: f.Service, From: f.From.UTC(), To: f.To.UTC(), Effect: slo.Effect(f.Effect), Reason: f.Reason,
	}
	var made api.Made
	if err := client.Do(c.Ctx, http.MethodPost, "/v1/corrections"+query, body, &made); err != nil {
		return err
	}
	return c.Print(made, func(w io.Writer) { writeCorrected(w, made) })
}

type correctPreviewCmd struct{ correctFlags }

// Run shows what would change.
func (cmd correctPreviewCmd) Run(c *cli) error { return cmd.post(c, "?preview=true") }

type correctMakeCmd struct{ correctFlags }

// Run makes the correction.
func (cmd correctMakeCmd) Run(c *cli) error { return cmd.post(c, "") }

func writeCorrected(out io.Writer, made api.Made) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OBJECTIVE\tBAD\tOF\tBUDGET\tMINUTES SEEN\tOF")
	for _, c := range made.Changes {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Objective,
			became(slo.FormatBadAmount(c.Before.Bad), slo.FormatBadAmount(c.After.Bad)),
			became(slo.FormatAmount(c.Before.Total), slo.FormatAmount(c.After.Total))+" "+c.After.Unit,
			became(slo.FormatPercent(c.Before.Remaining), slo.FormatPercent(c.After.Remaining)),
			became(slo.FormatCount(c.Before.ObservedMinutes), slo.FormatCount(c.After.ObservedMinutes)),
			became(slo.FormatCount(c.Before.Minutes), slo.FormatCount(c.After.Minutes)))
	}
	_ = w.Flush() // an error of out shows when it is written to again
	if made.Preview {
		fmt.Fprintln(out, "\nThis is a preview: nothing was changed.")
		return
	}
	fmt.Fprintf(out, "\nCorrection %d is made. To take it back: plimsoll slo correct undo %d\n", made.Correction.ID, made.Correction.ID)
}

// became writes a figure that may have changed.
func became(before, after string) string {
	if before == after {
		return before
	}
	return before + " → " + after
}

type correctUndoCmd struct {
	ID int64 `arg:"" help:"Number of the correction."`
}

// Run takes a correction back.
func (cmd correctUndoCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var undone api.Correction
	if err := client.Do(c.Ctx, http.MethodPost, fmt.Sprintf("/v1/corrections/%d/undo", cmd.ID), nil, &undone); err != nil {
		return err
	}
	return c.Print(undone, func(w io.Writer) { writeCorrections(w, []api.Correction{undone}) })
}

type correctListCmd struct {
	Active bool `help:"Only those that hold."`
}

// Run lists corrections.
func (cmd correctListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{}
	if cmd.Active {
		query.Set("active", "true")
	}
	var list api.CorrectionList
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/corrections?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeCorrections(w, list.Corrections) })
}

func writeCorrections(out io.Writer, all []api.Correction) {
	if len(all) == 0 {
		fmt.Fprintln(out, "No corrections: every number is as it was measured.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "NO.\tFOR\tFROM\tTO\tEFFECT\tREASON\tMADE\tUNDONE")
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
	for _, c := range all {
		scope, undone := "all objectives", "–"
		switch {
		case c.Objective != "":
			scope = string(c.Objective)
		case c.Service != "":
			scope = "all of " + c.Service
		}
		if c.UndoneAt != nil {
			undone = at(*c.UndoneAt) + " by " + c.UndoneBy
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s by %s\t%s\n", c.ID, scope, at(c.From), at(c.To), c.Effect, c.Reason, at(c.At), c.By, undone)
	}
}
