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
	"plimsoll/internal/telemetry"
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
	if err := river.AddWorkerSafely(workers, &purgeWorker{pool: a.pool, now: time.Now, logger: a.logger}); err != nil {
		return nil, fmt.Errorf("add worker: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(a.pool), &river.Config{
		Logger:  telemetry.Sparse(telemetry.Quiet(a.logger, slog.LevelWarn), repeat),
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobWorkers}},
		Workers: workers, PeriodicJobs: purges(),
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

// cancelIfInput gives a job up whose values will not be taken at the next attempt either.
func cancelIfInput(err error) error {
	if input := (*incidents.InputError)(nil); errors.As(err, &input) {
		return river.JobCancel(err)
	}
	return err
}
