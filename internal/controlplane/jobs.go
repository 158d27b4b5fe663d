package controlplane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/internal/telemetry"
	"plimsoll/slo"
	gatepg "plimsoll/slo/gate/postgres"
)

// jobWorkers is how many jobs run at once.
const jobWorkers = 8

// deadLettersKept is how long jobs are kept that were given up.
const deadLettersKept = 30 * 24 * time.Hour

// repeat is after how much time the library of the jobs may say again what it has said: without the database it has something to say each second.
const repeat = time.Minute

// newJobs makes the client of the durable jobs, with every worker of the control plane.
func (a *App) newJobs() (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	if err := a.addGateWorkers(workers); err != nil {
		return nil, fmt.Errorf("add worker: %w", err)
	}
	if err := river.AddWorkerSafely(workers, &deployToldWorker{store: a.incidents}); err != nil {
		return nil, fmt.Errorf("add worker: %w", err)
	}
	if err := errors.Join(a.addSlackWorkers(workers), a.addDraftWorker(workers)); err != nil {
		return nil, err
	}
	if err := a.addOutreachWorkers(workers); err != nil {
		return nil, err
	}
	if err := addAlertWorkers(workers, a.pool, a.cfg.Alerts, a.incidents); err != nil {
		return nil, err
	}
	if err := a.addReviewWorkers(workers); err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(a.pool), &river.Config{
		Logger:  telemetry.Sparse(telemetry.Quiet(a.logger, slog.LevelWarn), repeat),
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobWorkers}},
		Workers: workers,
		// A notice that a receiver refused on a Friday is still there when people are back; River forgets it after a day.
		CancelledJobRetentionPeriod: deadLettersKept, DiscardedJobRetentionPeriod: deadLettersKept,
	})
	if err != nil {
		return nil, fmt.Errorf("set up jobs: %w", err)
	}
	return client, nil
}

// runJobs works on jobs until ctx is done, and then finishes those under way.
func (a *App) runJobs(ctx context.Context) error {
	if err := a.jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if err := a.jobs.Stop(grace); err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	return a.jobs.StopAndCancel(last) // what was cancelled is tried again at the next start
}

// codeRedWorker opens the incident of a Code Red. The gate knows no incidents and the incidents know no gate; they meet here.
type codeRedWorker struct {
	river.WorkerDefaults[gatepg.CodeRedIncident]
	store *incidentspg.Store
}

// codeRedSeverity is that of an incident which stops releases but not the service.
const codeRedSeverity = 2

// Work declares the incident once, however often the job runs, and puts the summary on its timeline.
func (w *codeRedWorker) Work(ctx context.Context, job *river.Job[gatepg.CodeRedIncident]) error {
	a := job.Args
	var keys []slo.Key
	for _, o := range a.Objectives {
		keys = append(keys, slo.Key(o))
	}
	id := codeRedID(a.Service, a.Environment, a.Freeze)
	inc, _, err := w.store.Declare(ctx, incidents.Declare{
		Title: a.Title, Severity: codeRedSeverity, Services: []string{a.Service}, Objectives: keys,
		Source: incidents.SourceCodeRed, DedupKey: id,
	}, incidents.Caller{Subject: "gate", System: true, RequestID: id})
	if err != nil {
		return cancelIfInput(fmt.Errorf("declare incident: %w", err))
	}
	_, _, err = w.store.Do(ctx, inc.Ref, incidents.Note{Text: a.Summary}, incidents.Caller{Subject: "gate", System: true, RequestID: id + "/summary"})
	if err != nil {
		return cancelIfInput(fmt.Errorf("note the summary on %s: %w", inc.Ref, err))
	}
	return nil
}

// cancelIfInput gives a job up whose values will not be taken at the next attempt either.
func cancelIfInput(err error) error {
	if input := (*incidents.InputError)(nil); errors.As(err, &input) {
		return river.JobCancel(err)
	}
	return err
}
