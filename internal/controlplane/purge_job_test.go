package controlplane

import (
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"plimsoll/internal/pg/pgtest"
)

// The schedule has the job run at a start, and not again at the next start of the same day.
func TestPurgeIsScheduled(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, migrations()...)
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO incident_requests (ran_at, id) VALUES ('2020-01-01', 'old')`); err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &purgeWorker{pool: pool, now: time.Now, logger: slog.New(slog.DiscardHandler)})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: slog.New(slog.DiscardHandler), Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}},
		Workers: workers, PeriodicJobs: purges(),
	})
	if err != nil {
		t.Fatal(err)
	}
	done, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	defer cancel()
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := <-done; e.Kind != river.EventKindJobCompleted || e.Job.Kind != (purgeArgs{}).Kind() {
		t.Errorf("%s: a job of the kind %q", e.Kind, e.Job.Kind)
	}
	if again, err := client.Insert(t.Context(), purgeArgs{}, nil); err != nil || !again.UniqueSkippedAsDuplicate {
		t.Errorf("asked for again on the same day: %+v, %v", again, err)
	}
	if err := client.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM incident_requests`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d requests are left, %v", left, err)
	}
}
