package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/alerts/postgres"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
)

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
		`back [video-api/availability:page-fast video-api/availability:page-slow] after "message-4"`,
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
			if err := <-ended; !errors.Is(err, context.Canceled) {
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
