package reminders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
)

// Args is the job of telling one reminder.
type Args struct {
	Key string `json:"key"`
}

// Kind names the job.
func (Args) Kind() string { return "reminder" }

// InsertOpts bound the attempts: with River's waits twelve span some eleven hours, so that a channel may be down for a night.
func (Args) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 12} }

// Notify tells responders. The same reminder may come again after a crash. An error is tried again later.
type Notify func(ctx context.Context, r Reminder) error

// WorkerConfig of the worker that [AddWorkers] registers.
type WorkerConfig struct {
	Pool    *pgxpool.Pool    // required; migrated
	Sources []Source         // those of the runner
	Notify  Notify           // required
	Now     func() time.Time // time.Now when nil
}

// AddWorkers registers the work of this package with a River client that is being set up.
func AddWorkers(workers *river.Workers, cfg WorkerConfig) error {
	if cfg.Pool == nil || cfg.Notify == nil {
		return errors.New("telling reminders needs a database and somebody to tell")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return river.AddWorkerSafely(workers, &worker{cfg: cfg})
}

type worker struct {
	river.WorkerDefaults[Args]
	cfg WorkerConfig
}

// Timeout bounds one attempt.
func (w *worker) Timeout(*river.Job[Args]) time.Duration { return 30 * time.Second }

// Work tells one reminder, unless what it asks for was done meanwhile.
func (w *worker) Work(ctx context.Context, job *river.Job[Args]) error {
	var ended bool
	if err := w.cfg.Pool.QueryRow(ctx, `SELECT told_at IS NOT NULL OR settled_at IS NOT NULL FROM reminders WHERE key = $1`, job.Args.Key).Scan(&ended); err != nil {
		return fmt.Errorf("read reminder %s: %w", job.Args.Key, err)
	}
	if ended {
		return nil
	}
	reminder, due, err := w.due(ctx, job.Args.Key)
	if err != nil {
		return err
	}
	column := "settled_at"
	if due {
		column = "told_at"
		if err := w.cfg.Notify(ctx, reminder); err != nil {
			return fmt.Errorf("tell reminder %s: %w", reminder.Key, err)
		}
	}
	if _, err := w.cfg.Pool.Exec(ctx, `UPDATE reminders SET `+column+` = $2 WHERE key = $1`, job.Args.Key, w.cfg.Now()); err != nil {
		return fmt.Errorf("end reminder %s: %w", job.Args.Key, err)
	}
	return nil
}

// due looks whether a reminder is overdue still.
func (w *worker) due(ctx context.Context, key string) (Reminder, bool, error) {
	for _, source := range w.cfg.Sources {
		all, err := source(ctx, w.cfg.Now())
		if err != nil {
			return Reminder{}, false, fmt.Errorf("look whether %s is overdue still: %w", key, err)
		}
		for _, r := range all {
			if r.Key == key {
				return r, true, nil
			}
		}
	}
	return Reminder{}, false, nil
}
