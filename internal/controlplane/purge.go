package controlplane

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	alertspg "plimsoll/alerts/postgres"
	backfillpg "plimsoll/collectors/backfill/postgres"
	incidentspg "plimsoll/incidents/postgres"
	postmortempg "plimsoll/incidents/postmortem/postgres"
	"plimsoll/incidents/reminders"
)

const (
	// day is how often rows are purged, and the grain of how long they are kept.
	day = 24 * time.Hour
	// noticesKept is how long it can be seen who was told what of an alert that is over.
	noticesKept = 90 * day
	// workKept is how long it is known what was done already: requests, reminders, backfills. It is the longest retention of events, so that
	// nothing is forgotten about what can still be seen.
	workKept = maxRetention
)

// retention is how long the rows of a table are kept. All tables that grow without end and are no audit log have a rule here, but for those of
// the ledger, whose checkpoints delete what has left the retention of events, and of the jobs, which River deletes.
type retention struct {
	what string
	kept time.Duration
	// purge deletes what is from before an instant and returns how many rows that were.
	purge func(ctx context.Context, pool *pgxpool.Pool, before time.Time) (int64, error)
}

func retentions() []retention {
	return []retention{
		{"notices", noticesKept, alertspg.Purge},
		{"requests about incidents", workKept, incidentspg.Purge},
		{"requests about postmortems", workKept, postmortempg.Purge},
		{"reminders", workKept, reminders.Purge},
		{"backfills", workKept, backfillpg.Purge},
	}
}

// purgeArgs is the job that deletes what nobody needs any more.
type purgeArgs struct{}

// Kind names the job.
func (purgeArgs) Kind() string { return "purge" }

// InsertOpts make it run once a day, whichever process asks for it and however often it starts.
func (purgeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: day}}
}

// purges has the job inserted at a start and every day.
func purges() []*river.PeriodicJob {
	return []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(day),
		func() (river.JobArgs, *river.InsertOpts) { return purgeArgs{}, nil }, &river.PeriodicJobOpts{RunOnStart: true})}
}

type purgeWorker struct {
	river.WorkerDefaults[purgeArgs]
	pool   *pgxpool.Pool
	now    func() time.Time
	logger *slog.Logger
}

// Work purges all tables. One that cannot be purged keeps no other from it.
func (w *purgeWorker) Work(ctx context.Context, _ *river.Job[purgeArgs]) error {
	var problems []error
	for _, r := range retentions() {
		n, err := r.purge(ctx, w.pool, w.now().Add(-r.kept))
		problems = append(problems, err)
		if n > 0 {
			w.logger.Info("purged", "what", r.what, "rows", n, "kept", r.kept)
		}
	}
	return errors.Join(problems...)
}
