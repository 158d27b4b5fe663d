package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// A tier that an objective has for itself takes the place of the others: with its own factor, for as long as it must burn, and until it was quiet.
func TestTiersOfAnObjective(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ledger.tiers = []slo.AlertTier{{Name: "own", Severity: alerts.Page, For: 3 * time.Minute, Keep: 20 * time.Minute,
		Pace: slo.Pace{Rate: 40 * slo.One, Lookback: 45 * time.Minute, Short: 4 * time.Minute}}}
	e := f.engine(t)
	step := func(bad int64, later time.Duration) {
		t.Helper()
		f.ledger.set(map[slo.Key]int64{key: bad})
		f.evaluate(t, e, later)
	}
	step(39, 0) // 39 times is not 40
	step(39, 10*time.Minute)
	step(40, time.Minute)
	step(40, 2*time.Minute)
	if got := f.waitIdle(t); len(got) != 0 {
		t.Errorf("told %q within three minutes", got)
	}
	step(40, time.Minute)
	step(40, time.Minute)
	step(0, time.Minute)
	step(40, 19*time.Minute)
	step(0, time.Minute)
	step(0, 19*time.Minute)
	if got := f.waitIdle(t); len(got) != 1 {
		t.Errorf("told %q although it was never quiet for twenty minutes", got)
	}
	step(0, time.Minute)
	want := []string{`first [video-api/availability:own] after ""`, `all over [] after "message-1"`}
	if diff := cmp.Diff(want, f.waitIdle(t)); diff != "" {
		t.Error(diff)
	}
}
