package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
		o := &slo.Objective{Key: key, Service: key.Service(), DisplayName: string(key), Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
		s := slo.Status{Objective: o, At: at, Budget: slo.Budget{Remaining: 0.5}, LastSample: at.Add(-b.age)}
		for _, l := range slo.Lookbacks() {
			c := slo.Counts{Good: 1000 * (1000 - bad), Total: 1_000_000}
			minutes := int64(l / time.Minute)
			s.Burn = append(s.Burn, slo.Burn{Lookback: l, Reading: slo.Reading{Counts: c, Minutes: minutes, Observed: minutes}, Rate: slo.BurnRate(o.Target, c)})
		}
		all = append(all, s)
	}
	return all
}

// Reader gives no events: none of the objectives here asks what gaps mean.
func (b *burning) Reader(slo.Key) (slo.Reader, bool) { return nil, false }

// inbox is a receiver that keeps what it is told, and fails as long as it is told to.
type inbox struct {
	mu   sync.Mutex
	got  []string // cause, the tiers that fire, previous reference
	fail error
}

func (i *inbox) Notify(_ context.Context, n alerts.Notice, previous string) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail != nil {
		return "", i.fail
	}
	var firing []string
	for _, e := range n.Firing {
		firing = append(firing, string(e.Objective)+":"+e.Tier)
	}
	i.got = append(i.got, fmt.Sprintf("%s [%s] after %q", n.Cause, strings.Join(firing, " "), previous))
	return fmt.Sprintf("message-%d", len(i.got)), nil
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

// fixture is an engine with a clock that is set by hand, and its jobs.
type fixture struct {
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

func outcome(err error) (time.Duration, bool) { return 0, !errors.Is(err, notify.ErrRefused) }

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

const key slo.Key = "video-api/availability"

// An episode from its beginning to its end, with a restart before each evaluation: one notice a change, and no more.
func TestEpisode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ledger.set(map[slo.Key]int64{key: 8}) // burns at 8: the slow page only
	for range 5 {
		f.evaluate(t, f.engine(t), 5*time.Second)
	}
	f.wait(t, 1)
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, f.engine(t), time.Minute)
	f.evaluate(t, f.engine(t), 5*time.Minute)
	f.wait(t, 1)
	f.evaluate(t, f.engine(t), 4*time.Hour)
	f.wait(t, 1)
	f.ledger.set(map[slo.Key]int64{key: 0})
	f.evaluate(t, f.engine(t), time.Minute)
	f.evaluate(t, f.engine(t), 2*time.Minute)
	f.wait(t, 1)
	f.evaluate(t, f.engine(t), 20*time.Minute) // forgotten
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, f.engine(t), time.Minute)
	f.evaluate(t, f.engine(t), time.Minute)
	want := []string{
		`first [video-api/availability:page-slow] after ""`,
		`changed [video-api/availability:page-fast video-api/availability:page-slow] after "message-1"`,
		`repeated [video-api/availability:page-fast video-api/availability:page-slow] after "message-2"`,
		`all over [] after "message-3"`,
		`first [video-api/availability:page-fast video-api/availability:page-slow] after ""`,
	}
	if diff := cmp.Diff(want, f.wait(t, 1)); diff != "" {
		t.Error(diff)
	}
	notices, err := f.engine(t).Notices(t.Context(), "video-api", 10)
	if err != nil || len(notices) != len(want) || notices[4].Cause != alerts.First {
		t.Errorf("%d notices, error %v", len(notices), err)
	}
}

// A source that stays silent is a ticket after ten minutes, also while nothing burns; one that comes back ends it.
func TestSilentSource(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.engine(t)
	f.ledger.set(map[slo.Key]int64{key: 0})
	f.ledger.age = 6 * time.Minute
	f.evaluate(t, e, 0)
	f.evaluate(t, e, 9*time.Minute)
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 10*time.Second)
	f.wait(t, 1)
	f.ledger.age = 0
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 5*time.Minute)
	want := []string{`first [video-api/availability:data-stale] after ""`, `all over [] after "message-1"`}
	if diff := cmp.Diff(want, f.wait(t, 1)); diff != "" {
		t.Error(diff)
	}
	notices, err := e.Notices(t.Context(), "", 10)
	if err != nil || len(notices) != 2 || notices[1].Title() != "video-api: the figures cannot be trusted" ||
		notices[1].Firing[0].Summary != "video-api/availability (video-api/availability): the newest sample is 6 min old" {
		t.Errorf("%+v, %v", notices, err)
	}
}

