package controlplane

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"plimsoll/incidents"
	"plimsoll/incidents/reminders"
	"plimsoll/slo/gate"
	gatepg "plimsoll/slo/gate/postgres"
)

// codeRedID is the request that declares the incident of a Code Red.
func codeRedID(service, environment string, freeze int64) string {
	return fmt.Sprintf("code-red/%s/%s/%d", service, environment, freeze)
}

// codeRedIncident returns the incident of the present or last Code Red, or what it was merged into. Nobody sees a private one: what the gate
// told of it would disclose it.
func (a *App) codeRedIncident(ctx context.Context, service, environment string) (incidents.Incident, bool, error) {
	freezes, err := a.gate.Freezes(ctx)
	if err != nil {
		return incidents.Incident{}, false, err
	}
	for _, s := range freezes {
		if s.Service == service && s.Environment == environment {
			return a.incidentOf(ctx, s)
		}
	}
	return incidents.Incident{}, false, nil
}

func (a *App) incidentOf(ctx context.Context, s gate.State) (incidents.Incident, bool, error) {
	if s.Freeze == 0 {
		return incidents.Incident{}, false, nil
	}
	inc, _, ok, err := a.incidents.Request(ctx, incidents.Viewer{}, codeRedID(s.Service, s.Environment, s.Freeze))
	if err != nil || !ok || inc.MergedInto == 0 {
		return inc, ok, err
	}
	inc, err = whole(ctx, a.incidents, incidents.Viewer{}, inc.MergedInto)
	if errors.Is(err, incidents.ErrNotFound) {
		return inc, false, nil
	}
	return inc, err == nil, err
}

// response tells the gate how people respond to a Code Red.
func (a *App) response(ctx context.Context, s gate.State) (gate.Response, error) {
	var r gate.Response
	inc, ok, err := a.incidentOf(ctx, s)
	if err != nil {
		return r, err
	}
	if ok {
		r.Incident, r.Commander, r.LastUpdate = inc.Ref.String(), inc.Roles[incidents.Commander], inc.LastUpdate
		r.Resolved, r.Closed = !inc.State.Open(), inc.State == incidents.Closed
	}
	verified, err := gateIncidents{a.incidents, a.postmortems}.verifiedItems(ctx, s.Service, s.Since)
	r.VerifiedItems = len(verified)
	return r, err
}

// followUpWorker brings the follow-up of a used override to the incident that is open on its service, that of its Code Red first. Where none
// is open it stays with the override, where it is owed and reported all the same.
type followUpWorker struct {
	river.WorkerDefaults[gatepg.OverrideFollowUp]
	app *App
}

// Work does so once, however often the job runs.
func (w *followUpWorker) Work(ctx context.Context, job *river.Job[gatepg.OverrideFollowUp]) error {
	o := job.Args.Override
	inc, ok, err := w.incident(ctx, o)
	if err != nil || !ok {
		return err
	}
	inc, _, err = w.app.incidents.Do(ctx, inc.Ref, incidents.AddTask{Kind: incidents.TaskFollowUp, Text: o.FollowUp.Text, Owner: o.FollowUp.Owner, Due: o.FollowUp.Due},
		incidents.Caller{Subject: "gate", System: true, RequestID: fmt.Sprintf("override/%d/follow-up", o.ID)})
	if err != nil {
		return cancelIfInput(fmt.Errorf("add the follow-up of override %d to %s: %w", o.ID, inc.Ref, err))
	}
	for _, t := range inc.Tasks {
		if t.Text == o.FollowUp.Text {
			_, err = w.app.gate.AttachFollowUp(ctx, o.ID, fmt.Sprintf("%s task %d", inc.Ref, t.Number))
		}
	}
	return err
}

func (w *followUpWorker) incident(ctx context.Context, o gate.Override) (incidents.Incident, bool, error) {
	if inc, ok, err := w.app.codeRedIncident(ctx, o.Service, o.Environment); err != nil || ok && inc.State.Open() {
		return inc, ok, err
	}
	open, err := w.app.incidents.Open(ctx, incidents.Viewer{}, o.Service)
	if err != nil {
		return incidents.Incident{}, false, fmt.Errorf("read open incidents: %w", err)
	}
	for _, i := range open {
		if !i.Drill {
			return i, true, nil
		}
	}
	return incidents.Incident{}, false, nil
}

// lateFollowUps are the reminders of follow-ups that overrides owe and that are overdue.
func (a *App) lateFollowUps(ctx context.Context, now time.Time) ([]reminders.Reminder, error) {
	list, err := a.gate.OverridesBetween(ctx, "", now, now)
	if err != nil {
		return nil, err
	}
	var due []reminders.Reminder
	for _, o := range list {
		f := o.FollowUp
		if f == nil || f.DoneAt != nil || !now.After(f.Due) {
			continue
		}
		where, _, _ := strings.Cut(f.Ref, " ")
		ref, _ := incidents.ParseRef(where) // none where it is worked on nowhere else
		due = append(due, reminders.Reminder{
			Key: fmt.Sprintf("override/%d/follow-up", o.ID), Incident: ref, Kind: "override_follow_up_overdue", Due: f.Due,
			Text: fmt.Sprintf("%s owes the follow-up of override %d of %s since %s.", f.Owner, o.ID, o.Service, f.Due.UTC().Format("2006-01-02 15:04 UTC")),
		})
	}
	return due, nil
}

// addGateWorkers registers the work that the gate asks for.
func (a *App) addGateWorkers(workers *river.Workers) error {
	return errors.Join(
		river.AddWorkerSafely(workers, &codeRedWorker{outages: outages{a.pool, a.incidents}, now: time.Now}),
		river.AddWorkerSafely(workers, &freezeNoticeWorker{app: a}),
		river.AddWorkerSafely(workers, &freezeWordWorker{cfg: a.cfg}),
		river.AddWorkerSafely(workers, &followUpWorker{app: a}),
	)
}
