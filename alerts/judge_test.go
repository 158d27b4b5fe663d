package alerts_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/alerts"
	"plimsoll/slo"
)

const day = 24 * time.Hour

func TestFactors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		window time.Duration
		want   []float64
	}{
		{30 * day, []float64{14.4, 6, 3, 1}},
		{28 * day, []float64{13.44, 5.6, 2.8, 1}},
		{7 * day, []float64{3.36, 1.4, 1, 1}},
		{90 * day, []float64{43.2, 18, 9, 3}},
	} {
		t.Run(slo.ShortDuration(tc.window), func(t *testing.T) {
			t.Parallel()
			var got []float64
			for _, tier := range alerts.Tiers() {
				got = append(got, tier.Factor(slo.Window{Length: tc.window}))
			}
			near := cmp.Comparer(func(a, b float64) bool { return max(a-b, b-a) < 1e-9 })
			if diff := cmp.Diff(tc.want, got, near); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every lookback of a tier must be one whose burn rate is known, or it would be judged as calm for ever.
func TestTiersAskForKnownLookbacks(t *testing.T) {
	t.Parallel()
	known := map[time.Duration]bool{}
	for _, l := range slo.Lookbacks() {
		known[l] = true
	}
	for _, tier := range alerts.Tiers() {
		if !known[tier.Lookback] || !known[tier.Short] {
			t.Errorf("%s looks back %s and %s; known are %v", tier.Name, tier.Lookback, tier.Short, slo.Lookbacks())
		}
	}
}

// status has the same share of bad events, out of total, over every lookback, and coverage for all of them.
func status(o *slo.Objective, bad, total int64, coverage float64) slo.Status {
	s := slo.Status{Objective: o}
	for _, l := range o.Lookbacks() {
		minutes := int64(l / time.Minute)
		r := slo.Reading{Counts: slo.Counts{Good: total - bad, Total: total}, Minutes: minutes, Observed: int64(coverage * float64(minutes))}
		s.Burn = append(s.Burn, slo.Burn{Lookback: l, Reading: r, Rate: slo.BurnRate(o.Target, r.Counts)})
	}
	return s
}

func TestJudge(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Target: 999_000_000, Window: slo.Window{Length: 30 * day}}
	careful := *o
	careful.LowTraffic = slo.LowTraffic{MinBad: 10, MinTotal: 100}
	loose := *o
	loose.Target = 900_000_000
	slices := &slo.Objective{Target: 999_000_000, Window: slo.Window{Length: 30 * day}, Method: slo.Timeslices, Slice: slo.Slice{Length: 10 * time.Minute}}
	hours := &slo.Objective{Target: 999_000_000, Window: slo.Window{Length: 30 * day}, Method: slo.Timeslices, Slice: slo.Slice{Length: time.Hour}}
	silent := status(o, 144, 10_000, 1)
	silent.Gaps.Hold = slo.HoldSilent
	over := status(o, 144, 10_000, 1)
	over.Burn[0].Rate = 1 // the last five minutes are fine again
	gone, excluded := status(o, 144, 10_000, 1), status(o, 144, 10_000, 1)
	gone.Burn[0] = slo.Burn{Lookback: 5 * time.Minute, Reading: slo.Reading{Minutes: 5}}
	excluded.Burn[0] = slo.Burn{Lookback: 5 * time.Minute}
	assumed := status(o, 144, 10_000, 0.1)
	assumed.Gaps.Estimated = true
	page := alerts.Tiers()[0]
	for _, tc := range []struct {
		name   string
		status slo.Status
		want   alerts.Reason
	}{
		{"exactly the factor", status(o, 144, 10_000, 1), alerts.Burning},
		{"a hair below it", status(o, 143, 10_000, 1), alerts.Calm},
		{"long over, short not", over, alerts.Over},
		{"nothing happened", status(o, 0, 0, 1), alerts.Calm},
		{"one failure at night", status(&careful, 1, 3, 1), alerts.TooFew},
		{"nine failures, where nothing is said", status(o, 9, 90, 1), alerts.TooFew},
		{"silent, where that is to hold", silent, alerts.TooLittleSeen},
		{"silent now, after an outage", gone, alerts.TooLittleSeen},
		{"silent, where the objective says that gaps are bad", assumed, alerts.Burning},
		{"silent now, because that is excluded", excluded, alerts.Over},
		{"slices of ten minutes", status(slices, 10, 100, 1), alerts.Burning},
		{"slices of an hour", status(hours, 10, 100, 1), alerts.Unreachable},
		{"ten failures", status(&careful, 10, 100, 1), alerts.Burning},
		{"half a backfill", status(o, 144, 10_000, 0.4), alerts.TooLittleSeen},
		{"90 % at 14.4 times", status(&loose, 10_000, 10_000, 1), alerts.Unreachable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := alerts.Judge(tc.status, page, alerts.DefaultGuard()); got.Reason != tc.want {
				t.Errorf("got %q (burn %v and %v at factor %v), want %q", got.Reason, got.Long.Rate, got.Short.Rate, got.Factor, tc.want)
			}
		})
	}
}

// A tier that can be reached burns when everything is bad, and one that cannot never does.
func TestReachable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := &slo.Objective{
			Target: slo.Ratio(rapid.Int64Range(1, int64(slo.One)-1).Draw(t, "target")),
			Window: slo.Window{Length: time.Duration(rapid.Int64Range(1, 400).Draw(t, "days")) * day},
		}
		total := rapid.Int64Range(1, 1_000_000).Draw(t, "events")
		for _, tier := range alerts.Tiers() {
			o.LowTraffic.MinTotal = 1 // there is traffic enough
			v := alerts.Judge(status(o, total, total, 1), tier, alerts.DefaultGuard())
			if v.Burning() != (tier.Unreachable(o) == "") {
				t.Fatalf("%s: all %d events bad, factor %v of at most %v: %s", tier.Name, total, v.Factor, 1/o.Budget().Float(), v.Reason)
			}
		}
	})
}
