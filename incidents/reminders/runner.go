package reminders

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/internal/loops"
	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations create the table of reminders.
var Migrations = pg.Migrations{Name: "reminders", FS: migrations}

// DefaultEvery is how often the sources are looked at.
const DefaultEvery = 5 * time.Second

// jobs inserts a job in the transaction that caused it; a river.Client[pgx.Tx] is one.
type jobs interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Config of a [Runner].
type Config struct {
	Pool    *pgxpool.Pool    // required; migrated
	Jobs    jobs             // required
	Sources []Source         // at least one
	Every   time.Duration    // DefaultEvery when zero
	Now     func() time.Time // time.Now when nil
	Logger  *slog.Logger     // slog.Default when nil
}

// Runner keeps what is overdue and hands it to the durable jobs. One process at a time should run it; more do no harm.
type Runner struct{ cfg Config }

// New makes a runner.
func New(cfg Config) (*Runner, error) {
	if cfg.Pool == nil || cfg.Jobs == nil || len(cfg.Sources) == 0 {
		return nil, errors.New("reminders need a database, jobs and a source")
	}
	cfg.Every = cmp.Or(cfg.Every, DefaultEvery)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Runner{cfg: cfg}, nil
}

// Run looks at the sources again and again until ctx is done. A source that cannot be read is logged and tried again.
func (r *Runner) Run(ctx context.Context) error {
	return loops.Repeat(ctx, r.cfg.Every, r.cfg.Logger, "reminders not looked at", r.Look)
}

// Look looks at every source once. A source that fails keeps the others from nothing.
func (r *Runner) Look(ctx context.Context) error {
	var problems []error
	for _, source := range r.cfg.Sources {
		due, err := source(ctx, r.cfg.Now())
		problems = append(problems, err)
		for _, reminder := range due {
			problems = append(problems, r.keep(ctx, reminder))
		}
	}
	return errors.Join(problems...)
}

// keep remembers an occasion and makes its job, unless it is known.
func (r *Runner) keep(ctx context.Context, reminder Reminder) error {
	err := pgx.BeginFunc(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO reminders (key, incident, kind, text, due_at, made_at)
			VALUES ($1, nullif($2, 0), $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING`,
			reminder.Key, int64(reminder.Incident), reminder.Kind, reminder.Text, reminder.Due, r.cfg.Now())
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		_, err = r.cfg.Jobs.InsertTx(ctx, tx, Args{Key: reminder.Key}, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep reminder %s: %w", reminder.Key, err)
	}
	return nil
}
