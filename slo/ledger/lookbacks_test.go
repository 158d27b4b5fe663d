package ledger_test

import (
	"slices"
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// A status has the burn rates over the lookbacks that its alert policies ask for, of a composite those of its components too, and no more.
func TestLookbacksOfPolicies(t *testing.T) {
	t.Parallel()
	l := ledger.New(ledger.Config{Now: func() time.Time { return base }})
	part := promise(900e6)
	part.Service = "video"
	over := func(lookback time.Duration) []slo.AlertPolicy {
		return []slo.AlertPolicy{{Name: "p", Condition: slo.AlertCondition{Op: slo.MoreThan, Threshold: 1, Lookback: lookback}}}
	}
	part.Alerts = over(3 * time.Minute)
	whole := &slo.Objective{
		Key: "video/all", Service: "video", Target: 900e6, Window: part.Window, Method: slo.Composite,
		Components: []slo.Component{{Key: part.Key, Weight: slo.One}}, Alerts: over(2 * time.Minute),
	}
	l.SetObjectives([]*slo.Objective{part, whole})
	for age, bad := range map[time.Duration]int64{3 * time.Minute: 10, 2 * time.Minute: 0, time.Minute: 4, 0: 2} { // of 20 each
		at := base.Add(-age)
		l.Commit(increment(at, at, 20-bad, 20))
	}
	for _, tc := range []struct {
		key      slo.Key
		lookback time.Duration
		want     float64
	}{
		{part.Key, 3 * time.Minute, 1}, // (0 + 4 + 2) ÷ 60 ÷ 0.1
		{whole.Key, 2 * time.Minute, 1.5},
		{whole.Key, 5 * time.Minute, 2}, // all: 16 ÷ 80 ÷ 0.1
	} {
		s, ok := l.Status(tc.key, base)
		if b := s.BurnOver(tc.lookback); !ok || b.Rate < tc.want-1e-9 || b.Rate > tc.want+1e-9 {
			t.Errorf("%s over %s: %+v, want %v", tc.key, tc.lookback, b, tc.want)
		}
		if len(s.Burn) != len(slo.Lookbacks())+1 || !slices.IsSortedFunc(s.Burn, func(a, b slo.Burn) int { return int(a.Lookback - b.Lookback) }) {
			t.Errorf("%s has %d lookbacks, or not the shortest first", tc.key, len(s.Burn))
		}
	}
}
