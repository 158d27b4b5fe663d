package slo_test

import (
	"cmp"
	"slices"
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
			s.Burn = append(s.Burn, slo.Burn{Lookback: l, Reading: slo.Reading{Counts: c, Observed: 5, Minutes: 5}, Rate: slo.BurnRate(o.Target, c)})
		}
		if got := s.Condition(); got != want {
			t.Errorf("%d bad of 10,000: %s, want %s", bad, got, want)
		}
	}
}

// A source that is new is believed as soon as the short lookback was observed; one that was known before and has gaps is not.
func TestCoverageOfAPace(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
	for _, tc := range []struct {
		name               string
		short, long, known int64 // observed minutes
		want               slo.PaceReason
	}{
		{"all of an hour", 5, 60, 10_000, slo.PaceBurning},
		{"half an hour", 5, 30, 10_000, slo.PaceBurning},
		{"less than half", 5, 29, 10_000, slo.PaceTooLittleSeen},
		{"installed ten minutes ago", 5, 10, 10, slo.PaceBurning},
		{"installed three minutes ago", 3, 3, 3, slo.PaceBurning},
		{"installed two minutes ago", 2, 2, 2, slo.PaceTooLittleSeen},
		{"silent now", 2, 60, 10_000, slo.PaceTooLittleSeen},
		{"never seen", 0, 0, 0, slo.PaceTooLittleSeen},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := slo.Counts{Good: 500, Total: 1000}
			s := slo.Status{Objective: o, Window: slo.Reading{Counts: c, Observed: tc.known, Minutes: 43_200}}
			for l, observed := range map[time.Duration]int64{5 * time.Minute: tc.short, time.Hour: tc.long} {
				s.Burn = append(s.Burn, slo.Burn{Lookback: l, Rate: 500, Reading: slo.Reading{Counts: c, Observed: observed, Minutes: int64(l / time.Minute)}})
			}
			slices.SortFunc(s.Burn, func(a, b slo.Burn) int { return cmp.Compare(a.Lookback, b.Lookback) })
			if got := slo.PagePaces()[0].Judge(s, slo.MinCoverage).Reason; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
