package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/backfill/api"
	"plimsoll/internal/apiclient"
	"plimsoll/slo"
)

// backfillCmd is "plimsoll backfill".
type backfillCmd struct {
	Start  backfillStartCmd  `cmd:"" default:"withargs" help:"Fill objectives with the history of an existing Prometheus, and watch it. Ctrl-C stops watching; the server goes on."`
	List   backfillListCmd   `cmd:"" help:"List backfills, newest first."`
	Watch  backfillWatchCmd  `cmd:"" help:"Watch a backfill until it has ended. Exit code 1 if it was not done."`
	Cancel backfillCancelCmd `cmd:"" help:"Give a backfill up; what it has filled stays."`
}

type backfillStartCmd struct {
	From      string    `default:"30d" placeholder:"AGE|INSTANT" help:"Beginning of the history: an age such as 30d or 36h, or an instant such as 2026-10-25T00:00:00Z."`
	Source    string    `placeholder:"NAME" xor:"server" required:"" help:"Server that is configured under promql."`
	URL       string    `name:"prometheus" placeholder:"URL" xor:"server" required:"" help:"Address of another Prometheus-compatible server, as Plimsoll reaches it."`
	Service   string    `short:"s" help:"Fill only the objectives of this service."`
	Objective []slo.Key `placeholder:"KEY" help:"Fill only these objectives."`
	Detach    bool      `short:"d" help:"Do not watch it."`
}

// Run asks for a backfill and watches it.
func (cmd backfillStartCmd) Run(c *cli) error {
	from, err := beginning(cmd.From, time.Now())
	if err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	var job api.Job
	in := api.Request{From: from, Source: cmd.Source, URL: cmd.URL, Service: cmd.Service, Objectives: cmd.Objective}
	if err := client.Do(c.Ctx, http.MethodPost, "/v1/backfills", in, &job); err != nil {
		return err
	}
	if cmd.Detach || c.Output != "table" {
		return c.Print(job, func(w io.Writer) { writeBackfills(w, []api.Job{job}) })
	}
	return watchBackfill(c, client, job)
}

// beginning reads an age or an instant.
func beginning(word string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, word); err == nil {
		return at, nil
	}
	age, err := time.ParseDuration(word)
	if days, ok := strings.CutSuffix(word, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		age = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || age <= 0 {
		return time.Time{}, fmt.Errorf("--from: expected an age such as 30d or 36h, or an instant such as 2026-10-25T00:00:00Z, but got %q", word)
	}
	return now.Add(-age).UTC().Truncate(time.Minute), nil
}

type backfillListCmd struct {
	Limit int `short:"n" default:"20" help:"At most so many."`
}

// Run prints the list.
func (cmd backfillListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.List
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/backfills?limit="+strconv.Itoa(cmd.Limit), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeBackfills(w, list.Backfills) })
}

type backfillWatchCmd struct {
	ID int64 `arg:"" help:"Number of the backfill."`
}

// Run watches until the backfill has ended.
func (cmd backfillWatchCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var job api.Job
	if err := client.Do(c.Ctx, http.MethodGet, backfillPath(cmd.ID), nil, &job); err != nil {
		return err
	}
	return watchBackfill(c, client, job)
}

type backfillCancelCmd struct {
	ID int64 `arg:"" help:"Number of the backfill."`
}

// Run gives the backfill up.
func (cmd backfillCancelCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var job api.Job
	if err := client.Do(c.Ctx, http.MethodPost, backfillPath(cmd.ID)+"/cancel", nil, &job); err != nil {
		return err
	}
	return c.Print(job, func(w io.Writer) { writeBackfills(w, []api.Job{job}) })
}

func backfillPath(id int64) string { return "/v1/backfills/" + strconv.FormatInt(id, 10) }

func writeBackfills(out io.Writer, jobs []api.Job) {
	if len(jobs) == 0 {
		fmt.Fprintln(out, "There are no backfills.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "ID\tSTATE\tPROGRESS\tFROM\tSERVER\tOBJECTIVES\tSAMPLES\tPROBLEM")
	for _, j := range jobs {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", j.ID, j.State, slo.FormatPercent(j.Progress), j.From.Format("2006-01-02 15:04"),
			j.Source+j.URL, len(j.Filled), slo.FormatCount(j.Samples), j.Problem)
	}
}

// watchEvery is how often a watched backfill is looked at.
const watchEvery = time.Second

// watchBackfill shows how far a job has come until it has ended: as a bar on a terminal, as lines elsewhere.
func watchBackfill(c *cli, client *apiclient.Client, job api.Job) error {
	p := progress{out: c.Err, terminal: isTerminal(c.Err)}
	for !job.State.Ended() {
		p.show(job)
		if err := wait(c.Ctx, watchEvery); err != nil {
			p.end()
			fmt.Fprintf(c.Err, "Backfill %d goes on in the server. Watch it with \"plimsoll backfill watch %d\", or give it up with \"plimsoll backfill cancel %d\".\n",
				job.ID, job.ID, job.ID)
			return nil
		}
		err := client.Do(c.Ctx, http.MethodGet, backfillPath(job.ID), nil, &job)
		if err != nil && c.Ctx.Err() == nil && !errors.Is(err, apiclient.ErrUnreachable) { // a server that starts again is waited for
			p.end()
			return err
		}
	}
	p.show(job)
	p.end()
	if err := c.Print(job, func(w io.Writer) { writeBackfills(w, []api.Job{job}) }); err != nil {
		return err
	}
	if job.State != backfill.Done {
		return exit(1, nil)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// progress draws how far a job has come.
type progress struct {
	out      io.Writer
	terminal bool
	shown    string
}

const progressWidth = 40

func (p *progress) show(j api.Job) {
	line := fmt.Sprintf("%s %s %s samples", j.State, slo.FormatPercent(j.Progress), slo.FormatCount(j.Samples))
	if j.Position != nil {
		line += ", up to " + j.Position.Format("2006-01-02 15:04")
	}
	if j.Problem != "" {
		line += "; trying again: " + j.Problem
	}
	switch {
	case line == p.shown:
		return
	case p.terminal:
		const clear = "\r\x1b[K"
		fmt.Fprint(p.out, clear, budgetBar(j.Progress, progressWidth), " ", line)
	default:
		fmt.Fprintln(p.out, line)
	}
	p.shown = line
}

func (p *progress) end() {
	if p.terminal && p.shown != "" {
		fmt.Fprintln(p.out)
	}
}

// isTerminal reports whether what is written to w is read by a person as it comes.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
