package slo_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// fill is the oracle of Gaps: it looks at each minute and adds up what a policy makes of it. It returns the counts of the length minutes
// that end with noon's, rounded as Gaps says.
func fill(r minutes, window, length int, policy slo.Gap) (c slo.Counts, gaps int64) {
	mean, first := r.count(window), slo.Minute(0)
	for m := noon - slo.Minute(window) + 1; m <= noon && first == 0; m++ {
		if r[m].Observed {
			first = m
		}
	}
	for m := noon - slo.Minute(length) + 1; m <= noon-5; m++ {
		if first != 0 && m >= first && !r[m].Observed {
			gaps++
		}
	}
	c = r.count(length).Counts
	if mean.Observed == 0 {
		return c, gaps
	}
	added := new(big.Rat).Mul(big.NewRat(mean.Total, mean.Observed), new(big.Rat).SetInt64(gaps))
	n, rest := new(big.Int).QuoRem(added.Num(), added.Denom(), new(big.Int))
	switch {
	case policy == slo.GapGood:
		c = c.Add(slo.Counts{Good: n.Int64(), Total: n.Int64()})
	case policy == slo.GapBad && rest.Sign() > 0:
		c.Total += n.Int64() + 1
	case policy == slo.GapBad:
		c.Total += n.Int64()
	}
	return c, gaps
}

func TestGapsAgainstMinutes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(1, 200).Draw(t, "window")
		policy := rapid.SampledFrom([]slo.Gap{slo.GapGood, slo.GapBad}).Draw(t, "policy")
		o := objective(900_000_000, time.Duration(length)*time.Minute)
		o.NoData = slo.NoData{Report: policy}
		r := drawMinutes(t, length)
		raw := slo.Evaluate(o, r, noon.Time())
		if diff := cmp.Diff(raw, slo.Gaps(raw, r, slo.ForGate)); diff != "" {
			t.Fatalf("another use is changed (-want +got)\n%s", diff)
		}
		got := slo.Gaps(raw, r, slo.ForReport)
		want, gaps := fill(r, length, length, policy)
		if got.Window.Counts != want || got.Gaps.Minutes != gaps || got.Gaps.Estimated != (gaps > 0) || got.Gaps.Added != want.Sub(raw.Window.Counts) {
			t.Fatalf("%+v of %d gap minutes, want %+v of %d", got.Window.Counts, got.Gaps.Minutes, want, gaps)
		}
		if diff := cmp.Diff(slo.BudgetOf(o.Target, want), got.Budget); diff != "" {
			t.Error(diff)
		}
		if got.Window.Coverage() != raw.Window.Coverage() {
			t.Error("the coverage is estimated")
		}
		for i, b := range got.Burn {
			lookback := int(b.Lookback / time.Minute)
			if lookback > length {
				continue // before the window nothing is a gap of it
			}
			if want, _ := fill(r, length, lookback, policy); b.Counts != want || b.Rate != slo.BurnRate(o.Target, want) {
				t.Errorf("over %s: %+v, want %+v", b.Lookback, b.Counts, want)
			}
			if raw.Burn[i].Counts != r.count(lookback).Counts {
				t.Error("the status that was given is changed")
			}
		}
	})
}

func TestHold(t *testing.T) {
	t.Parallel()
	plain := minutes{}.steady(-100, -5, 1, 1)
	for _, c := range []struct {
		name   string
		events minutes
		cs     []slo.Correction
		want   slo.Hold
	}{
		{"seen", minutes{}.steady(-100, 0, 1, 1), nil, ""},
		{"seen without traffic", minutes{}.steady(-100, 0, 0, 0), nil, ""},
		{"seen four minutes ago", minutes{}.steady(-100, -4, 1, 1), nil, ""},
		{"silent", plain, nil, slo.HoldSilent},
		{"never seen", minutes{}, nil, slo.HoldNeverSeen},
		{"a gap that is over", minutes{}.steady(-100, -80, 1, 1).steady(-1, 0, 1, 1), nil, ""},
		{"silent in a maintenance", plain, []slo.Correction{{ID: 1, Effect: slo.Exclude, From: (noon - 10).Time(), To: (noon + 10).Time()}}, ""},
	} {
		o := objective(900_000_000, 1000*time.Minute)
		o.NoData.Gate = slo.GapHold
		view := slo.View(o, c.events, c.cs)
		s := slo.Gaps(slo.Evaluate(o, view, noon.Time()), view, slo.ForGate)
		if s.Gaps.Hold != c.want || s.Gaps.Estimated {
			t.Errorf("%s: %q, want %q", c.name, s.Gaps.Hold, c.want)
		}
		if (s.Gaps.Hold.String() == "") != (c.want == "") {
			t.Errorf("%s: %q is not said in words", c.name, s.Gaps.Hold)
		}
		journey := &slo.Objective{Key: "video/journey", Method: slo.Composite, Target: 900_000_000, Window: o.Window, NoData: o.NoData,
			Components: []slo.Component{{Key: o.Key, Weight: 1}}}
		whole := slo.EvaluateComposite(journey, []slo.Status{slo.Evaluate(o, view, noon.Time())}, noon.Time())
		if got := slo.Gaps(whole, nil, slo.ForGate).Gaps.Hold; got != c.want {
			t.Errorf("%s, as a component: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	o := objective(900_000_000, 100*time.Minute)
	for _, c := range []struct {
		name     string
		events   minutes
		coverage float64
		ok       bool
	}{
		{"from the beginning", minutes{}.steady(-200, 0, 1, 1), 0, false},
		{"never", minutes{}, 0, false},
		{"new", minutes{}.steady(-40, 0, 1, 1), 1, true},
		{"new and with a gap", minutes{}.steady(-40, -20, 1, 1).steady(-10, 0, 1, 1), 0.75, true},
	} {
		first, coverage, ok := slo.Since(slo.Evaluate(o, c.events, noon.Time()), c.events)
		if ok != c.ok || coverage != c.coverage || ok && !first.Equal((noon-39).Time()) {
			t.Errorf("%s: since %s %v, %v", c.name, first, coverage, ok)
		}
	}
}
