package slo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

func TestQuality(t *testing.T) {
	t.Parallel()
	at := noon.Time()
	status := func(change func(*slo.Status)) slo.Status {
		s := slo.Evaluate(objective(999_000_000, 24*time.Hour), minutes{}.steady(-1440, 0, 10, 10), at)
		s.LastSample = at.Add(-time.Minute)
		change(&s)
		return s
	}
	fresh := func(since int, unseen ...slo.Minute) slo.Status { // first seen so many minutes ago
		r := minutes{}.steady(-since, 0, 10, 10)
		for _, m := range unseen {
			delete(r, noon+m)
		}
		s := slo.Evaluate(objective(999_000_000, 24*time.Hour), r, at)
		s.LastSample = at
		return s
	}
	for _, c := range []struct {
		name   string
		s      slo.Status
		limits slo.QualityLimits
		want   []slo.Signal
	}{
		{"nothing wrong", status(func(*slo.Status) {}), slo.QualityLimits{}, nil},
		{"old", status(func(s *slo.Status) { s.LastSample = at.Add(-5*time.Minute - time.Second) }), slo.QualityLimits{}, []slo.Signal{{Kind: slo.Stale, Detail: "the newest sample is 5 min old"}}},
		{"as old as may be", status(func(s *slo.Status) { s.LastSample = at.Add(-5 * time.Minute) }), slo.QualityLimits{}, nil},
		{"never heard", status(func(s *slo.Status) { s.LastSample = time.Time{} }), slo.QualityLimits{}, []slo.Signal{{Kind: slo.Stale, Detail: "no sample has ever arrived"}}},
		{"as a limit says", status(func(s *slo.Status) { s.LastSample = at.Add(-time.Hour) }), slo.QualityLimits{StaleAfter: 2 * time.Hour}, nil},
		{
			"more good than there were", status(func(s *slo.Status) { s.Raw.Counts = slo.Counts{Good: 1_200, Total: 1_000} }), slo.QualityLimits{},
			[]slo.Signal{{Kind: slo.GoodAboveTotal, Detail: "1,200 were good of 1,000 events in the window; the queries for good and for all events disagree"}},
		},
		{
			"more good than there were of late", status(func(s *slo.Status) { s.Burn[2].Counts = slo.Counts{Good: 7, Total: 1} }), slo.QualityLimits{},
			[]slo.Signal{{Kind: slo.GoodAboveTotal, Detail: "7 were good of 1 event in the last 1h; the queries for good and for all events disagree"}},
		},
		{
			"seen rarely", status(func(s *slo.Status) { s.Burn[2].Observed = 53 }), slo.QualityLimits{},
			[]slo.Signal{{Kind: slo.LowCoverage, Detail: "the source was seen in 88.3 % of the last hour's minutes"}},
		},
		{"seen in nine tenths", status(func(s *slo.Status) { s.Burn[2].Observed = 54 }), slo.QualityLimits{}, nil},
		{"seen since ten minutes ago", fresh(10), slo.QualityLimits{}, nil},
		{"seen since an hour and a minute ago, with a gap", fresh(61, -30, -29, -28, -27, -26, -25, -24), slo.QualityLimits{},
			[]slo.Signal{{Kind: slo.LowCoverage, Detail: "the source was seen in 88.3 % of the last hour's minutes"}}},
		{"an hour that is excluded", status(func(s *slo.Status) { s.Burn[2].Reading = slo.Reading{} }), slo.QualityLimits{}, nil},
		{"too late", status(func(s *slo.Status) { s.Dropped = 1 }), slo.QualityLimits{}, []slo.Signal{{Kind: slo.DroppedSamples, Detail: "1 sample came too late to be counted"}}},
		{"too late, but few", status(func(s *slo.Status) { s.Dropped = 10 }), slo.QualityLimits{MaxDropped: 10}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, slo.Quality(c.s, c.limits)); diff != "" {
				t.Error(diff)
			}
			o := &slo.Objective{Key: "video/journey", Method: slo.Composite, Target: 900_000_000, Window: c.s.Objective.Window,
				Components: []slo.Component{{Key: c.s.Objective.Key, Weight: 1}}}
			whole := slo.Quality(slo.EvaluateComposite(o, []slo.Status{c.s}, at), c.limits)
			if len(whole) != len(c.want) || len(whole) > 0 && !strings.HasSuffix(whole[0].Detail, c.want[0].Detail) {
				t.Errorf("of a composite: %v", whole)
			}
		})
	}
	if diff := cmp.Diff([]slo.SignalKind{"stale", "good_above_total", "low_coverage", "dropped_samples"}, slo.SignalKinds()); diff != "" {
		t.Error(diff)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	month := slo.Window{Length: 30 * 24 * time.Hour}
	for _, c := range []struct {
		name string
		o    slo.Objective
		want slo.LowTraffic
		says string
	}{
		{"events", slo.Objective{Target: 999_000_000, Window: month}, slo.LowTraffic{MinBad: 10}, "at least 10 bad events"},
		{"as defined", slo.Objective{Target: 999_000_000, Window: month, LowTraffic: slo.LowTraffic{MinTotal: 500}}, slo.LowTraffic{MinTotal: 500}, "at least 500 events"},
		{"none", slo.Objective{Target: 999_000_000, Window: month, LowTraffic: slo.LowTraffic{MinBad: 1}}, slo.LowTraffic{MinBad: 1}, ""},
		{"both", slo.Objective{LowTraffic: slo.LowTraffic{MinBad: 3, MinTotal: 500}}, slo.LowTraffic{MinBad: 3, MinTotal: 500}, "at least 3 bad events and at least 500 events"},
		{"many slices", slo.Objective{Target: 999_000_000, Window: month, Method: slo.Timeslices, Slice: slo.Slice{Length: time.Minute}}, slo.LowTraffic{MinBad: 10}, "at least 10 bad slices"},
		{"few slices", slo.Objective{Target: 950_000_000, Window: month, Method: slo.RatioTimeslices, Slice: slo.Slice{Length: 24 * time.Hour}}, slo.LowTraffic{MinBad: 1}, "at least 1 bad slice"},
		{"few slices as a whole", slo.Objective{Target: 950_000_000, Window: month, Method: slo.Timeslices, Slice: slo.Slice{Length: 24 * time.Hour}}, slo.LowTraffic{MinBad: 2}, "at least 2 bad slices"},
		{"less than a slice", slo.Objective{Target: 990_000_000, Window: month, Method: slo.RatioTimeslices, Slice: slo.Slice{Length: 24 * time.Hour}}, slo.LowTraffic{}, ""},
		{"a slice at all", slo.Objective{Target: 999_000_000, Window: month, Method: slo.Timeslices, Slice: slo.Slice{Length: 24 * time.Hour}}, slo.LowTraffic{MinBad: 1}, ""},
		{"composite", slo.Objective{Target: 999_000_000, Window: month, Method: slo.Composite}, slo.LowTraffic{}, ""},
	} {
		if got := c.o.Guard(); got != c.want || got.Describe(c.o.Measure()) != c.says {
			t.Errorf("%s: %+v %q, want %+v %q", c.name, got, got.Describe(c.o.Measure()), c.want, c.says)
		}
	}
}

