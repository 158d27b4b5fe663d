package slo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
)

// line is what of a figure a person reckons with.
type line struct{ Name, Formula, Working, Value string }

func lines(figures []slo.Figure, names ...string) (out []line) {
	for _, name := range names {
		for _, f := range figures {
			if f.Name == name {
				out = append(out, line{f.Name, f.Formula, f.Working, f.Value})
			}
		}
	}
	return out
}

func TestExplain(t *testing.T) {
	t.Parallel()
	plain := objective(999_000_000, 24*time.Hour)
	plain.Indicator = slo.Indicator{Bad: "sum(errors_total)", Total: "sum(requests_total)", Source: "mimir"}
	plain.NoData = slo.NoData{Gate: slo.GapHold, Report: slo.GapBad}
	sliced := objective(990_000_000, 24*time.Hour)
	sliced.Key, sliced.Method, sliced.Slice = "video/slices", slo.Timeslices, slo.Slice{Length: 5 * time.Minute, Target: 990_000_000}
	ratios := objective(990_000_000, 24*time.Hour)
	ratios.Method, ratios.Slice = slo.RatioTimeslices, slo.Slice{Length: 5 * time.Minute}
	r := minutes{}.steady(-720, -180, 100, 100).steady(-175, 0, 99, 100)
	cs := []slo.Correction{{ID: 3, Effect: slo.CountGood, From: (noon - 60).Time(), To: (noon - 30).Time(), Objective: plain.Key}}

	explain := func(o *slo.Objective) (slo.Status, slo.Explanation) {
		view := slo.View(o, r, cs)
		s := slo.Evaluate(o, view, noon.Time())
		s.Version = 4
		return s, slo.Explain(s, view, slo.Predict(s, view))
	}
	s, e := explain(plain)
	want := []line{
		{"sli", "good events ÷ all events", "71,355 ÷ 71,500", "99.797 %"},
		{"allowed", "(1 − target) × total", "(1 − 0.999) × 71,500", "71.5"},
		{"remaining", "1 − bad ÷ allowed", "1 − 145 ÷ 71.5", "−102.8 %"},
		{"burn-1h", "(bad ÷ total) ÷ (1 − target)", "(31 ÷ 6,000) ÷ (1 − 0.999)", "5.2×"},
		{"coverage", "minutes observed ÷ minutes in the window", "715 ÷ 1,440", "49.6 %"},
	}
	if diff := cmp.Diff(want, lines(e.Figures, "sli", "allowed", "remaining", "burn-1h", "coverage")); diff != "" {
		t.Error(diff)
	}
	since := (noon - 719).Time()
	e.Figures, e.LastSample, e.Quality = nil, nil, nil
	if diff := cmp.Diff(slo.Explanation{
		Objective: plain.Key, At: noon.Time(), From: (noon - 1439).Time(), Until: (noon + 1).Time(), Window: "rolling 1d", Target: 999_000_000,
		Method: slo.Occurrences, SLI: "good events ÷ all events", Unit: "events", Source: "mimir", Version: 4, Revision: 7,
		Inputs:   []slo.Input{{Name: "bad", Query: "sum(errors_total)"}, {Name: "total", Query: "sum(requests_total)"}},
		Measured: "71,325 good of 71,500 events", Judged: "71,355 good of 71,500 events", Corrections: []slo.CorrectionID{3},
		Since: &since, Guard: "at least 10 bad events", Enough: true,
		Policies: []slo.PolicyFigure{},
		Gaps: []slo.GapFigures{
			{Use: slo.ForGate, Policy: slo.GapHold, Minutes: 5, Remaining: s.Budget.Remaining},
			{Use: slo.ForReport, Policy: slo.GapBad, Minutes: 5, Estimated: true, Added: 500, Remaining: slo.BudgetOf(plain.Target, slo.Counts{Good: 71_355, Total: 72_000}).Remaining},
		},
	}, e); diff != "" {
		t.Error(diff)
	}

	_, e = explain(sliced)
	if diff := cmp.Diff([]line{
		{"sli", "slices of 5m in which at least 99 % of the events are good ÷ slices with events", "144 ÷ 144", "100.00 %"},
		{"allowed", "(1 − target) × total", "(1 − 0.99) × 144", "1.4"},
	}, lines(e.Figures, "sli", "allowed")); diff != "" {
		t.Error(diff)
	}
	if e.Judged != "144 good of 144 slices" || e.Unit != "slices" {
		t.Errorf("judged %s, unit %s", e.Judged, e.Unit)
	}

	_, e = explain(ratios)
	if diff := cmp.Diff([]line{
		{"sli", "mean over the slices of 5m with events of good ÷ all events", "143.71 ÷ 144", "99.79 %"},
		{"remaining", "1 − bad ÷ allowed", "1 − 0.29 ÷ 1.44", "79.8 %"},
	}, lines(e.Figures, "sli", "remaining")); diff != "" {
		t.Error(diff)
	}
}

