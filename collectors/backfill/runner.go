package backfill

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"plimsoll/collectors"
	"plimsoll/collectors/promql"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

var (
	// ErrNotFound is returned when there is no such job.
	ErrNotFound = errors.New("there is no such backfill")
	// ErrEnded is returned when a job has ended that was to go on.
	ErrEnded = errors.New("the backfill has ended")
)

// store keeps jobs.
type store interface {
	Next(ctx context.Context) (Job, error)
	Save(ctx context.Context, id int64, p Progress) error
	// Begins returns where the histories begin that other jobs have filled, as far as those begin later than that of a job.
	Begins(ctx context.Context, job Job) (map[slo.Key]time.Time, error)
}

// books keep the events and know the objectives; a [ledger.Ledger] does.
type books interface {
	Objectives() []*slo.Objective
	Commit(*ledger.Batch)
	Cursor(key string) (ledger.Cursor, bool)
	Ref(slo.Key) (ledger.Ref, bool)
}

// Config of a [Runner].
type Config struct {
	Store  store // required
	Ledger books // required
	// Server returns the configured server of a name. Required.
	Server func(name string) (promql.Server, error)
	// Collector counts the samples. Required.
	Collector *collectors.Collector
	// Sync returns when everything that was committed before is durable. Required.
	Sync func(ctx context.Context) error
	// Settle is how long what is new is read, too, so that each series reaches live counting: longer than the longest scrape interval;
	// 5 minutes by default.
	Settle time.Duration
	// Poll is how often new jobs are looked for; 2 s by default.
	Poll time.Duration
	// Stretches a second are read at most; 5 by default.
	Stretches float64
	Now       func() time.Time // [time.Now] when nil
	Logger    *slog.Logger     // [slog.Default] when nil
}

// Runner does jobs, one after the other.
type Runner struct {
	cfg     Config
	limiter *rate.Limiter
}

const (
	defaultSettle    = 5 * time.Minute
	defaultPoll      = 2 * time.Second
	defaultStretches = 5
)

// New makes a runner. It starts nothing.
func New(cfg Config) (*Runner, error) {
	if cfg.Store == nil || cfg.Ledger == nil || cfg.Collector == nil || cfg.Server == nil || cfg.Sync == nil {
		return nil, errors.New("make a runner of backfills: Store, Ledger, Collector, Server and Sync are required")
	}
	cfg.Settle = cmp.Or(cfg.Settle, defaultSettle)
	cfg.Poll = cmp.Or(cfg.Poll, defaultPoll)
	cfg.Stretches = cmp.Or(cfg.Stretches, defaultStretches)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Runner{cfg: cfg, limiter: rate.NewLimiter(rate.Limit(cfg.Stretches), 1)}, nil
}

// Run does jobs until ctx is done. What is left of one then is done by whoever runs next. It belongs to the process whose ledger
// is saved; two at a time would fill two ledgers.
func (r *Runner) Run(ctx context.Context) error {
	failures := 0
	for ctx.Err() == nil {
		job, err := r.cfg.Store.Next(ctx)
		if err == nil {
			err = r.do(ctx, job)
		}
		switch {
		case err == nil:
			failures = 0
		case errors.Is(err, ErrNotFound):
			sleep(ctx, r.cfg.Poll)
		case ctx.Err() == nil:
			failures++
			wait := promql.Pause(failures, err)
			r.cfg.Logger.Warn("backfill interrupted, trying again", "in", wait, "err", err)
			sleep(ctx, wait)
		}
	}
	return nil
}

// do goes on with a job until it ends. Whatever the next attempt may do better is returned as an error.
func (r *Runner) do(ctx context.Context, job Job) error {
	run := &run{Runner: r, job: job, progress: job.Progress}
	err := run.fill(ctx)
	switch {
	case errors.Is(err, ErrEnded):
		r.cfg.Logger.Info("backfill cancelled", "id", job.ID)
		return nil
	case errors.Is(err, ErrInvalid), errors.Is(err, promql.ErrUnknownServer), errors.Is(err, promql.ErrRefused):
		run.progress.Problem = err.Error()
		return run.end(ctx, Failed)
	case err != nil && ctx.Err() == nil:
		run.progress.Problem = err.Error()
		return errors.Join(err, r.cfg.Store.Save(ctx, job.ID, run.progress))
	case err != nil:
		return err
	}
	run.progress.Problem = ""
	return run.end(ctx, Done)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
