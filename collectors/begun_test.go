package collectors_test

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/slo"
)

// An objective that comes later counts all of its series from one point on, whether or not another objective counts some of them already.
func TestObjectivesBeginWithAllTheirSeries(t *testing.T) {
	t.Parallel()
	first := objective("s/first", slo.Indicator{Good: `d_bucket{le="1"}`, Total: `d_count`})
	second := objective("s/second", slo.Indicator{Good: `d_bucket{le="0.3"}`, Total: `d_count`})
	bucket := func(le string) labels.Labels {
		return labels.FromStrings("__name__", "d_bucket", "le", le, "instance", "a", "job", "s")
	}
	count, up := labels.FromStrings("__name__", "d_count", "instance", "a", "job", "s"), labels.FromStrings("__name__", "up", "instance", "a", "job", "s")
	for _, tc := range []struct {
		name  string
		start int64 // seconds before
		want  slo.Counts
	}{
		{"start timestamps", 1000, slo.Counts{Good: 909 + 9, Total: 1010 + 10}},
		{"none", 0, slo.Counts{Good: 9, Total: 10}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, first)
			at, st := d.start.UnixMilli(), int64(0)
			if tc.start > 0 {
				st = at - tc.start*1000
			}
			scrape := func(i int64) {
				app := d.collector.AppenderV2(t.Context())
				d.append(app, bucket("0.3"), st, at+i*15_000, float64(900+9*i))
				d.append(app, bucket("1"), st, at+i*15_000, float64(950+9*i))
				d.append(app, count, st, at+i*15_000, float64(1000+10*i))
				d.append(app, up, 0, at+i*15_000, 1)
				if err := app.Commit(); err != nil {
					t.Fatal(err)
				}
			}
			scrape(0)
			d.set(first, second)
			scrape(1)
			d.restart(first, second)
			scrape(2)
			r, _ := d.ledger.Reader(second.Key)
			if got := r.Read(0, slo.MinuteOf(d.now)).Counts; got != tc.want {
				t.Errorf("counted %+v, want %+v", got, tc.want)
			}
		})
	}
}

// With another query an objective counts the series that it did not want before from now on, however long ago they began.
func TestSeriesOfAnotherQueryBeginNow(t *testing.T) {
	t.Parallel()
	first := objective("s/a", slo.Indicator{Good: `d_bucket{le="1"}`, Total: `d_count`})
	second := objective("s/a", slo.Indicator{Good: `d_bucket{le="0.3"}`, Total: `d_count`})
	for name, after := range map[string]time.Duration{"at once": 0, "later than the horizon": 5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, first)
			st := d.start.UnixMilli() - 1_000_000
			scrape := func(n float64) {
				d.now = d.now.Add(15 * time.Second)
				app := d.collector.AppenderV2(t.Context())
				for le, bad := range map[string]float64{"0.3": 100, "1": 50} {
					d.append(app, labels.FromStrings("__name__", "d_bucket", "le", le, "instance", "a", "job", "s"), st, d.now.UnixMilli(), n-bad)
				}
				d.append(app, labels.FromStrings("__name__", "d_count", "instance", "a", "job", "s"), st, d.now.UnixMilli(), n)
				if err := app.Commit(); err != nil {
					t.Fatal(err)
				}
			}
			read := func() slo.Counts {
				r, _ := d.ledger.Reader(first.Key)
				return r.Read(0, slo.MinuteOf(d.now)).Counts
			}
			scrape(1000)
			d.now = d.now.Add(after)
			scrape(1010)
			if got, want := read(), (slo.Counts{Good: 960, Total: 1010}); got != want {
				t.Fatalf("counted %+v, want %+v", got, want)
			}
			d.set(second)
			scrape(1020)
			d.restart(second)
			scrape(1030)
			if got, want := read(), (slo.Counts{Good: 960 + 10, Total: 1010 + 20}); got != want {
				t.Errorf("counted %+v with another query, want %+v", got, want)
			}
		})
	}
}
