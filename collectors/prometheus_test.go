package collectors_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo"
)

// The same scrapes are counted by the collector and by Prometheus's own database and engine, with increase over the window. What happened
// is known. The collector is exact in every case; each case states by how many events increase is off.
func TestAgainstIncrease(t *testing.T) {
	t.Parallel()
	const fast = 15 * time.Second
	always := func(v float64) (float64, bool) { return v, true }
	for _, tc := range []struct {
		name             string
		interval, window time.Duration
		// value of the counter at a scrape, the 0th of which is at the beginning of the window; false while it is not exposed.
		value func(scrape int) (float64, bool)
		want  int64   // events in the window
		off   float64 // how many more increase has
		// began is the scrape at which the process began that is seen at a scrape, if it tells; may be nil.
		began func(scrape int) int
	}{
		{"a steady counter", fast, time.Hour, func(i int) (float64, bool) { return always(float64(1000 + 30*i)) }, 7200, 0, nil},

		{"extrapolation: three failures in an hour", fast, time.Hour, func(i int) (float64, bool) { return always(float64(7 + min(3, max(0, i/60)))) }, 3, 0.012552, nil},
		{"extrapolation: one event within five minutes, scraped every minute", time.Minute, 5 * time.Minute, func(i int) (float64, bool) {
			return always(float64(100 + min(1, max(0, i-2))))
		}, 1, 0.25, nil},
		{"the edge: two events between the beginning of the window and its first scrape", time.Minute, 5 * time.Minute, func(i int) (float64, bool) {
			return always(float64(100 + 2*min(1, max(0, i))))
		}, 2, -2, nil},

		{"first value: the first failures of a process", fast, time.Hour, func(i int) (float64, bool) { return 12, i >= 100 }, 12, -12, nil},
		{"first value: first failures, and then some more", fast, time.Hour, func(i int) (float64, bool) { return float64(20 + max(0, i-150)/30), i >= 100 }, 23, -19.989286, nil},
		{"first value: each of twenty deploys begins with five failures", fast, time.Hour, func(i int) (float64, bool) {
			return 5, i > 0 && i%12 > 2
		}, 5, -5, nil},

		{"a single sample", fast, time.Hour, func(i int) (float64, bool) { return 500, i == 10 }, 500, -500, nil},
		{"a series that lives for two scrapes", fast, time.Hour, func(i int) (float64, bool) { return 500, i >= 10 && i < 12 }, 500, -500, nil},
		{"a series that vanishes after half of the window", fast, time.Hour, func(i int) (float64, bool) { return float64(1000 + 30*i), i <= 120 }, 3600, 15, nil},
		{"a series that is there in the middle of the window, from its first event on: one error makes up for the other", fast, time.Hour, func(i int) (float64, bool) {
			return float64(30 * (i - 80)), i > 80 && i <= 160
		}, 2400, 0, nil},

		{"a reset", fast, time.Hour, func(i int) (float64, bool) {
			if i < 100 {
				return always(float64(1000 + 30*i))
			}
			return always(float64(30 * (i - 100)))
		}, 30*99 + 30*140, -0.125523, nil},
		{"a reset that does not show: a deploy, after which there are more failures at once than there were before", fast, time.Hour, func(i int) (float64, bool) {
			if i < 100 {
				return 5, true
			}
			return 40, i >= 104
		}, 40, -4.853556, func(i int) int {
			if i < 102 {
				return -1000
			}
			return 102
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := objective("s/failures", slo.Indicator{Bad: `requests_total{code="500"}`, Total: `requests_total`})
			e := newEngines(t, o)
			e.now = e.start.Add(tc.window)
			series := labels.FromStrings("__name__", "requests_total", "code", "500", "instance", "a", "job", "api")
			exposed := false
			for i := -20; i <= int(tc.window/tc.interval); i++ {
				at, st := e.start.Add(time.Duration(i)*tc.interval).UnixMilli(), int64(0)
				if tc.began != nil {
					st = e.start.Add(time.Duration(tc.began(i)) * tc.interval).UnixMilli()
				}
				scrape := []promtest.Sample{{Labels: healthOfA, T: at, V: 1}}
				if v, ok := tc.value(i); ok || exposed {
					if exposed = ok; !ok {
						v = math.Float64frombits(value.StaleNaN)
					}
					scrape = append(scrape, promtest.Sample{Labels: series, T: at, V: v})
				}
				e.scrape(st, scrape...)
			}
			r, _ := e.ledger.Reader(o.Key)
			ours := r.Read(slo.MinuteOf(e.start)-1, slo.MinuteOf(e.now)-1).Bad()
			theirs := e.query(fmt.Sprintf(`sum(increase(requests_total{code="500"}[%s]))`, slo.ShortDuration(tc.window)))
			t.Logf("%d events; the collector counts %d, increase %g: %+.6g", tc.want, ours, theirs, theirs-float64(tc.want))
			if ours != tc.want {
				t.Errorf("counted %d, want %d", ours, tc.want)
			}
			golden(t, "increase is off by", tc.off, theirs-float64(tc.want))
		})
	}
}

