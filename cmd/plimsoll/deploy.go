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

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/gate/deploys/api"
)

// deployCmd is "plimsoll deploy".
type deployCmd struct {
	Start    deployStartCmd    `cmd:"" help:"Tell that a change goes out."`
	Finish   deployFinishCmd   `cmd:"" help:"Tell that a change has gone out; one that nobody started is started, too."`
	Fail     deployFailCmd     `cmd:"" help:"Tell that a change did not go out, or that it did and has to be put right at once."`
	Rollback deployRollbackCmd `cmd:"" help:"Tell that what was there before is back."`
	List     deployListCmd     `cmd:"" help:"List deploys, the one that was told of last first."`
	Show     deployShowCmd     `cmd:"" help:"Show a deploy with what was told of it."`
	Dora     deployDoraCmd     `cmd:"" name:"dora" help:"Show deployment frequency, lead time, change failure rate and recovery time."`
}

// deployed says which deploy a command is about: its reference, or its key, or the commit and where it goes.
type deployed struct {
	Deploy  string    `arg:"" optional:"" help:"Reference of the deploy, such as DEP-7; instead of --key or of service, environment and commit."`
	Key     string    `help:"How you call the deploy, such as the number of a run; the same for all its events."`
	Service string    `short:"s" help:"Service, as in the keys of its objectives."`
	Env     string    `short:"e" aliases:"environment" help:"Environment that the change goes to."`
	Sha     string    `aliases:"commit" help:"Commit that goes out."`
	At      time.Time `help:"When it happened, such as 2026-11-24T10:00:00Z; now by default."`
	Source  string    `enum:"cli,api,gitlab" default:"cli" help:"Over which road it is told: ${enum}."`
}

func (d deployed) report(kind deploys.Kind) api.Report {
	return api.Report{Event: kind, Deploy: d.Deploy, Key: d.Key, Service: d.Service, Environment: d.Env, Commit: d.Sha, At: d.At, Source: d.Source}
}

// brings says what a deploy brings, where it is not known yet.
type brings struct {
	Version   string    `help:"Version that people know the change by."`
	Author    string    `help:"Who made the change."`
	Class     string    `short:"c" default:"feature" help:"What the change is for: feature, reliability, security, rollback or config."`
	Decision  int64     `help:"Number of the decision that let it out; by default the newest allow of the commit there."`
	Committed time.Time `help:"When the change was committed, for its lead time, such as 2026-11-24T09:00:00Z."`
}

func (b brings) add(r api.Report) api.Report {
	r.Version, r.Author, r.Class, r.Decision, r.Committed = b.Version, b.Author, gate.Class(b.Class), b.Decision, b.Committed
	return r
}

// tell sends a report and prints the deploy as it is then.
func tell(c *cli, r api.Report) error {
	if r.Deploy == "" && r.Key == "" && (r.Service == "" || r.Environment == "" || r.Commit == "") {
		return errors.New("say which deploy: a reference such as DEP-7, or --key, or --service, --env and --sha")
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	var answer api.Recorded
	if err := client.Do(c.Ctx, http.MethodPost, "/v1/deploys", r, &answer); err != nil {
		return err
	}
	return c.Print(answer, func(w io.Writer) {
		d := answer.Deploy
		known := ""
		if !answer.Changed {
			known = " (known already)"
		}
		fmt.Fprintf(w, "%s %s: %s%s\n", d.Ref, d.State, d.Title(), known)
		if d.Decision == 0 {
			fmt.Fprintf(w, "No decision of the gate let %s out there.\n", gate.ShortCommit(d.Commit))
		}
	})
}

type deployStartCmd struct {
	deployed
	brings
}

// Run tells of a start.
func (cmd deployStartCmd) Run(c *cli) error { return tell(c, cmd.add(cmd.report(deploys.Start))) }

type deployFinishCmd struct {
	deployed
	brings
}

// Run tells that a deploy has finished.
func (cmd deployFinishCmd) Run(c *cli) error { return tell(c, cmd.add(cmd.report(deploys.Finish))) }

type deployFailCmd struct {
	deployed
	brings
	Reason string `short:"r" help:"Why, in one line."`
}

// Run tells that a deploy has failed.
func (cmd deployFailCmd) Run(c *cli) error {
	r := cmd.add(cmd.report(deploys.Fail))
	r.Reason = cmd.Reason
	return tell(c, r)
}

type deployRollbackCmd struct {
	deployed
	Reason string `short:"r" help:"Why, in one line."`
}

// Run tells that a deploy was rolled back.
func (cmd deployRollbackCmd) Run(c *cli) error {
	r := cmd.report(deploys.RollBack)
	r.Reason = cmd.Reason
	return tell(c, r)
}

type deployListCmd struct {
	Service string    `short:"s" help:"Only those of this service."`
	Env     string    `short:"e" aliases:"environment" help:"Only those to this environment."`
	State   string    `enum:",started,finished,failed,rolled_back" default:"" help:"Only those in this state: started, finished, failed or rolled_back."`
	From    time.Time `help:"Started at this instant or later."`
	To      time.Time `help:"Started before this instant."`
	Limit   int       `default:"50" help:"At most this many, up to 1000."`
}

// Run lists deploys.
func (cmd deployListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := placeQuery(cmd.Service, cmd.Env, cmd.From, cmd.To)
	query.Set("limit", fmt.Sprint(cmd.Limit))
	if cmd.State != "" {
		query.Set("state", cmd.State)
	}
	var list api.List
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/deploys?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeDeploys(w, list.Deploys) })
}

// placeQuery is the query for a place and a time, of which any may be left out.
func placeQuery(service, environment string, from, to time.Time) url.Values {
	query := url.Values{}
	for name, value := range map[string]string{"service": service, "environment": environment} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"from": from, "to": to} {
		if !at.IsZero() {
			query.Set(name, at.Format(time.RFC3339))
		}
	}
	return query
}

func writeDeploys(out io.Writer, list []deploys.Deploy) {
	if len(list) == 0 {
		fmt.Fprintln(out, "No deploys.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEPLOY\tSTATE\tSERVICE\tENVIRONMENT\tCOMMIT\tVERSION\tCLASS\tSTARTED\tDECISION\tBY")
	for _, d := range list {
		decision := "–"
		if d.Decision != 0 {
			decision = fmt.Sprint(d.Decision)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Ref, d.State, d.Service, d.Environment, gate.ShortCommit(d.Commit),
			cmp.Or(d.Version, "–"), d.Class, d.Started.UTC().Format("2006-01-02 15:04 UTC"), decision, d.By)
	}
	w.Flush()
}

type deployShowCmd struct {
	Deploy string `arg:"" help:"Such as DEP-7 or 7."`
}

// Run shows a deploy.
func (cmd deployShowCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var d api.Detail
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/deploys/"+url.PathEscape(cmd.Deploy), nil, &d); err != nil {
		return err
	}
	return c.Print(d, func(out io.Writer) {
		writeDeploys(out, []deploys.Deploy{d.Deploy})
		fmt.Fprintln(out)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, e := range d.Events {
			fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%s\t%s\tby %s over %s\t%s", e.At.UTC().Format("2006-01-02 15:04:05 UTC"), e.Kind, e.By, e.Source, e.Reason), "\t"))
		}
		w.Flush()
	})
}
