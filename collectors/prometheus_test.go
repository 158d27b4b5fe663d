package collectors_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo"
)

// The same scrapes are counted by the collector and by Prometheus's own database and engine, with increase over the window. What happened
// is known. The collector is exact in every case; each case states in which direction, and by how much at least, increase is off.
func TestAgainstIncrease(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		interval time.Duration
		window   time.Duration
		// value of the counter at a scrape, the 0th of which is at the beginning of the window; false while it is not exposed.
		value func(scrape int) (float64, bool)
		want  int64   // events in the window
		off   float64 // increase is off by this many events or more; negative: it has less
		// began is the scrape at which the process began that is seen at a scrape, if it tells; may be nil.
		began func(scrape int) int
	}{
		{"a steady counter, where nothing is off", 15 * time.Second, time.Hour, func(i int) (float64, bool) { return float64(1000 + 30*i), true }, 7200, 0, nil},
		{"three failures in an hour", 15 * time.Second, time.Hour, func(i int) (float64, bool) {
			return float64(7 + min(3, max(0, i/60))), true
		}, 3, 0.01, nil},
		{"scrapes a minute apart, two events at the edge of the window", time.Minute, 5 * time.Minute, func(i int) (float64, bool) {
			return float64(100 + 2*min(1, max(0, i))), true
		}, 2, -2, nil},
		{"one event inside of a five-minute window", time.Minute, 5 * time.Minute, func(i int) (float64, bool) {
			return float64(100 + min(1, max(0, i-2))), true
		}, 1, 0.2, nil},
		{"the first failures of a process", 15 * time.Second, time.Hour, func(i int) (float64, bool) { return 12, i >= 100 }, 12, -12, nil},
		{"first failures, and then some more", 15 * time.Second, time.Hour, func(i int) (float64, bool) {
			return float64(20 + max(0, i-150)/30), i >= 100
		}, 23, -19, nil},
		{"a deploy, after which there are more failures at once than there were before", 15 * time.Second, time.Hour, func(i int) (float64, bool) {
			if i < 100 {
				return 5, true
			}
			return 40, i >= 104
		}, 40, -4, func(i int) int {
			if i < 102 {
				return -1000
			}
			return 102
		}},
		{"a burst on a series that lives for two scrapes", 15 * time.Second, time.Hour, func(i int) (float64, bool) {
			return 500, i >= 10 && i < 12
		}, 500, -500, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := objective("s/failures", slo.Indicator{Bad: `requests_total{code="500"}`, Total: `requests_total`})
			d := newDesk(t, o)
			d.now = d.start.Add(tc.window)
			prometheus := promtest.New(t)
			series := labels.FromStrings("__name__", "requests_total", "code", "500", "instance", "a", "job", "api")
			up := labels.FromStrings("__name__", "up", "instance", "a", "job", "api")
			for i := -20; i <= int(tc.window/tc.interval); i++ {
				at := d.start.Add(time.Duration(i) * tc.interval).UnixMilli()
				scrape := []promtest.Sample{{Labels: up, T: at, V: 1}}
				if v, exposed := tc.value(i); exposed {
					scrape = append(scrape, promtest.Sample{Labels: series, T: at, V: v})
				}
				prometheus.Append(t, scrape...)
				app := d.collector.AppenderV2(t.Context())
				for _, s := range scrape {
					st := int64(0)
					if tc.began != nil {
						st = d.start.Add(time.Duration(tc.began(i)) * tc.interval).UnixMilli()
					}
					d.append(app, s.Labels, st, s.T, s.V)
				}
				if err := app.Commit(); err != nil {
					t.Fatal(err)
				}
			}
			r, _ := d.ledger.Reader(o.Key)
			ours := r.Read(slo.MinuteOf(d.start)-1, slo.MinuteOf(d.now)-1).Bad()
			theirs := increase(t, prometheus, fmt.Sprintf(`sum(increase(requests_total{code="500"}[%s]))`, slo.ShortDuration(tc.window)), d.now)
			t.Logf("%d events; the collector counts %d, increase %g (%+.3g)", tc.want, ours, theirs, theirs-float64(tc.want))
			if ours != tc.want {
				t.Errorf("counted %d, want %d", ours, tc.want)
			}
			switch off := theirs - float64(tc.want); {
			case tc.off == 0 && math.Abs(off) > 1e-9, tc.off > 0 && off < tc.off, tc.off < 0 && off > tc.off:
				t.Errorf("increase is off by %g, want %g or more", off, tc.off)
			}
		})
	}
}

// increase evaluates an instant query that yields one number, or none, which is 0.
func increase(t *testing.T, p *promtest.Prometheus, query string, at time.Time) float64 {
	t.Helper()
	q, err := p.Engine.NewInstantQuery(t.Context(), p.DB, nil, query, at)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	vector, err := q.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatal(err)
	}
	if len(vector) == 0 {
		return 0
	}
	return vector[0].F
}