// The same with native histograms. The bound is one at which a bucket ends, so that nothing is estimated before buckets are merged. Increase
// reduces all of the window to the coarsest of its samples.
func TestAgainstIncreaseOfNativeHistograms(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name              string
		value             func(scrape int) *histogram.Histogram // nil while it is not exposed
		good, total       int64
		estimated         int64 // how many more are counted as good
		offGood, offTotal float64
	}{
		{"steady", func(i int) *histogram.Histogram { return native(1000+10*int64(i), 1000+20*int64(i)) }, 2400, 7200, 0, 0, 0},
		{"a reset", func(i int) *histogram.Histogram {
			if i < 100 {
				return native(1000+10*int64(i), 1000+20*int64(i))
			}
			return native(10*int64(i-100), 20*int64(i-100))
		}, 990 + 1400, 2970 + 4200, 0, -0.041841, -0.125523},
		{"the first observations of a process", func(i int) *histogram.Histogram {
			if i < 100 {
				return nil
			}
			return native(7, 5)
		}, 7, 12, 0, math.NaN(), -12},
		{"buckets that are merged, so that the bound is within one", func(i int) *histogram.Histogram {
			h := native(1000+10*int64(i), 1000+20*int64(i))
			if i >= 100 { // (0.0625,0.25] is empty, (0.25,1] has both
				h = native(2000 + 30*int64(i))
				h.Schema, h.PositiveSpans[0].Offset = -1, 0
			}
			return h
		}, 2400, 7200, 720, 1200, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := objective("s/half", slo.Indicator{Good: `d_bucket{le="0.5"}`, Total: `d_count`})
			e := newEngines(t, o)
			series := labels.FromStrings("__name__", "d", "instance", "a", "job", "api")
			for i := -20; i <= 240; i++ {
				at := e.start.Add(time.Duration(i) * 15 * time.Second).UnixMilli()
				if h := tc.value(i); h != nil {
					app := e.prometheus.DB.Appender(t.Context())
					if _, err := app.AppendHistogram(0, series, at, h, nil); err != nil {
						t.Fatal(err)
					}
					if err := app.Commit(); err != nil {
						t.Fatal(err)
					}
					e.commitNative(e.collector, series, at, h, nil)
				}
				e.scrape(0, promtest.Sample{Labels: healthOfA, T: at, V: 1})
			}
			r, _ := e.ledger.Reader(o.Key)
			ours := r.Read(slo.MinuteOf(e.start)-1, slo.MinuteOf(e.now)-1).Counts
			total := e.query(`histogram_count(increase(d[1h]))`)
			good := total * e.query(`histogram_fraction(-Inf, 0.5, increase(d[1h]))`)
			t.Logf("%d good of %d; the collector counts %+v, increase %g of %g", tc.good, tc.total, ours, good, total)
			if want := (slo.Counts{Good: tc.good, Total: tc.total}); ours.Good != want.Good+tc.estimated || ours.Total != want.Total {
				t.Errorf("counted %+v, want %+v and %d estimated", ours, want, tc.estimated)
			}
			golden(t, "the good of increase are off by", tc.offGood, good-float64(tc.good))
			golden(t, "all of increase are off by", tc.offTotal, total-float64(tc.total))
		})
	}
}

