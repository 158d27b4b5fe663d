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

// tell inserts the job for an event that begins Code Red. A policy in shadow mode stops nothing, so nobody is called.
func (g *Gate) tell(ctx context.Context, tx pgx.Tx, policy *gate.Policy, e gate.Event) error {
	if g.cfg.Jobs == nil || policy.Mode == gate.Shadow {
		return nil
	}
	if _, err := g.cfg.Jobs.InsertTx(ctx, tx, codeRedIncident(policy, e), nil); err != nil {
		return fmt.Errorf("insert job for incident: %w", err)
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
