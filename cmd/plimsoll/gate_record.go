package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/internal/config"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
)

type gateLogCmd struct {
	Service string    `short:"s" help:"Only decisions on this service."`
	Env     string    `short:"e" aliases:"environment" help:"Only decisions on this environment."`
	Outcome string    `enum:"allow,deny,hold," default:"" help:"Only decisions with this outcome: allow, deny or hold."`
	From    time.Time `help:"At this instant or later, such as 2026-11-24T10:00:00Z."`
	To      time.Time `help:"Before this instant."`
	Limit   int       `short:"n" default:"20" help:"At most so many."`
	Verify  bool      `help:"Verify the hash chain of the whole log instead, and name the first broken link. Exit code 1 if there is one."`
}

// Run lists decisions or verifies the log.
func (cmd gateLogCmd) Run(c *cli) error {
	if cmd.Verify {
		return verifyLog(c)
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(cmd.Limit)}}
	for name, value := range map[string]string{"service": cmd.Service, "environment": cmd.Env, "outcome": cmd.Outcome,
		"from": stamp(cmd.From), "to": stamp(cmd.To)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var list api.Decisions
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/decisions?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeDecisions(w, list.Decisions) })
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func writeDecisions(out io.Writer, decisions []gate.Decision) {
	if len(decisions) == 0 {
		fmt.Fprintln(out, "No decisions.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "NO.\tAT\tOUTCOME\tREASON\tSERVICE\tENVIRONMENT\tCLASS\tCOMMIT\tBY")
	for _, d := range decisions {
		outcome := string(d.Outcome)
		if d.Would != "" && d.Would != d.Outcome {
			outcome += " (shadow of " + string(d.Would) + ")"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Seq, d.At.UTC().Format(time.DateTime+" MST"), outcome, d.Reason,
			d.Change.Service, d.Change.Environment, d.Change.Class, d.Change.Commit, d.By)
	}
}

func verifyLog(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var v gate.Verification
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/verification", nil, &v); err != nil {
		return err
	}
	err = c.Print(v, func(w io.Writer) {
		if v.Broken != nil {
			fmt.Fprintf(w, "The audit log is broken at entry %d: %s. The %d before it hold.\n", v.Broken.Seq, v.Broken.Problem, v.Entries)
			return
		}
		fmt.Fprintf(w, "All %s of the audit log hold. Head: %s\n", entries(v.Entries), v.Head)
	})
	if err == nil && v.Broken != nil {
		return exit(1, nil)
	}
	return err
}

func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return slo.FormatCount(n) + " entries"
}

type gateFreezesCmd struct{}

// Run lists the freezes.
func (gateFreezesCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.Freezes
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/freezes", nil, &list); err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeFreezes(w, list.Freezes, time.Now()) })
}

func writeFreezes(out io.Writer, states []gate.State, at time.Time) {
	if len(states) == 0 {
		fmt.Fprintln(out, "No freezes: every service is open.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "SERVICE\tENVIRONMENT\tPHASE\tSINCE\tRELEASES\tBY HAND")
	for _, s := range states {
		releases, hand := "go", "–"
		switch {
		case s.Frozen(at) && s.Shadow:
			releases = "go (shadow)"
		case s.Frozen(at):
			releases = "frozen"
		}
		if m := s.Manual; m != nil && at.Before(m.Until) {
			hand = fmt.Sprintf("%s by %s until %s: %s", m.Kind, m.By, m.Until.UTC().Format(time.DateTime+" MST"), m.Reason)
		}
		since := "–"
		if !s.Since.IsZero() {
			since = s.Since.UTC().Format(time.DateTime + " MST")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Service, s.Environment, s.Phase, since, releases, hand)
	}
}

// manualFlags are of a freeze or thaw by hand.
type manualFlags struct {
	Service string        `short:"s" required:"" help:"Service."`
	Env     string        `short:"e" aliases:"environment" required:"" help:"Environment."`
	Reason  string        `short:"r" required:"" help:"Why, in one line; everybody whom it concerns reads it."`
	For     time.Duration `required:"" help:"How long, such as 2h or 90m; at most 744h (31 days)."`
}

func (f manualFlags) post(c *cli, path string) error {
	return postEvent(c, path, api.Manual{Service: f.Service, Environment: f.Env, Reason: f.Reason, Until: time.Now().Add(f.For).UTC()})
}

// postEvent asks for something that is told as an event of a freeze, and prints that.
func postEvent(c *cli, path string, body any) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var e gate.Event
	if err := client.Do(c.Ctx, http.MethodPost, path, body, &e); err != nil {
		return err
	}
	return c.Print(e, func(w io.Writer) {
		until := ""
		if e.Until != nil {
			until = " until " + e.Until.UTC().Format(time.DateTime+" MST")
		}
		fmt.Fprintf(w, "%s in %s: %s by %s%s: %s\n", e.Service, e.Environment, strings.ReplaceAll(string(e.Kind), "_", " "),
			cmp.Or(e.By, "nobody"), until, e.Reason)
	})
}

type gateFreezeCmd struct{ manualFlags }

// Run freezes.
func (cmd gateFreezeCmd) Run(c *cli) error { return cmd.post(c, "/v1/gate/freezes") }

type gateLintCmd struct {
	Paths []string `arg:"" name:"path" type:"path" help:"Policy files, or folders of them."`
}

// lintResult is what is said about one file.
type lintResult struct {
	File         string    `json:"file"`
	Service      string    `json:"service,omitempty"`
	Tier         int       `json:"tier,omitempty"`
	Environments []string  `json:"environments,omitempty"`
	Mode         gate.Mode `json:"mode,omitempty"`
	Version      string    `json:"version,omitempty"`
	Services     []string  `json:"services,omitempty"` // of a list of tiers
}

// Run checks each file alone and all of them together.
func (cmd gateLintCmd) Run(c *cli) error {
	files, err := config.Files(cmd.Paths...)
	if err != nil {
		return fmt.Errorf("read policies: %w", err)
	}
	var list []*gate.Policy
	var tiers []gate.Tiers
	var problems []error
	results := []lintResult{}
	for _, f := range files {
		if gate.IsTiers(f.Data) {
			t, err := gate.ParseTiers(f.Name, f.Data)
			tiers, problems = append(tiers, t), append(problems, err)
			if err == nil {
				results = append(results, lintResult{File: f.Name, Services: t.Services()})
			}
			continue
		}
		p, err := gate.ParsePolicy(f.Name, f.Data)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		list = append(list, p)
		results = append(results, lintResult{File: f.Name, Service: p.Service, Tier: p.Tier, Environments: p.Environments, Mode: p.Mode, Version: p.Version})
	}
	if errors.Join(problems...) != nil {
		tiers = nil // a tier may seem to have no policy because that could not be read
	}
	if _, err := gate.NewPolicies(list, tiers...); err != nil {
		problems = append(problems, err)
	}
	err = c.Print(results, func(w io.Writer) {
		for _, r := range results {
			if r.Services != nil {
				fmt.Fprintf(w, "%s: fine: tiers of %s\n", r.File, strings.Join(r.Services, ", "))
				continue
			}
			covers := gate.PolicyRef{Service: r.Service, Tier: r.Tier}.Subject()
			fmt.Fprintf(w, "%s: fine: %s in %s, %s, version %s\n", r.File, covers, strings.Join(r.Environments, ", "), r.Mode, r.Version)
		}
	})
	return errors.Join(append(problems, err)...)
}
