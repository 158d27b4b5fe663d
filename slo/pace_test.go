package slo_test

import (
	"testing"
	"time"

	"plimsoll/slo"
)

// A budget that goes at exactly the pace for which somebody is paged is burning, although 14.4 is no float64.
func TestExactlyThePaceIsBurning(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
	for bad, want := range map[int64]slo.Condition{144: slo.Burning, 143: slo.Healthy} {
		s := slo.Status{Objective: o, Window: slo.Reading{Counts: slo.Counts{Good: 1_000_000, Total: 1_000_000}}, Budget: slo.Budget{Remaining: 1}}
		for _, l := range []time.Duration{5 * time.Minute, time.Hour} {
			c := slo.Counts{Good: 10_000 - bad, Total: 10_000}
			s.Burn = append(s.Burn, slo.Burn{Lookback: l, Reading: slo.Reading{Counts: c}, Rate: slo.BurnRate(o.Target, c)})
		}
		if got := s.Condition(); got != want {
			t.Errorf("%d bad of 10,000: %s, want %s", bad, got, want)
		}
	}
}
