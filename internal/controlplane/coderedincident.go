package controlplane

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"plimsoll/incidents"
	"plimsoll/slo"
	gatepg "plimsoll/slo/gate/postgres"
)

// codeRedWorker takes a Code Red to its incident: the one that is open about the outage that spent the budget, or one of its own. The gate knows no
// incidents and the incidents know no gate; they meet here.
type codeRedWorker struct {
	river.WorkerDefaults[gatepg.CodeRedIncident]
	outages
	now func() time.Time
}

// codeRedSeverity is that of an incident which stops releases but not the service.
const codeRedSeverity = 2

// Work does so once, however often the job runs, and puts the summary on the timeline.
func (w *codeRedWorker) Work(ctx context.Context, job *river.Job[gatepg.CodeRedIncident]) error {
	return w.alone(ctx, func() error { return cancelIfInput(w.take(ctx, job.Args)) })
}

func (w *codeRedWorker) take(ctx context.Context, a gatepg.CodeRedIncident) error {
	by := incidents.Caller{Subject: "gate", System: true, RequestID: codeRedID(a.Service, a.Environment, a.Freeze)}
	inc, _, ok, err := w.went(ctx, by.RequestID)
	if err == nil && !ok {
		inc, err = w.place(ctx, a, by)
	}
	if err != nil {
		return err
	}
	by.RequestID += "/summary"
	if _, _, err = w.store.Do(ctx, inc.Ref, incidents.Note{Text: a.Summary}, by); err != nil {
		return fmt.Errorf("note the summary on %s: %w", inc.Ref, err)
	}
	return nil
}

// place runs the request by which [codeRedID] names the incident of a Code Red.
func (w *codeRedWorker) place(ctx context.Context, a gatepg.CodeRedIncident, by incidents.Caller) (incidents.Incident, error) {
	var keys []slo.Key
	for _, o := range a.Objectives {
		keys = append(keys, slo.Key(o))
	}
	to, k, err := w.find(ctx, keys, w.now())
	if err != nil {
		return to, err
	}
	if k == sameOutage {
		return w.join(ctx, to, a, by)
	}
	inc, _, err := w.store.Declare(ctx, incidents.Declare{
		Title: a.Title, Severity: codeRedSeverity, Services: []string{a.Service}, Objectives: keys,
		Source: incidents.SourceCodeRed, DedupKey: by.RequestID,
	}, by)
	if err != nil {
		return inc, fmt.Errorf("declare incident: %w", err)
	}
	if k != stranger {
		err = w.link(ctx, inc.Ref, to.Ref, by)
	}
	return inc, err
}

// join makes a Code Red a part of an open incident, which is at least as severe from then on.
func (w *codeRedWorker) join(ctx context.Context, inc incidents.Incident, a gatepg.CodeRedIncident, by incidents.Caller) (incidents.Incident, error) {
	joins := incidents.Happened{Kind: incidents.KindDecision, Text: a.Title + ". It is a part of this, which is about the same objective.", Source: a.Environment}
	inc, _, err := w.store.Do(ctx, inc.Ref, joins, by)
	if err != nil {
		return inc, fmt.Errorf("join %s: %w", inc.Ref, err)
	}
	if inc.Severity.Set() && inc.Severity <= codeRedSeverity {
		return inc, nil
	}
	by.RequestID += "/severity"
	if inc, _, err = w.store.Do(ctx, inc.Ref, incidents.SetSeverity{Severity: codeRedSeverity, Reason: a.Title}, by); err != nil {
		return inc, fmt.Errorf("raise the severity of %s: %w", inc.Ref, err)
	}
	return inc, nil
}
