package collectors_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// BenchmarkAppend measures one sample of a scrape of a thousand series, commit included.
func BenchmarkAppend(b *testing.B) {
	b.Run("wanted", func(b *testing.B) { benchmarkAppend(b, "requests_total") })
	b.Run("unwanted", func(b *testing.B) { benchmarkAppend(b, "other_total") })
	b.Run("unwanted-by-labels", func(b *testing.B) { benchmarkResolve(b) })
}

const benchSeries = 1000

func benchCollector(b *testing.B) (*collectors.Collector, *time.Time) {
	b.Helper()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	c, err := collectors.New(collectors.Config{Ledger: ledger.New(ledger.Config{Now: clock}), Now: clock})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.SetObjectives([]*slo.Objective{
		objective("s/availability", slo.Indicator{Good: `sum(requests_total{code=~"2.."})`, Total: `sum(requests_total)`}),
	}); err != nil {
		b.Fatal(err)
	}
	return c, &now
}

func benchLabels(name string) []labels.Labels {
	series := make([]labels.Labels, benchSeries)
	for i := range series {
		series[i] = labels.FromStrings("__name__", name, "code", "200", "handler", fmt.Sprint("/v1/", i), "instance", "a:80", "job", "api")
	}
	return series
}

func benchmarkAppend(b *testing.B, name string) {
	c, now := benchCollector(b)
	series, refs := benchLabels(name), make([]storage.SeriesRef, benchSeries)
	up := labels.FromStrings("__name__", "up", "instance", "a:80", "job", "api")
	b.ReportAllocs()
	for n := 0; n < b.N; n += benchSeries {
		*now = now.Add(15 * time.Second)
		t, v := now.UnixMilli(), float64(n)
		app := c.AppenderV2(b.Context())
		for i := range series {
			var err error
			if refs[i], err = app.Append(refs[i], series[i], 0, t, v, nil, nil, storage.AOptions{}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := app.Append(0, up, 0, t, 1, nil, nil, storage.AOptions{}); err != nil {
			b.Fatal(err)
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// benchmarkResolve appends without references, as a receiver of pushed samples does.
func benchmarkResolve(b *testing.B) {
	c, _ := benchCollector(b)
	series := benchLabels("other_total")
	app := c.AppenderV2(b.Context())
	for n := range b.N {
		if _, err := app.Append(0, series[n%benchSeries], 0, 1, 1, nil, nil, storage.AOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDeltas measures one increase of a series of which so many gaps are remembered: in order, and where each second one fills the gap that
// the one before has left.
func BenchmarkDeltas(b *testing.B) {
	for _, gaps := range []int{0, 16, 255} {
		b.Run(fmt.Sprintf("in-order/gaps=%d", gaps), func(b *testing.B) { benchmarkDeltas(b, gaps, false) })
		b.Run(fmt.Sprintf("swapped/gaps=%d", gaps), func(b *testing.B) { benchmarkDeltas(b, gaps, true) })
	}
}

func benchmarkDeltas(b *testing.B, gaps int, swapped bool) {
	c, now := benchCollector(b)
	series := benchLabels("requests_total")[0]
	app := c.Deltas().AppenderV2(b.Context())
	var ref storage.SeriesRef
	add := func(st, t int64) {
		var err error
		if ref, err = app.Append(ref, series, st, t, 1, nil, nil, storage.AOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	at := now.UnixMilli()
	for i := range gaps + 1 {
		if i > 0 {
			at += 20_000
		}
		add(at-15_000, at)
	}
	*now = time.UnixMilli(at)
	if err := app.Commit(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; n < b.N; n += benchSeries {
		for range benchSeries / 2 {
			if swapped {
				add(at+1, at+2)
				add(at, at+1)
			} else {
				add(at, at+1)
				add(at+1, at+2)
			}
			at += 2
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}
