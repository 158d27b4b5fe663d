package controlplane

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
	deployspg "plimsoll/slo/gate/deploys/postgres"
)

const (
	// recentAllows is in how many of the last allows the decision that let a deploy out is looked for.
	recentAllows = 200
	// clockSkew is by how much the clock of whoever tells of a deploy may be behind.
	clockSkew = time.Minute
)

// buildDeploys makes the record of deploys, which refer to decisions of the gate.
func (a *App) buildDeploys() (err error) {
	a.deploys, err = deployspg.New(deployspg.Config{Pool: a.pool, Services: a.services, Decision: a.decision, Allowed: a.allowed, Jobs: a.jobs})
	return err
}

// services are those that have an objective.
func (a *App) services() (names []string) {
	for _, o := range a.ledger.Objectives() {
		names = append(names, o.Service)
	}
	return names
}

// decision returns the decision at a place in the audit log.
func (a *App) decision(ctx context.Context, seq int64) (gate.Decision, error) {
	found, err := a.gate.Decisions(ctx, gate.Filter{Before: seq + 1, Limit: 1})
	if err != nil {
		return gate.Decision{}, err
	}
	if len(found) == 0 || found[0].Seq != seq {
		return gate.Decision{}, fmt.Errorf("entry %d of the audit log is not a decision", seq)
	}
	return found[0], nil
}

// allowed returns the newest of the last allows that let a commit out before an instant; 0 if there is none.
func (a *App) allowed(ctx context.Context, c gate.Change, before time.Time) (int64, error) {
	found, err := a.gate.Decisions(ctx, gate.Filter{Service: c.Service, Environment: c.Environment, Outcome: gate.Allow, To: before.Add(clockSkew), Limit: recentAllows})
	if err != nil {
		return 0, err
	}
	for _, d := range found {
		if d.Change.Commit == c.Commit {
			return d.Seq, nil
		}
	}
	return 0, nil
}

func (a *App) deploysOf(ctx context.Context, service string, from, to time.Time) ([]deploys.Deploy, error) {
	return a.deploys.List(ctx, deploys.Filter{Service: service, From: from, To: to})
}

// deployToldWorker puts what happened to a deploy on the timelines of the incidents that are open on its service.
type deployToldWorker struct {
	river.WorkerDefaults[deployspg.Told]
	store *incidentspg.Store
}

// Work does so once for each incident, however often the job runs.
func (w *deployToldWorker) Work(ctx context.Context, job *river.Job[deployspg.Told]) error {
	d, e := job.Args.Deploy, job.Args.Event
	open, err := w.store.Open(ctx, incidents.Viewer{System: true}, d.Service)
	if err != nil {
		return fmt.Errorf("read open incidents: %w", err)
	}
	for _, i := range open {
		by := incidents.Caller{Subject: "deploys", System: true, RequestID: fmt.Sprintf("deploy/%s/%s/%s/%d", d.Ref, e.Kind, i.Ref, e.At.UnixMicro())}
		if _, _, err := w.store.Do(ctx, i.Ref, incidents.Happened{Kind: incidents.KindDeploy, Text: toldText(d, e), Source: d.Ref.String(), At: e.At}, by); err != nil {
			return cancelIfInput(fmt.Errorf("put %s on the timeline of %s: %w", d.Ref, i.Ref, err))
		}
	}
	return nil
}

var toldVerbs = map[deploys.Kind]string{deploys.Start: "started", deploys.Finish: "finished", deploys.Fail: "failed", deploys.RollBack: "was rolled back"}

// toldText says what happened to a deploy.
func toldText(d deploys.Deploy, e deploys.Event) string {
	text := fmt.Sprintf("%s %s: %s %s", d.Ref, toldVerbs[e.Kind], d.Class, d.Title())
	if d.Author != "" {
		text += " by " + d.Author
	}
	if e.Reason != "" {
		text += " (" + strings.TrimSuffix(e.Reason, ".") + ")"
	}
	return text + "."
}
