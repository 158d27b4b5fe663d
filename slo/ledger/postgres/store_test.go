package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

const month = 30 * 24 * time.Hour

var base = time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)

func objective(key slo.Key) *slo.Objective {
	return &slo.Objective{Key: key, Target: 999_000_000, Window: slo.Window{Length: month}, Method: slo.Occurrences}
}

func newStore(t testing.TB, pool *pgxpool.Pool) *postgres.Store {
	t.Helper()
	s, err := postgres.New(postgres.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func lead(t testing.TB, pool *pgxpool.Pool) *postgres.Store {
	t.Helper()
	s := newStore(t, pool)
	if _, err := s.Lead(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// process is what a running server has: a ledger with two objectives, its store and its checkpoints.
type process struct {
	*ledger.Ledger
	checkpoints *ledger.Checkpointer
}

func start(t testing.TB, pool *pgxpool.Pool) process {
	t.Helper()
	s := lead(t, pool)
	l := ledger.New(ledger.Config{Now: func() time.Time { return base.Add(month) }})
	if err := s.Load(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	l.SetObjectives([]*slo.Objective{objective("video/availability"), objective("video/latency")})
	return process{l, &ledger.Checkpointer{Ledger: l, Store: s}}
}

func (p process) save(t testing.TB) {
	t.Helper()
	if err := p.checkpoints.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// count commits one sample of a counter that has reached value at an instant, the way a collector does.
func (p process) count(t testing.TB, series string, at time.Time, value float64) {
	t.Helper()
	c, ok := p.Cursor(series)
	if !ok {
		c = ledger.Cursor{Key: series, T: at.Add(-time.Minute).UnixMilli()}
	}
	ref, _ := p.Ref("video/availability")
	n := int64(value) - int64(c.Value)
	b := &ledger.Batch{
		Increments:   []ledger.Increment{{Objective: ref, From: c.T, To: at.UnixMilli(), Good: n, Total: n}},
		Observations: []ledger.Observation{{Objective: ref, At: at.UnixMilli()}},
	}
	c.T, c.Value = at.UnixMilli(), value
	b.Cursors = []*ledger.Cursor{&c}
	p.Commit(b)
}

func (p process) total(t testing.TB, at time.Time) slo.Reading {
	t.Helper()
	s, ok := p.Status("video/availability", at)
	if !ok {
		t.Fatal("the objective is not there")
	}
	return s.Window
}

func TestCrashFallsBackToOneInstant(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	first := start(t, pool)
	first.count(t, "requests\x00\xff", base, 100)
	first.save(t)
	first.count(t, "requests\x00\xff", base.Add(3*time.Hour), 400) // lost: not checkpointed

	second := start(t, pool)
	c, ok := second.Cursor("requests\x00\xff")
	if !ok || c.T != base.UnixMilli() || c.Value != 100 {
		t.Fatalf("cursor %+v, want the one of the checkpoint", c)
	}
	if got := second.total(t, base.Add(4*time.Hour)); got.Total != 100 || got.Observed != 1 {
		t.Fatalf("after the crash %+v, want the 100 events of the checkpoint", got)
	}
	second.count(t, "requests\x00\xff", base.Add(4*time.Hour), 500)
	if got := second.total(t, base.Add(4*time.Hour)); got.Total != 500 || got.Observed != 2 {
		t.Errorf("the next sample gives %+v, want all 500 events and no observed gap", got)
	}
}

func TestLastCheckpointAtShutdown(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	p := start(t, pool)
	p.count(t, "requests", base, 7)
	p.checkpoints.Every = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.checkpoints.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := start(t, pool).total(t, base).Total; got != 7 {
		t.Errorf("%d events after a shutdown, want 7", got)
	}
}

func TestOlderEpochIsRefused(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	first := start(t, pool)
	first.count(t, "requests", base, 1)
	first.save(t)
	second := start(t, pool)
	first.count(t, "requests", base.Add(time.Minute), 1000)
	if err := first.checkpoints.Save(t.Context()); !errors.Is(err, ledger.ErrFenced) {
		t.Fatalf("save of the older epoch: %v, want ErrFenced", err)
	}
	if err := first.checkpoints.Health().Err; !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("health says %v, want ErrFenced", err)
	}
	second.count(t, "requests", base.Add(2*time.Minute), 3)
	second.save(t)
	if got := start(t, pool).total(t, base.Add(time.Hour)).Total; got != 3 {
		t.Errorf("%d events are stored, want the second process's 3", got)
	}
	if err := newStore(t, pool).Save(t.Context(), &ledger.Checkpoint{}); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("save without lead: %v, want ErrFenced", err)
	}
}

func TestFailedSaveIsRepeatedWhole(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	p := start(t, pool)
	p.count(t, "requests", base, 5)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.checkpoints.Save(stopped); err == nil {
		t.Fatal("a save whose context has ended succeeded")
	}
	p.save(t)
	if age, ok := p.checkpoints.Health().Age(base.Add(month).Add(time.Second)); !ok || age != time.Second || p.checkpoints.Health().Err != nil {
		t.Errorf("health %+v after a repeated save", p.checkpoints.Health())
	}
	next := start(t, pool)
	if c, _ := next.Cursor("requests"); c.Value != 5 || next.total(t, base).Total != 5 {
		t.Errorf("stored cursor %+v and %d events, want 5 and 5", c, next.total(t, base).Total)
	}
}

func TestRemovedObjectiveComesBack(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	p := start(t, pool)
	p.count(t, "requests", base, 9)
	p.SetObjectives([]*slo.Objective{objective("video/latency")})
	p.save(t)
	if _, ok := p.Status("video/availability", base); ok {
		t.Error("a removed objective still has a status")
	}
	if got := start(t, pool).total(t, base).Total; got != 9 {
		t.Errorf("%d events when it is back, want 9", got)
	}
}

func TestRevisionAndLastSampleAreKept(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	p := start(t, pool)
	p.count(t, "requests", base, 9)
	p.count(t, "others", base.Add(-5*time.Hour), 1) // late
	p.save(t)
	want, _ := p.Status("video/availability", base)
	got, _ := start(t, pool).Status("video/availability", base)
	if want.Revision == 0 {
		t.Error("late data did not raise the revision")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExpiredBlocksAndForgottenCursorsAreDeleted(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	p := start(t, pool)
	old, now := base.Add(-40*24*time.Hour), base
	p.count(t, "old", old, 1)
	p.save(t)
	p.count(t, "new", now, 1)
	p.save(t)
	var blocks, cursors int
	err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM ledger_blocks), (SELECT count(*) FROM ledger_cursors)`).Scan(&blocks, &cursors)
	if err != nil {
		t.Fatal(err)
	}
	if blocks != 1 || cursors != 1 {
		t.Errorf("%d blocks and %d cursors are stored, want 1 of each", blocks, cursors)
	}
	next := start(t, pool)
	if _, ok := next.Cursor("old"); ok {
		t.Error("the forgotten cursor is back")
	}
	next.count(t, "again", now.Add(time.Minute), 1) // takes the free number
	next.save(t)
	if c, _ := start(t, pool).Cursor("again"); c.Value != 1 {
		t.Errorf("cursor in a freed place: %+v", c)
	}
}
