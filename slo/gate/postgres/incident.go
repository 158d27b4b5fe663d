package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
)

// CodeRedIncident is the job that opens the incident of a Code Red. It is inserted in the transaction that begins the
// freeze; whoever owns incidents works it. Freeze identifies the Code Red: an incident for it is opened once.
type CodeRedIncident struct {
	Service     string   `json:"service"`
	Environment string   `json:"environment"`
	Freeze      int64    `json:"freeze"`
	Title       string   `json:"title"`
	Summary     string   `json:"summary"` // plain words, for people outside the team too
	Owners      []string `json:"owners,omitempty"`
	Objectives  []string `json:"objectives"`
}

// Kind names the job.
func (CodeRedIncident) Kind() string { return "code_red_incident" }

// FreezeNotice is the job that tells owners and stakeholders what happened to releases. It is inserted in the transaction in which it
// happened; Seq identifies the event, which is told once.
type FreezeNotice struct {
	Seq         int64          `json:"seq"`
	Event       gate.EventKind `json:"event"`
	Service     string         `json:"service"`
	Environment string         `json:"environment"`
	Title       string         `json:"title"`
	Text        string         `json:"text"`
	Owners      []string       `json:"owners,omitempty"`
}

// Kind names the job.
func (FreezeNotice) Kind() string { return "freeze_notice" }

// tell inserts the jobs for an event: that which opens the incident of a Code Red, and that which tells people. A policy in shadow mode stops
// nothing, so nobody is called.
func (g *Gate) tell(ctx context.Context, tx pgx.Tx, policy *gate.Policy, e gate.Event) error {
	if g.cfg.Jobs == nil || policy.Mode == gate.Shadow {
		return nil
	}
	if e.Kind == gate.EnteredCodeRed {
		if _, err := g.cfg.Jobs.InsertTx(ctx, tx, codeRedIncident(policy, e), nil); err != nil {
			return fmt.Errorf("insert job for incident: %w", err)
		}
	}
	if n, ok := policy.Notice(e); ok {
		job := FreezeNotice{e.Seq, e.Kind, e.Service, e.Environment, n.Title, n.Text, n.Owners}
		if _, err := g.cfg.Jobs.InsertTx(ctx, tx, job, nil); err != nil {
			return fmt.Errorf("insert job for notice: %w", err)
		}
	}
	return nil
}

func codeRedIncident(policy *gate.Policy, e gate.Event) CodeRedIncident {
	job := CodeRedIncident{Service: e.Service, Environment: e.Environment, Freeze: e.Seq}
	var names []string
	for _, f := range e.Objectives {
		names = append(names, f.Name)
		job.Objectives = append(job.Objectives, string(f.Objective))
		if f.Owner != "" {
			job.Owners = append(job.Owners, f.Owner)
		}
	}
	job.Title = fmt.Sprintf("Code Red: %s has spent the error budget of %s", e.Service, strings.Join(names, " and "))
	job.Summary = fmt.Sprintf("Releases of %s to %s are frozen since %s, because %s. "+
		"Only %s still go out; %s. An incident commander is to be named.",
		e.Service, e.Environment, e.At.UTC().Format("15:04 UTC on 2 January"), e.Reason, policy.Exemptions(), policy.FreezeEnds())
	return job
}
