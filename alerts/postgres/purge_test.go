package postgres_test

import (
	"testing"
	"time"

	"plimsoll/alerts/postgres"
	"plimsoll/slo"
)

// What is old goes, but an episode that goes on stays whole; what is told afterwards is told as ever.
func TestPurge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.engine(t)
	purge := func(want int64) {
		t.Helper()
		got, err := postgres.Purge(t.Context(), f.pool, f.now)
		if err != nil || got != want {
			t.Errorf("%d purged, %v; want %d", got, err, want)
		}
	}
	step := func(bad int64, later time.Duration) {
		t.Helper()
		f.ledger.set(map[slo.Key]int64{key: bad})
		f.evaluate(t, e, later)
	}
	step(500, 0)
	step(500, time.Minute)
	step(500, 4*time.Hour)
	f.waitIdle(t)
	f.now = f.now.Add(time.Minute)
	purge(0) // it fires
	step(0, time.Minute)
	step(0, 2*time.Minute)
	f.waitIdle(t)
	purge(0) // it may come back
	step(0, time.Hour)
	purge(3)
	var left int
	if err := f.pool.QueryRow(t.Context(), `SELECT count(*) FROM alerts_deliveries`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d deliveries are left, %v", left, err)
	}
	step(500, time.Minute)
	step(500, time.Minute)
	if got := f.waitIdle(t); got[len(got)-1] != `first [video-api/availability:page-fast video-api/availability:page-slow] after ""` {
		t.Errorf("told %q", got)
	}
}
