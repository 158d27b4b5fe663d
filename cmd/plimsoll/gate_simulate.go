package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
)

type gateWhyCmd struct {
	Seq int64 `arg:"" help:"Place of the decision in the audit log, as \"gate check\" and \"gate log\" tell it."`
}

// Run shows a recorded decision as it was answered.
func (cmd gateWhyCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var list api.Decisions
	query := url.Values{"before": {strconv.FormatInt(cmd.Seq+1, 10)}, "limit": {"1"}}
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/decisions?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	if len(list.Decisions) == 0 || list.Decisions[0].Seq != cmd.Seq {
		return fmt.Errorf("entry %d of the audit log is not a decision; \"plimsoll gate log\" lists them", cmd.Seq)
	}
	d := list.Decisions[0]
	return c.Print(d, func(w io.Writer) {
		fmt.Fprintf(w, "At %s:\n", d.At.UTC().Format(time.DateTime+" MST"))
		writeDecision(w, d)
	})
}

type gateSimulateCmd struct {
	Policy  string    `arg:"" type:"existingfile" help:"Policy to decide by."`
	Service string    `short:"s" help:"Only decisions on this service."`
	From    time.Time `help:"At this instant or later, such as 2026-11-24T10:00:00Z."`
	Limit   int       `short:"n" default:"1000" help:"At most so many decisions, the newest first; up to 1000."`
}

// simulated is a decision that would have come out otherwise.
type simulated struct {
	Seq     int64        `json:"seq"`
	At      time.Time    `json:"at"`
	Service string       `json:"service"`
	Class   gate.Class   `json:"class"`
	Commit  string       `json:"commit"`
	Was     gate.Outcome `json:"was"`
	Is      gate.Outcome `json:"is"`
	Why     gate.Reason  `json:"why"`
}

// simulation is what another policy would have answered.
type simulation struct {
	Decisions int         `json:"decisions"`
	Changed   []simulated `json:"changed"`
}

// Run decides again under the policy; nothing is recorded.
func (cmd gateSimulateCmd) Run(c *cli) error {
	data, err := os.ReadFile(cmd.Policy)
	if err != nil {
		return fmt.Errorf("read policy: %w", err)
	}
	policy, err := gate.ParsePolicy(cmd.Policy, data)
	if err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(cmd.Limit)}}
	for name, value := range map[string]string{"service": cmd.Service, "from": stamp(cmd.From)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var list api.Decisions
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/decisions?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	s := simulation{Changed: []simulated{}}
	for _, d := range list.Decisions {
		if !policy.Concerns(d) {
			continue
		}
		s.Decisions++
		if again := gate.Simulate(policy, d); again.Verdict() != d.Verdict() {
			s.Changed = append(s.Changed, simulated{d.Seq, d.At, d.Change.Service, d.Change.Class, d.Change.Commit, d.Verdict(), again.Verdict(), again.Reason})
		}
	}
	return c.Print(s, func(w io.Writer) { writeSimulation(w, s) })
}

func writeSimulation(out io.Writer, s simulation) {
	fmt.Fprintf(out, "%d of %s would come out otherwise.\n", len(s.Changed), plural(s.Decisions, "decision"))
	if len(s.Changed) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nNO.\tAT\tSERVICE\tCLASS\tCOMMIT\tWAS\tWOULD BE\tREASON")
	for _, d := range s.Changed {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Seq, d.At.UTC().Format(time.DateTime), d.Service, d.Class, d.Commit, d.Was, d.Is, d.Why)
	}
	w.Flush()
	fmt.Fprintln(out, "\nFreezes are as they were: what the policy would have made of them before is not known.")
}
