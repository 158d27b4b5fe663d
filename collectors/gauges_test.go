package collectors_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"plimsoll/slo"
)

func TestGauges(t *testing.T) {
	t.Parallel()
	stale := math.Float64frombits(value.StaleNaN)
	for _, tc := range []struct {
		name      string
		indicator slo.Indicator
		series    string // whose samples are the values, one a minute
		values    []float64
		want      slo.Counts
	}{
		{"numbers of events", slo.Indicator{Kind: slo.Amounts, Good: "good", Total: "good + bad"}, "good", []float64{5, 0, 7.9}, slo.Counts{Good: 12, Total: 12}},
		{"numbers of bad events", slo.Indicator{Kind: slo.Amounts, Bad: "bad", Total: "good + bad"}, "bad", []float64{5, 3}, slo.Counts{Total: 8}},
		{"negative, infinite and missing numbers", slo.Indicator{Kind: slo.Amounts, Good: "good", Total: "good"}, "good", []float64{-1, math.Inf(1), math.NaN(), 2}, slo.Counts{Good: 2, Total: 2}},
		{"under a threshold", slo.Indicator{Kind: slo.Thresholds, Query: "p95", Op: slo.AtMost, Value: 0.3}, "p95", []float64{0.1, 0.3, 0.31, -5, math.Inf(1)}, slo.Counts{Good: 3, Total: 5}},
		{"above a threshold", slo.Indicator{Kind: slo.Thresholds, Query: "free", Op: slo.MoreThan, Value: 10}, "free", []float64{10, 11}, slo.Counts{Good: 1, Total: 2}},
		{"no value", slo.Indicator{Kind: slo.Thresholds, Query: "p95", Op: slo.AtMost, Value: 0.3}, "p95", []float64{math.NaN(), stale, 0.1}, slo.Counts{Good: 1, Total: 1}},
		{"shares of good events", slo.Indicator{Kind: slo.Ratios, Query: "share"}, "share", []float64{1, 0, 0.999_999_9, 0.5}, slo.Counts{Good: 2_499_999, Total: 4_000_000}},
		{"shares of bad events", slo.Indicator{Kind: slo.Ratios, Query: "share", Failure: true}, "share", []float64{1, 0, 0.000_000_1, 0.5}, slo.Counts{Good: 2_499_999, Total: 4_000_000}},
		{"shares with six decimals", slo.Indicator{Kind: slo.Ratios, Query: "share"}, "share", []float64{0.000_249, 0.999, 0.57, 0.001_009}, slo.Counts{Good: 1_570_258, Total: 4_000_000}},
		{"bad shares with six decimals", slo.Indicator{Kind: slo.Ratios, Query: "share", Failure: true}, "share", []float64{0.000_249, 0.001_009, 0.000_007}, slo.Counts{Good: 2_998_735, Total: 3_000_000}},
		{"what is no share", slo.Indicator{Kind: slo.Ratios, Query: "share"}, "share", []float64{-0.1, 1.1, math.NaN(), 0.25}, slo.Counts{Good: 250_000, Total: 1_000_000}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := objective("s/gauge", tc.indicator)
			d := newDesk(t, o)
			ls := labels.FromStrings("__name__", tc.series)
			for i, v := range tc.values {
				at := d.start.UnixMilli() + int64(i)*60_000
				d.commit(d.collector, ls, 0, at, v)
				d.commit(d.collector, ls, 0, at, v) // is the same event
				d.restart(o)
			}
			r, _ := d.ledger.Reader(o.Key)
			if got := r.Read(0, slo.MinuteOf(d.now)).Counts; got != tc.want {
				t.Errorf("counted %+v, want %+v", got, tc.want)
			}
		})
	}
}

// One series may be a counter for one objective and a gauge for another.
func TestOneSeriesOfTwoKinds(t *testing.T) {
	t.Parallel()
	counted := objective("s/counted", slo.Indicator{Good: "a", Total: "a"})
	judged := objective("s/judged", slo.Indicator{Kind: slo.Thresholds, Query: "a", Op: slo.LessThan, Value: 15})
	d := newDesk(t, counted, judged)
	for i, v := range []float64{10, -1, 12, 20} {
		d.commit(d.collector, labels.FromStrings("__name__", "a"), 0, d.start.UnixMilli()+int64(i+1)*1000, v)
	}
	if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 10, Total: 10}}, d.counts(counted.Key)); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 3, Total: 4}}, d.counts(judged.Key)); diff != "" {
		t.Errorf("judged (-want +got):\n%s", diff)
	}
}

// A series that was judged as a gauge, and is counted from now on, is counted from the value that it has.
func TestGaugeBecomesCounter(t *testing.T) {
	t.Parallel()
	as := func(kind slo.Kind) *slo.Objective {
		return objective("s/changing", slo.Indicator{Kind: kind, Good: "a", Total: "a"})
	}
	d := newDesk(t, as(slo.Amounts))
	at := d.start.UnixMilli()
	for i, v := range []float64{5, 1000} {
		d.commit(d.collector, labels.FromStrings("__name__", "a"), 0, at+int64(i+1)*1000, v)
	}
	d.set(as(slo.Counters))
	d.commit(d.collector, labels.FromStrings("__name__", "a"), 0, at+3000, 1003)
	if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 1008, Total: 1008}}, d.counts("s/changing")); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// What one objective refuses of a new series does not tell another one when the series began.
func TestRefusedValueOfANewSeries(t *testing.T) {
	t.Parallel()
	shares := objective("s/a-shares", slo.Indicator{Kind: slo.Ratios, Query: `a{x="1"}`})
	counted := objective("s/counted", slo.Indicator{Good: "a", Total: "a"})
	d := newDesk(t, shares)
	d.scrape(time.Second, gateway, 1)
	d.set(shares, counted)
	d.scrape(30*time.Second, gateway, 1, []string{"__name__", "a", "x", "1"}) // may have been 30 before
	d.scrape(31*time.Second, gateway, 1, []string{"__name__", "a", "x", "1"})
	if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 1, Total: 1}}, d.counts(counted.Key)); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}
