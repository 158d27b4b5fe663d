package slo_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// steady books the same events in each of the minutes (noon+from, noon+to].
func (r minutes) steady(from, to int, good, total int64) minutes {
	for m := from + 1; m <= to; m++ {
		r.add(noon+slo.Minute(m), good, total)
	}
	return r
}

func TestPredict(t *testing.T) {
	t.Parallel()
	const nineTenths, window = 900_000_000, 1000 * time.Minute
	in := func(minutes int) *time.Time { at := (noon + slo.Minute(minutes)).Time(); return &at }
	for _, c := range []struct {
		name   string
		target slo.Ratio
		events minutes
		want   slo.Forecast
	}{
		{"no events", nineTenths, minutes{}, slo.Forecast{}},
		{"no failures", nineTenths, minutes{}.steady(-1000, 0, 10, 10), slo.Forecast{}},
		{
			// 100 of 1000 minutes fail half of their events; in k minutes 500 + 5k of 10,000 are bad.
			"failures go on", nineTenths, minutes{}.steady(-1000, -100, 10, 10).steady(-100, 0, 5, 10),
			slo.Forecast{ExhaustedAt: in(100)},
		},
		{
			// 10 % bad on end is exactly the budget, but not before the clean half has left.
			"failures at the sustainable rate", nineTenths, minutes{}.steady(-1000, -500, 10, 10).steady(-500, 0, 9, 10),
			slo.Forecast{ExhaustedAt: in(500)},
		},
		{
			// An outage of 200 minutes, 600 ago, has to leave by half and one minute.
			"outage rolls out", nineTenths, minutes{}.steady(-1000, -800, 10, 10).steady(-800, -600, 0, 10).steady(-600, 0, 10, 10),
			slo.Forecast{RecoversAt: in(301), RecoversAtPresentRate: in(301)},
		},
		{
			// 4,000 bad of 10,000, with 100 good ones a minute now: they allow 4,000 bad ones long before those have left.
			"good events make up for an outage", nineTenths, minutes{}.steady(-100, -60, 0, 100).steady(-60, 0, 100, 100),
			slo.Forecast{RecoversAt: in(301), RecoversAtPresentRate: in(301)},
		},
		{
			"everything fails", nineTenths, minutes{}.steady(-1000, 0, 0, 10),
			slo.Forecast{RecoversAt: in(901)},
		},
		{
			"outage, then silence", nineTenths, minutes{}.steady(-1000, -900, 0, 10),
			slo.Forecast{RecoversAt: in(100), RecoversAtPresentRate: in(100)},
		},
		{"target 0, everything fails", 0, minutes{}.steady(-1000, 0, 0, 1), slo.Forecast{RecoversAt: in(1)}},
		{"target 0, some fail", 0, minutes{}.steady(-1000, 0, 1, 2), slo.Forecast{}},
	} {
		s := slo.Evaluate(objective(c.target, window), c.events, noon.Time())
		if diff := cmp.Diff(c.want, slo.Predict(s, c.events)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// simulate is the oracle of Predict: it writes the future down minute by minute, in fractions, and evaluates each of its windows.
func simulate(o *slo.Objective, r minutes, wantSpent, withErrors bool) *time.Time {
	hour := r.count(60)
	rate := func(n int64) *big.Rat {
		if hour.Observed == 0 {
			return new(big.Rat)
		}
		return big.NewRat(n, hour.Observed)
	}
	good, total := rate(hour.Good), rate(hour.Total)
	if !withErrors {
		good = total
	}
	length := int(o.Window.Minutes())
	for ahead := 1; ahead <= length; ahead++ {
		g, n := new(big.Rat), new(big.Rat)
		for m := noon + slo.Minute(ahead-length+1); m <= noon+slo.Minute(ahead); m++ {
			if m > noon {
				g.Add(g, good)
				n.Add(n, total)
			} else {
				g.Add(g, new(big.Rat).SetInt64(r[m].Good))
				n.Add(n, new(big.Rat).SetInt64(r[m].Total))
			}
		}
		bad := new(big.Rat).Sub(n, g)
		allowed := new(big.Rat).Mul(n, big.NewRat(int64(slo.One-o.Target), int64(slo.One)))
		if isSpent := bad.Sign() > 0 && bad.Cmp(allowed) >= 0; isSpent == wantSpent {
			at := (noon + slo.Minute(ahead)).Time()
			return &at
		}
	}
	return nil
}

func TestPredictAgainstSimulation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(1, 90).Draw(t, "window")
		target := slo.Ratio(rapid.SampledFrom([]int64{0, 500_000_000, 800_000_000, 900_000_000, 950_000_000, 999_000_000}).Draw(t, "target"))
		o := objective(target, time.Duration(length)*time.Minute)
		r := drawMinutes(t, length)
		s := slo.Evaluate(o, r, noon.Time())
		var want slo.Forecast
		if s.Budget.Spent {
			want.RecoversAt, want.RecoversAtPresentRate = simulate(o, r, false, false), simulate(o, r, false, true)
		} else {
			want.ExhaustedAt = simulate(o, r, true, true)
		}
		if diff := cmp.Diff(want, slo.Predict(s, r)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func BenchmarkPredict(b *testing.B) {
	events := minutes{}.steady(-43_200, -1000, 100, 100).steady(-1000, 0, 50, 100)
	s := slo.Evaluate(objective(999_000_000, 30*24*time.Hour), events, noon.Time())
	b.ReportAllocs()
	for b.Loop() {
		slo.Predict(s, events)
	}
}