func TestExplainComposite(t *testing.T) {
	t.Parallel()
	a, b := objective(900_000_000, time.Hour), objective(990_000_000, time.Hour)
	a.Key, b.Key = "video/a", "video/b"
	o := &slo.Objective{Key: "video/journey", Method: slo.Composite, Target: 950_000_000, Window: slo.Window{Length: time.Hour},
		Components: []slo.Component{{Key: a.Key, Weight: slo.One}, {Key: b.Key, Weight: 3 * slo.One / 2}}}
	s := slo.EvaluateComposite(o, []slo.Status{
		slo.Evaluate(a, minutes{}.steady(-60, 0, 95, 100), noon.Time()), slo.Evaluate(b, minutes{}.steady(-30, 0, 100, 100), noon.Time()),
	}, noon.Time())
	e := slo.Explain(s, nil, slo.Forecast{})
	want := []line{
		{"sli", "1 − (1 − target) × what is spent of the components' budgets, by their weights", "1 − (1 − 0.95) × 20.0 %", "99.00 %"},
		{"spent", "Σ weight × spent ÷ Σ weight", "(1 × 50.0 % of video/a + 1.5 × 0.0 % of video/b) ÷ 2.5", "20.0 %"},
		{"remaining", "1 − spent", "1 − 20.0 %", "80.0 %"},
		{"burn-1h", "Σ weight × burn rate ÷ Σ weight", "(1 × 0.5× of video/a + 1.5 × 0.0× of video/b) ÷ 2.5", "0.2×"},
		{"coverage", "Σ weight × coverage ÷ Σ weight, in whole minutes", "(1 × 100.0 % of video/a + 1.5 × 50.0 % of video/b) ÷ 2.5", "70.0 %"},
	}
	if diff := cmp.Diff(want, lines(e.Figures, "sli", "spent", "remaining", "burn-1h", "coverage")); diff != "" {
		t.Error(diff)
	}
	if e.Judged != "video/a 50.0 % left, video/b 100.0 % left" || e.Unit != "budgets" {
		t.Errorf("judged %s, unit %s", e.Judged, e.Unit)
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	ratio := (&slo.Objective{Method: slo.RatioTimeslices}).Measure()
	sample := (&slo.Objective{Method: slo.Occurrences, Indicator: slo.Indicator{Kind: slo.Ratios}}).Measure()
	threshold := (&slo.Objective{Method: slo.Timeslices, Indicator: slo.Indicator{Kind: slo.Thresholds}}).RawMeasure()
	for _, c := range []struct{ got, want string }{
		{ratio.Of(12_000_000), "12 slices"}, {ratio.Of(1_000_000), "1 slice"}, {ratio.Of(43_200_000_000), "43,200 slices"},
		{ratio.Count(11_500_000), "11.5"}, {ratio.Count(21_981_162), "21.9"}, {ratio.Count(-500_000), "−0.5"}, {ratio.Count(40_000), "0.04"}, {ratio.Working(11_123_456), "11.123456"},
		{ratio.Working(-1_250_000_000), "−1,250"}, {ratio.Amount(99_600_000), "99.6"},
		{sample.Of(2_000_000), "2 samples"}, {threshold.Of(1), "1 sample"}, {(&slo.Objective{}).Measure().Of(1_250_000), "1,250,000 events"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