// Each evaluation that succeeds gives a sign of life, but not more often than asked; one that fails gives none.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	ledger := &burning{}
	ledger.set(map[slo.Key]int64{key: 0})
	beats := make(chan struct{}, 100)
	run := func(every time.Duration) (stop func()) {
		e, err := postgres.New(postgres.Config{Pool: pool, Ledger: ledger, Every: time.Millisecond, BeatEvery: every, Logger: slog.New(slog.DiscardHandler),
			Beat: func(context.Context) error { beats <- struct{}{}; return errors.New("nobody is there") }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	stop := run(time.Nanosecond)
	for range 3 {
		<-beats
	}
	stop()
	for len(beats) > 0 {
		<-beats
	}
	stop = run(time.Hour)
	<-beats
	if _, err := pool.Exec(t.Context(), `ALTER TABLE alerts_states RENAME TO gone`); err != nil {
		t.Fatal(err)
	}
	stop()
	stop = run(time.Nanosecond)
	stop()
	if len(beats) > 0 {
		t.Errorf("%d signs of life too many", len(beats))
	}
}

// Engines that evaluate at the same time tell everything once.
func TestTwoEngines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ledger.set(map[slo.Key]int64{key: 500, "search/latency": 500})
	engines := []*postgres.Engine{f.engine(t), f.engine(t), f.engine(t)}
	for range 4 {
		f.now = f.now.Add(10 * time.Second)
		var wg sync.WaitGroup
		for _, e := range engines {
			wg.Go(func() {
				if err := e.Evaluate(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	got := f.wait(t, 2)
	slices.Sort(got)
	want := []string{
		`first [search/latency:page-fast search/latency:page-slow] after ""`,
		`first [video-api/availability:page-fast video-api/availability:page-slow] after ""`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An objective that is removed while it fires is told to be over.
func TestRemovedObjective(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.engine(t)
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	f.wait(t, 1)
	f.ledger.set(nil)
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 2*time.Minute)
	if got := f.wait(t, 1); got[1] != `all over [] after "message-1"` {
		t.Errorf("got %q", got)
	}
	f.evaluate(t, e, 20*time.Minute)
	active, err := e.Active(t.Context())
	if err != nil || len(active) != 0 {
		t.Errorf("active %v, error %v", active, err)
	}
}

// A receiver that is down is tried again until it is up; one that refuses becomes a dead letter, which can be replayed.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	letters := postgres.DeadLetters{Jobs: f.client}
	e := f.engine(t)
	f.inbox.failWith(errors.New("down"))
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	f.wait(t, 3)
	f.inbox.failWith(fmt.Errorf("%w: who are you?", notify.ErrRefused))
	letter := waitForLetter(t, letters)
	if letter.Receiver != "sre" || !strings.Contains(letter.Error, "who are you?") {
		t.Errorf("dead letter %+v", letter)
	}
	if err := letters.Replay(t.Context(), letter.ID+1); !errors.Is(err, alerts.ErrNoDeadLetter) {
		t.Errorf("replay of nothing: %v", err)
	}
	f.inbox.failWith(nil)
	if err := letters.Replay(t.Context(), letter.ID); err != nil {
		t.Fatal(err)
	}
	for len(f.wait(t, 1)) == 0 {
	}
	if left, err := letters.List(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("still dead: %v, error %v", left, err)
	}
}

func waitForLetter(t *testing.T, letters postgres.DeadLetters) alerts.DeadLetter {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		list, err := letters.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 {
			return list[0]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no dead letter within a minute")
	return alerts.DeadLetter{}
}

// A notice that was held up is dropped when a later one has been delivered: it would tell what is no longer so.
func TestLateNoticeIsDropped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	letters := postgres.DeadLetters{Jobs: f.client}
	e := f.engine(t)
	f.inbox.failWith(notify.ErrRefused)
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	f.wait(t, 1)
	first := waitForLetter(t, letters)
	f.inbox.failWith(nil)
	f.ledger.set(map[slo.Key]int64{key: 0})
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 2*time.Minute)
	f.wait(t, 1)
	finished, stop := f.client.Subscribe(river.EventKindJobCompleted)
	defer stop()
	if err := letters.Replay(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	for event := range finished {
		if event.Job.ID == first.ID {
			break
		}
	}
	if diff := cmp.Diff([]string{`all over [] after ""`}, f.wait(t, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e, err := postgres.New(postgres.Config{
		Pool: f.pool, Ledger: f.ledger, Jobs: f.client, Tiers: alerts.Tiers(), Now: func() time.Time { return f.now },
		Routes: []postgres.Route{{Receiver: "sre", Severities: []alerts.Severity{alerts.Page}, Services: []string{"video-api"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.ledger.set(map[slo.Key]int64{key: 4, "search/latency": 500}) // 4: tickets only
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute) // the tickets of one, the pages of the other: not for this receiver
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, time.Minute)
	f.wait(t, 1) // jobs of one receiver may overtake each other
	f.ledger.set(map[slo.Key]int64{key: 4})
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 10*time.Minute)
	want := []string{
		`more urgent [video-api/availability:page-fast video-api/availability:page-slow] after ""`,
		`changed [video-api/availability:ticket-fast video-api/availability:ticket-slow] after "message-1"`,
	}
	if diff := cmp.Diff(want, f.wait(t, 1)); diff != "" {
		t.Error(diff)
	}
}