// Sloth and Pyrra record the ratio of errors over five minutes, and Sloth averages that over 30 days. An average of ratios weighs each five
// minutes alike, however many requests they had. What happened is known; the collector has it to the event.
func TestAgainstRecordingRules(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		// minute says how many requests a minute of the month had, and how many of them failed.
		minute func(i int) (requests, failures int)
		rules  float64 // share of the budget of 99.9 % that is spent by the average of the recorded ratios
		ours   float64 // and in truth
	}{
		{"even traffic, even failures", func(int) (int, int) { return 1000, 1 }, 1, 1},
		{"an outage of an hour at night, when there is a hundredth of the traffic", func(i int) (int, int) {
			n := dayAndNight(i)
			if i >= 10*1440+120 && i < 10*1440+180 {
				return n, n
			}
			return n, 0
		}, 1.385668, 0.018457},
		{"an outage of an hour at noon", func(i int) (int, int) {
			n := dayAndNight(i)
			if i >= 10*1440+720 && i < 10*1440+780 {
				return n, n
			}
			return n, 0
		}, 1.385668, 1.845700},
		{"a job that runs for ten minutes a day, and fails once: nothing divided by nothing is no number", func(i int) (int, int) {
			if i%1440 >= 10 {
				return 0, 0
			}
			if i/1440 == 15 {
				return 100, 100
			}
			return 100, 0
		}, math.NaN(), 33.333333},
		{"a failed minute every four hours", func(i int) (int, int) {
			n := dayAndNight(i)
			if i%240 == 30 {
				return n, n / 2
			}
			return n, 0
		}, 2.079349, 1.854928},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := objective("s/failures", slo.Indicator{Bad: `requests_total{code="500"}`, Total: `requests_total`})
			e := newEngines(t, o)
			ok := labels.FromStrings("__name__", "requests_total", "code", "200", "instance", "a", "job", "api")
			failed := labels.FromStrings("__name__", "requests_total", "code", "500", "instance", "a", "job", "api")
			var good, bad float64
			const month = 30 * 1440
			for i := 0; i <= month; i++ {
				e.now = e.start.Add(time.Duration(i) * time.Minute)
				at := e.now.UnixMilli()
				e.scrape(0, promtest.Sample{Labels: ok, T: at, V: good}, promtest.Sample{Labels: failed, T: at, V: bad}, promtest.Sample{Labels: healthOfA, T: at, V: 1})
				n, failures := tc.minute(i)
				good, bad = good+float64(n-failures), bad+float64(failures)
			}
			r, _ := e.ledger.Reader(o.Key)
			c := r.Read(slo.MinuteOf(e.start)-1, slo.MinuteOf(e.now)-1).Counts
			ours := float64(c.Bad()) / float64(c.Total) * 1000
			theirs := e.query(`avg_over_time((sum(rate(requests_total{code="500"}[5m])) / sum(rate(requests_total[5m])))[30d:1m])`) * 1000
			t.Logf("of the budget are spent %.4f; by the rules %.4f", ours, theirs)
			golden(t, "in truth there is spent", tc.ours, ours)
			golden(t, "by the rules there is spent", tc.rules, theirs)
		})
	}
}

// dayAndNight is the traffic of a minute: a hundredth between midnight and six.
func dayAndNight(minute int) int {
	if minute%1440 < 360 {
		return 10
	}
	return 1000
}

var healthOfA = labels.FromStrings("__name__", "up", "instance", "a", "job", "api")

// engines are a collector and a Prometheus that see the same.
type engines struct {
	*desk
	prometheus *promtest.Prometheus
}

func newEngines(t *testing.T, o *slo.Objective) *engines {
	return &engines{newDesk(t, o), promtest.New(t)}
}

func (e *engines) scrape(st int64, samples ...promtest.Sample) {
	e.Helper()
	e.prometheus.Append(e.T, samples...)
	app := e.collector.AppenderV2(e.Context())
	for _, s := range samples {
		e.append(app, s.Labels, st, s.T, s.V)
	}
	if err := app.Commit(); err != nil {
		e.Fatal(err)
	}
}

// query evaluates an instant query that yields one number, or none, which is 0.
func (e *engines) query(query string) float64 {
	e.Helper()
	q, err := e.prometheus.Engine.NewInstantQuery(e.Context(), e.prometheus.DB, nil, query, e.now)
	if err != nil {
		e.Fatal(err)
	}
	defer q.Close()
	vector, err := q.Exec(e.Context()).Vector()
	if err != nil {
		e.Fatal(err)
	}
	if len(vector) == 0 {
		return 0
	}
	return vector[0].F
}

// golden compares a figure with the one that is known.
func golden(t *testing.T, what string, want, got float64) {
	t.Helper()
	if same := math.Abs(got-want) <= 1e-6*max(1, math.Abs(want)); !same && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s %.6f, want %.6f", what, got, want)
	}
}