// TestCompositeOfLittleTraffic leaves out of a verdict what a component has spent with too few events.
func TestCompositeOfLittleTraffic(t *testing.T) {
	t.Parallel()
	part := func(key slo.Key, bad, total int64) slo.Status {
		r := minutes{}
		r.add(noon, total-bad, total)
		o := objective(900_000_000, time.Hour)
		o.Key = key
		return slo.Evaluate(o, r, noon.Time())
	}
	o := &slo.Objective{Key: "video/journey", Method: slo.Composite, Target: 900_000_000, Window: slo.Window{Length: time.Hour},
		Components: []slo.Component{{Key: "video/a", Weight: 1}, {Key: "video/b", Weight: 1}}}
	for _, c := range []struct {
		name               string
		a, b               slo.Status
		budget, spent, any bool
	}{
		{"nothing of either", part("video/a", 0, 100), part("video/b", 0, 100), false, false, false},
		{"nine failures are not judged", part("video/a", 9, 9), part("video/b", 0, 1000), true, false, false},
		{"ten are", part("video/a", 10, 10), part("video/b", 0, 1000), true, true, true},
		{"one makes up for the other", part("video/a", 15, 100), part("video/b", 10, 200), true, true, true},
		{"and just not", part("video/a", 15, 100), part("video/b", 10, 201), false, false, true},
	} {
		s := slo.EvaluateComposite(o, []slo.Status{c.a, c.b}, noon.Time())
		if s.Budget.Spent != c.budget || s.Spent() != c.spent || s.Judged() != c.any {
			t.Errorf("%s: budget spent %v, spent %v, judged %v", c.name, s.Budget.Spent, s.Spent(), s.Judged())
		}
		if (s.Condition() == slo.Spent) != c.spent {
			t.Errorf("%s: %s", c.name, s.Condition())
		}
	}
}

// TestGuardDelaysNoFullWindow proves that the default asks for no more bad slices than spend the budget of a window that is full of them.
func TestGuardDelaysNoFullWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := objective(slo.Ratio(rapid.Int64Range(0, int64(slo.One)-1).Draw(t, "target")), 0)
		o.Method = rapid.SampledFrom([]slo.Method{slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method")
		n := rapid.Int64Range(1, 50_000).Draw(t, "slices")
		o.Slice.Length = 5 * time.Minute
		o.Window.Length = time.Duration(n) * o.Slice.Length
		m := o.Measure()
		bad := rapid.Int64Range(0, n).Draw(t, "bad") * m.Weight
		if o.Method == slo.RatioTimeslices {
			bad = rapid.Int64Range(0, bad).Draw(t, "bad in parts")
		}
		c := slo.Counts{Good: n*m.Weight - bad, Total: n * m.Weight}
		s := slo.Status{Objective: o, Window: slo.Reading{Counts: c}, Budget: slo.BudgetOf(o.Target, c)}
		if s.Budget.Spent && !s.Spent() && o.Guard().MinBad < 10 {
			t.Errorf("%s spent by %d of %d slices is not judged: %+v", o.Target, bad/m.Weight, n, o.Guard())
		}
	})
}
