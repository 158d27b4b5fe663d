package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
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
	// Poll is how often new jobs are looked for, and tried again what did not work; 2 s by default.
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
	for ctx.Err() == nil {
		job, err := r.cfg.Store.Next(ctx)
		if err == nil {
			err = r.do(ctx, job)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrNotFound) {
			r.cfg.Logger.Warn("backfill interrupted, trying again", "err", err)
		}
		if err != nil {
			sleep(ctx, r.cfg.Poll)
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
	case errors.Is(err, ErrInvalid), errors.Is(err, promql.ErrUnknownServer):
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

// run is one attempt at a job.
type run struct {
	*Runner
	job      Job
	progress Progress
}

func (r *run) end(ctx context.Context, state State) error {
	r.progress.State, r.progress.EndedAt = state, r.cfg.Now()
	if err := r.cfg.Store.Save(ctx, r.job.ID, r.progress); err != nil && !errors.Is(err, ErrEnded) {
		return err
	}
	r.cfg.Logger.Info("backfill ended", "id", r.job.ID, "state", state, "samples", r.progress.Samples, "problem", r.progress.Problem)
	return nil
}

// fill reads from the position of the job to the present, and then what is new until the series have met live counting.
func (r *run) fill(ctx context.Context) error {
	server, err := r.server()
	if err != nil {
		return err
	}
	for {
		objectives, err := Choose(r.job.Spec, r.cfg.Ledger.Objectives())
		if err != nil {
			return err
		}
		r.progress.Filled = keys(objectives)
		pump, err := r.pump(server, objectives)
		if err != nil {
			return err
		}
		switch err := r.read(ctx, pump, fingerprint(objectives)); {
		case errors.Is(err, errChanged):
			r.cfg.Logger.Info("backfill begins again, because objectives have changed", "id", r.job.ID)
		default:
			return err
		}
	}
}

// errChanged is returned when what is to be filled is not what it was.
var errChanged = errors.New("the objectives have changed")

// read moves the pump until it has met live counting.
func (r *run) read(ctx context.Context, pump *promql.Pump, filled int64) error {
	met := time.Time{} // the present, when it was reached
	for {
		if err := r.limiter.Wait(ctx); err != nil {
			return err
		}
		now := r.cfg.Now()
		if present, err := Choose(r.job.Spec, r.cfg.Ledger.Objectives()); err != nil || fingerprint(present) != filled {
			return cmp.Or(err, errChanged)
		}
		to := now.Add(-pump.Delay())
		samples, err := pump.Advance(ctx, r.job.From, to)
		if err != nil {
			return err
		}
		position, _ := pump.Position()
		r.progress.State, r.progress.Position, r.progress.Until, r.progress.Problem = Filling, position, to, ""
		r.progress.Samples += int64(samples)
		caughtUp := !position.Before(to.Truncate(time.Second))
		if caughtUp && met.IsZero() {
			met = now
		}
		if !met.IsZero() {
			r.progress.State = Meeting
		}
		if err := r.cfg.Store.Save(ctx, r.job.ID, r.progress); err != nil {
			return err
		}
		switch {
		case caughtUp && now.Sub(met) >= r.cfg.Settle:
			return r.cfg.Sync(ctx)
		case caughtUp:
			sleep(ctx, min(r.cfg.Poll, r.cfg.Settle))
		}
	}
}

// server returns where history is read from.
func (r *run) server() (promql.Server, error) {
	if r.job.Source != "" {
		return r.cfg.Server(r.job.Source)
	}
	return promql.Server{Name: r.job.URL, URL: r.job.URL}, nil
}

// pump returns what reads the history of some objectives. Its position belongs to the job and to what is filled: with other objectives it
// begins anew.
func (r *run) pump(server promql.Server, objectives []*slo.Objective) (*promql.Pump, error) {
	sources := map[string]bool{}
	var appenders []storage.AppendableV2
	var raw []*slo.Objective
	for _, o := range objectives {
		if source := o.Indicator.Source; !sources[source] {
			sources[source] = true
			appenders = append(appenders, r.cfg.Collector.From(source).History())
		}
		if collectors.Raw(o.Indicator) {
			raw = append(raw, o)
		}
	}
	wanted := selectors(raw)
	return promql.NewPump(server, promql.Into{
		Key:        fmt.Sprintf("backfill %d %x", r.job.ID, fingerprint(objectives)),
		Appenders:  appenders,
		Ledger:     r.cfg.Ledger,
		Selectors:  func() [][]*labels.Matcher { return wanted },
		Objectives: func() []*slo.Objective { return objectives },
		History:    true,
		Now:        r.cfg.Now,
	})
}

func keys(objectives []*slo.Objective) []slo.Key {
	keys := make([]slo.Key, len(objectives))
	for i, o := range objectives {
		keys[i] = o.Key
	}
	slices.Sort(keys)
	return keys
}
