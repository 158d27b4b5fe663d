package sqlcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/internal/loops"
)

// Config of a [Checker].
type Config struct {
	// Appender receives the events. It must take samples however old they are, because a check catches up. Required.
	Appender storage.AppendableV2
	// Last returns the time, in Unix milliseconds, of the newest sample of a series that was counted, also before a restart. Required.
	Last func(labels.Labels) (t int64, ok bool)
	// Checks to begin with.
	Checks []Check
	// Registerer receives the metrics; nil registers none.
	Registerer prometheus.Registerer
	// Now tells the time; [time.Now] when nil.
	Now func() time.Time
	// Logger; [slog.Default] when nil.
	Logger *slog.Logger
}

// Checker asks databases for the events of its checks. It is safe for concurrent use.
type Checker struct {
	appender storage.AppendableV2
	newest   func(labels.Labels) (int64, bool)
	metrics  *metrics
	now      func() time.Time
	logger   *slog.Logger
	loops    *loops.Set[Check]

	applying sync.Mutex // one Apply at a time

	mu     sync.Mutex
	states map[string]*state // by name of the check
}

// New makes a checker. Nothing is asked before [Checker.Run].
func New(cfg Config) (*Checker, error) {
	if cfg.Appender == nil || cfg.Last == nil {
		return nil, errors.New("make a checker: Appender and Last are required")
	}
	c := &Checker{
		appender: cfg.Appender, newest: cfg.Last, metrics: newMetrics(cfg.Registerer), now: cfg.Now,
		logger: cmp.Or(cfg.Logger, slog.Default()), states: map[string]*state{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.loops = loops.New(c.loop, func(a, b Check) bool { return a == b })
	if err := c.Apply(cfg.Checks); err != nil {
		return nil, fmt.Errorf("make a checker: %w", err)
	}
	return c, nil
}

// Run asks until ctx is done; a question that is under way then is broken off and counts nothing. It may run again afterwards.
func (c *Checker) Run(ctx context.Context) error {
	c.loops.Run(ctx)
	return nil
}

// Apply replaces the checks, or changes nothing if the address of a database is missing. Checks that stay the same go on undisturbed;
// one that has changed goes on where it was.
func (c *Checker) Apply(checks []Check) error {
	definitions := map[string]Check{}
	var problems []error
	for _, check := range checks {
		if _, err := check.Database.config(); err != nil {
			problems = append(problems, fmt.Errorf("check %q: %w", check.Name, err))
		}
		if _, ok := definitions[check.Name]; ok {
			problems = append(problems, fmt.Errorf("check %q: there are two of that name", check.Name))
		}
		definitions[check.Name] = check
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("apply SQL checks: %w", err)
	}
	c.applying.Lock()
	defer c.applying.Unlock()
	c.remember(definitions)
	c.loops.Apply(definitions)
	c.forget(definitions)
	return nil
}

// loop asks one check until ctx is done.
func (c *Checker) loop(ctx context.Context, check Check) {
	run := &run{Checker: c, check: check, series: check.series(), state: c.stateOf(check.Name)}
	run.last = run.state.resume(run.series.last(c.newest))
	for {
		wait := run.turn(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// run is one check while it goes on.
type run struct {
	*Checker
	check  Check
	series series
	state  *state
	last   time.Time // everything up to here is counted

	examined bool // what the role may do
}

// maxRetry is how long a check waits at most until it asks again after a failure.
const maxRetry = time.Minute

// turn asks for all intervals that are due and returns how long to wait until the next turn.
func (r *run) turn(ctx context.Context) time.Duration {
	var conn *pgx.Conn
	defer func() {
		if conn != nil {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
			defer cancel()
			_ = conn.Close(closing)
		}
	}()
	for {
		now := r.now()
		next, skipped, ready := r.check.due(r.last, now)
		if skipped > 0 {
			r.skip(next.from, skipped)
		}
		if now.Before(ready) {
			return ready.Sub(now) + spread(&r.check)
		}
		err := r.count(ctx, &conn, next)
		if err != nil && ctx.Err() != nil {
			return 0
		}
		r.state.asked(now, next.to, err)
		r.metrics.asked(r.check.Name, err)
		r.metrics.behind(r.check.Name, r.last, now)
		if err != nil {
			r.logger.Warn("SQL check has no answer", "check", r.check.Name, "from", next.from, "to", next.to, "err", err)
			return min(r.check.Every, maxRetry)
		}
	}
}

// count asks for an interval and books its events. Conn is opened when it is first needed.
func (r *run) count(ctx context.Context, conn **pgx.Conn, next interval) (err error) {
	if *conn == nil {
		if *conn, err = r.check.Database.connect(ctx, r.check.Timeout); err != nil {
			return err
		}
		r.examine(ctx, *conn)
	}
	e, err := r.check.ask(ctx, *conn, next)
	if err != nil {
		return err
	}
	if err := r.series.book(ctx, r.appender, next, e); err != nil {
		return &failure{reasonLedger, err}
	}
	r.last = next.to
	return nil
}

// skip gives up what is too old to be caught up with.
func (r *run) skip(until time.Time, by time.Duration) {
	r.logger.Warn("SQL check gives up intervals that are older than it catches up", "check", r.check.Name, "from", r.last, "until", until)
	r.metrics.skipped(r.check.Name, by)
	r.last = until
}

// examine finds out once whether the role may do more than it should. That is advice: without an answer the check goes on.
func (r *run) examine(ctx context.Context, conn *pgx.Conn) {
	if r.examined {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.check.Timeout+grace)
	defer cancel()
	warning, err := mayWrite(ctx, conn)
	if r.examined = err == nil; !r.examined {
		return
	}
	if r.state.warn(warning) && warning != "" {
		r.logger.Warn("SQL check could write to its database", "check", r.check.Name, "warning", warning)
	}
}

// spread is by how much a check comes later than it could, so that not all ask at the same instant: always the same, at most
// a tenth of its interval and five seconds.
func spread(c *Check) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.Name))
	return time.Duration(h.Sum64() % uint64(min(c.Every/10, 5*time.Second)))
}
