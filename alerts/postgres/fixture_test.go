package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/alerts"
	"plimsoll/alerts/notify"
	"plimsoll/alerts/postgres"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
)

// burning is a ledger of objectives of which the share of bad events, the same over every lookback, can be set.
type burning struct {
	mu  sync.Mutex
	bad map[slo.Key]int64 // of a thousand
	age time.Duration     // of the newest sample

	policies []slo.AlertPolicy // of every objective
	tiers    []slo.AlertTier   // the same
	unseen   bool              // nothing is observed in any lookback
	unheard  bool              // nor was there ever a sample
}

func (b *burning) set(bad map[slo.Key]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bad = bad
}

func (b *burning) Statuses(at time.Time) []slo.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []slo.Status
	for key, bad := range b.bad {
		o := &slo.Objective{Key: key, Service: key.Service(), DisplayName: string(key), Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}, Alerts: b.policies, AlertTiers: b.tiers}
		s := slo.Status{Objective: o, At: at, Budget: slo.Budget{Remaining: 0.5}, LastSample: at.Add(-b.age)}
		if b.unheard {
			s.LastSample = time.Time{}
		}
		for _, l := range o.Lookbacks() {
			r := slo.Reading{Counts: slo.Counts{Good: 1000 * (1000 - bad), Total: 1_000_000}, Minutes: int64(l / time.Minute), Observed: int64(l / time.Minute)}
			if b.unseen {
				r.Counts, r.Observed = slo.Counts{}, 0
			}
			s.Burn = append(s.Burn, slo.Burn{Lookback: l, Reading: r, Rate: slo.BurnRate(o.Target, r.Counts)})
		}
		all = append(all, s)
	}
	return all
}

// Reader gives no events: none of the objectives here asks what gaps mean.
func (b *burning) Reader(slo.Key) (slo.Reader, bool) { return nil, false }

// inbox is a receiver that keeps what it is told, and fails as long as it is told to.
type inbox struct {
	mu     sync.Mutex
	got    []string // cause, the tiers that fire, previous reference
	fail   error
	newest alerts.Notice
	hold   chan struct{} // delivers nothing before it can be read from, and then what it was given; nil: at once
	held   chan struct{} // has one for each delivery that is held
}

func (i *inbox) Notify(_ context.Context, n alerts.Notice, previous string) (string, error) {
	i.mu.Lock()
	hold := i.hold
	i.mu.Unlock()
	if hold != nil {
		i.held <- struct{}{}
		<-hold
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail != nil {
		return "", i.fail
	}
	i.newest = n
	var firing []string
	for _, e := range n.Firing {
		firing = append(firing, string(e.Objective)+":"+e.Tier)
	}
	i.got = append(i.got, fmt.Sprintf("%s [%s] after %q", n.Cause, strings.Join(firing, " "), previous))
	return fmt.Sprintf("message-%d", len(i.got)), nil
}

// holdUp holds up what is delivered from now on, until the returned function is called.
func (i *inbox) holdUp() (goOn func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	hold := make(chan struct{})
	i.hold, i.held = hold, make(chan struct{}, 10)
	return func() {
		i.mu.Lock()
		i.hold = nil
		i.mu.Unlock()
		close(hold)
	}
}

func (i *inbox) failWith(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = err
}

// wait returns what was told once n more attempts to tell it have ended.
func (f *fixture) wait(t *testing.T, n int) []string {
	t.Helper()
	for range n {
		select {
		case <-f.attempts:
		case <-time.After(time.Minute):
			t.Fatal("nobody was told within a minute")
		}
	}
	f.inbox.mu.Lock()
	defer f.inbox.mu.Unlock()
	return slices.Clone(f.inbox.got)
}

// fixture is an engine with a clock that is set by hand, and its jobs. It works on those that go to incidents.
type fixture struct {
	river.WorkerDefaults[postgres.IncidentArgs]
	pool   *pgxpool.Pool
	ledger *burning
	inbox  *inbox
	client *river.Client[pgx.Tx]
	now    time.Time
	// attempts has an event for each attempt that has ended and is recorded.
	attempts <-chan *river.Event
}

// atOnce tries a job again without a wait.
type atOnce struct{}

func (atOnce) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }

func outcome(err error) (time.Duration, bool) {
	var later *notify.Later
	if errors.As(err, &later) {
		return later.After, true
	}
	return 0, !errors.Is(err, notify.ErrRefused)
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{pool: pgtest.New(t, postgres.Migrations), ledger: &burning{}, inbox: &inbox{}, now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	driver := riverpgxv5.New(f.pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, f); err != nil {
		t.Fatal(err)
	}
	if err := postgres.AddWorkers(workers, f.pool, map[string]*inbox{"sre": f.inbox}, outcome); err != nil {
		t.Fatal(err)
	}
	f.client, err = river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}, Workers: workers, RetryPolicy: atOnce{}, TestOnly: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	var unsubscribe func()
	f.attempts, unsubscribe = f.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobCancelled)
	t.Cleanup(unsubscribe)
	if err := f.client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.client.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// Work lets a notice go to its incident.
func (f *fixture) Work(context.Context, *river.Job[postgres.IncidentArgs]) error { return nil }

// engine makes one, as after a restart.
func (f *fixture) engine(t *testing.T) *postgres.Engine {
	t.Helper()
	e, err := postgres.New(postgres.Config{
		Pool: f.pool, Ledger: f.ledger, Jobs: f.client, Routes: []postgres.Route{{Receiver: "sre"}},
		Tiers: alerts.Tiers()[:2], Now: func() time.Time { return f.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (f *fixture) evaluate(t *testing.T, e *postgres.Engine, later time.Duration) {
	t.Helper()
	f.now = f.now.Add(later)
	if err := e.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// waitIdle returns what was told once every job there is has been done.
func (f *fixture) waitIdle(t *testing.T) []string {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		var open int
		if err := f.pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'discarded', 'cancelled')`).Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return f.wait(t, 0)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("jobs are left after a minute")
	return nil
}
