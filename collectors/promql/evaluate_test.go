package promql_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo"
)

// series are samples on the minute, the first at base; a negative value is none.
func series(name string, values ...float64) []promtest.Sample {
	var all []promtest.Sample
	for i, v := range values {
		if v >= 0 {
			all = append(all, promtest.Sample{Labels: labels.FromStrings("__name__", name), T: base.Add(time.Duration(i) * time.Minute).UnixMilli(), V: v})
		}
	}
	return all
}

// evaluated is an objective whose queries cannot be counted.
func evaluated(ind slo.Indicator) *slo.Objective {
	o := *objectives(source)[0]
	ind.Source = source
	o.Indicator = ind
	return &o
}

// What cannot be counted is evaluated on each minute, good and total at the same instant, and read as the indicator says.
func TestEvaluated(t *testing.T) {
	t.Parallel()
	const stale = -1 // no sample; five minutes later the series is gone
	for _, c := range []struct {
		name    string
		ind     slo.Indicator
		samples [][]promtest.Sample
		want    []slo.Counts // of the minutes from base on
	}{
		{
			"counters that grow, begin anew and appear",
			slo.Indicator{Good: `max(good_total)`, Total: `max(all_total)`},
			[][]promtest.Sample{series("good_total", stale, stale, 5, 8, 8, 2), series("all_total", 10, 14, 20.5, 23.6, 30, 4)},
			[]slo.Counts{{Good: 0, Total: 4}, {Good: 5, Total: 6}, {Good: 3, Total: 3}, {Good: 0, Total: 7}, {Good: 2, Total: 4}},
		},
		{
			"bad ones of a counter",
			slo.Indicator{Bad: `bad_total * 2`, Total: `all_total * 2`},
			[][]promtest.Sample{series("bad_total", 1, 2, 2), series("all_total", 10, 15, 25)},
			[]slo.Counts{{Good: 8, Total: 10}, {Good: 20, Total: 20}},
		},
		{
			"amounts, whose fractions add up",
			slo.Indicator{Kind: slo.Amounts, Good: `avg(good)`, Total: `avg(all)`},
			[][]promtest.Sample{series("good", 9, 0.5, 0.75, 0), series("all", 9, 1.5, 0.5, 0)},
			[]slo.Counts{{Good: 0, Total: 1}, {Good: 1, Total: 1}, {}},
		},
		{
			"thresholds, an event for each result",
			slo.Indicator{Kind: slo.Thresholds, Query: `-temperature or -pressure * 2`, Op: slo.MoreThan, Value: -10},
			[][]promtest.Sample{series("temperature", 1, 9, 11), series("pressure", 1, 4, 4)},
			[]slo.Counts{{Good: 1, Total: 1}, {Good: 0, Total: 1}},
		},
		{
			"ratios",
			slo.Indicator{Kind: slo.Ratios, Query: `share / 2`, Failure: true},
			[][]promtest.Sample{series("share", 1, 0.5, 3, 2)},
			[]slo.Counts{{Good: 750_000, Total: slo.RatioWeight}, {}, {Good: 0, Total: slo.RatioWeight}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := promtest.New(t)
			for _, s := range c.samples {
				server.Append(t, s...)
			}
			for _, minutes := range [][]int{{len(c.want)}, {1, 2, 2, len(c.want)}, {2, 3, len(c.want)}} {
				into := newCounted(t, []*slo.Objective{evaluated(c.ind)})
				into.clock.ms.Store(base.Add(time.Hour).UnixMilli())
				for _, m := range minutes { // each of them as if the process had started anew
					pump := newPump(t, server.URL, into)
					if _, err := pump.Advance(t.Context(), base.Add(-time.Second), base.Add(time.Duration(min(m, len(c.want)))*time.Minute)); err != nil {
						t.Fatal(err)
					}
				}
				var got []slo.Counts
				r, _ := into.ledger.Reader("api/availability")
				for i := range c.want {
					m := slo.MinuteOf(base) + slo.Minute(i)
					got = append(got, r.Read(m-1, m).Counts)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("in steps up to %v (-want +got):\n%s", minutes, diff)
				}
			}
		})
	}
}

// History of evaluated queries ends where live evaluation began, whichever came first.
func TestEvaluatedHistory(t *testing.T) {
	t.Parallel()
	for name, ind := range map[string]slo.Indicator{
		"counters":   {Good: `max(good_total)`, Total: `max(all_total)`},
		"amounts":    {Kind: slo.Amounts, Good: `max(good_total)`, Total: `max(all_total)`},
		"thresholds": {Kind: slo.Thresholds, Query: `max(good_total)`, Op: slo.AtLeast, Value: 100},
	} {
		for _, live := range []int{0, 30, 59} { // minutes that are read live before the history is
			t.Run(fmt.Sprintf("%s/live=%d", name, live), func(t *testing.T) {
				t.Parallel()
				server := promtest.New(t)
				var good, all []float64
				for i := range 121 {
					good, all = append(good, float64(8*i)), append(all, float64(16*i+i%3))
				}
				server.Append(t, series("good_total", good...)...)
				server.Append(t, series("all_total", all...)...)

				throughout := newCounted(t, []*slo.Objective{evaluated(ind)})
				filled := newCounted(t, []*slo.Objective{evaluated(ind)})
				throughout.clock.ms.Store(base.Add(3 * time.Hour).UnixMilli())
				filled.clock.ms.Store(base.Add(3 * time.Hour).UnixMilli())
				drain(t, newPump(t, server.URL, throughout), base.Add(2*time.Hour), false)
				begin := base.Add(time.Duration(60-live) * time.Minute)
				lively := newPump(t, server.URL, filled)
				for at := begin; at.Before(base.Add(time.Hour)); {
					if _, err := lively.Advance(t.Context(), begin, base.Add(time.Hour)); err != nil {
						t.Fatal(err)
					}
					at, _ = lively.Position()
				}
				drain(t, newHistory(t, server.URL, filled), base.Add(time.Hour), false)
				for {
					position, _ := lively.Position()
					if !position.Before(base.Add(2 * time.Hour)) {
						break
					}
					if _, err := lively.Advance(t.Context(), base.Add(time.Hour), base.Add(2*time.Hour)); err != nil {
						t.Fatal(err)
					}
				}
				drain(t, newHistory(t, server.URL, filled), base.Add(2*time.Hour), false) // once more, and too far
				if diff := cmp.Diff(books(t, throughout.ledger, "api/availability"), books(t, filled.ledger, "api/availability")); diff != "" {
					t.Errorf("(-live throughout +filled):\n%s", diff)
				}
			})
		}
	}
}

func newHistory(t testing.TB, url string, into *counted) *promql.Pump {
	t.Helper()
	pump, err := promql.NewPump(promql.Server{Name: source, URL: url}, promql.Into{
		Key: "history", Appenders: []storage.AppendableV2{into.collector.From(source).History()}, Ledger: into.ledger, Now: into.clock.now,
		Selectors:  func() [][]*labels.Matcher { return nil },
		Objectives: into.ledger.Objectives, History: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return pump
}
