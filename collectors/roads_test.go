package collectors_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

var allRequests = objective("s/all", slo.Indicator{Good: `requests_total{code="200"}`, Total: `requests_total`})

// step of a counter: so many seconds after the one before, so many events.
type growth struct {
	seconds int64
	events  float64
}

// The same events give the same ledger, however their counter is told: as a sum or as increases, with or without start timestamps.
func TestRoadsAgree(t *testing.T) {
	t.Parallel()
	steps := []growth{{0, 0}, {15, 7}, {30, 0.5}, {61, 0.5}, {200, 1000}, {15, 0}, {1, 3}}
	begin := observeStart.UnixMilli()
	for _, tc := range []struct {
		name string
		send func(d *desk, ls labels.Labels)
	}{
		{"cumulative", func(d *desk, ls labels.Labels) {
			at, sum := begin, 0.0
			for _, s := range steps {
				at, sum = at+s.seconds*1000, sum+s.events
				d.commit(d.collector, ls, 0, at, sum)
			}
		}},
		{"cumulative with start timestamps", func(d *desk, ls labels.Labels) {
			at, sum := begin, 0.0
			for _, s := range steps[1:] {
				at, sum = at+s.seconds*1000, sum+s.events
				d.commit(d.collector, ls, begin, at, sum)
			}
		}},
		{"delta", func(d *desk, ls labels.Labels) {
			at := begin
			for _, s := range steps[1:] {
				last := at
				at += s.seconds * 1000
				d.commit(d.collector.Deltas(), ls, last, at, s.events)
			}
		}},
		{"delta whose start timestamps are missing after the first", func(d *desk, ls labels.Labels) {
			at := begin
			for i, s := range steps[1:] {
				st := at
				if i > 0 {
					st = 0
				}
				at += s.seconds * 1000
				d.commit(d.collector.Deltas(), ls, st, at, s.events)
			}
		}},
		{"delta, sent twice, over restarts", func(d *desk, ls labels.Labels) {
			at := begin
			for _, s := range steps[1:] {
				last := at
				at += s.seconds * 1000
				d.commit(d.collector.Deltas(), ls, last, at, s.events)
				d.commit(d.collector.Deltas(), ls, last, at, s.events)
				d.restart(allRequests)
			}
		}},
		{"late", func(d *desk, ls labels.Labels) {
			d.now = d.now.Add(300 * time.Hour)
			at, sum := begin, 0.0
			for _, s := range steps {
				at, sum = at+s.seconds*1000, sum+s.events
				d.commit(d.collector.From("").Late(), ls, 0, at, sum)
			}
		}},
		{"history", func(d *desk, ls labels.Labels) {
			d.now = d.now.Add(300 * time.Hour)
			at, sum := begin, 0.0
			for _, s := range steps {
				at, sum = at+s.seconds*1000, sum+s.events
				d.commit(d.collector.History(), ls, 0, at, sum)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, allRequests)
			tc.send(d, labels.FromStrings("__name__", "requests_total", "code", "200"))
			got := d.counts(allRequests.Key)
			if diff := cmp.Diff(reference(t, steps), got); diff != "" {
				t.Errorf("minutes (-want +got):\n%s", diff)
			}
		})
	}
}

// reference spreads the events of the steps by hand.
func reference(t *testing.T, steps []growth) map[int]slo.Counts {
	t.Helper()
	book := minutes{}
	at, sum := observeStart.UnixMilli(), 0.0
	for _, s := range steps[1:] {
		events := int64(sum+s.events) - int64(sum)
		spread(book, events, events, at, at+s.seconds*1000)
		at, sum = at+s.seconds*1000, sum+s.events
	}
	all := map[int]slo.Counts{}
	for m, c := range book {
		if c != (slo.Counts{}) {
			all[int(m-slo.MinuteOf(observeStart))] = c
		}
	}
	return all
}

// Increases count the events of the counter that they are the steps of, whatever is sent again or comes out of order, and wherever the
// process ends.
func TestDeltasEqualTheirCounter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		begin := archiveStart.UnixMilli()
		now := archiveStart.Add(90 * time.Minute)
		want, b := newBench(t, now, modelObjectives[:2]...), newBench(t, now, modelObjectives[:2]...)
		type increase struct {
			ls    labels.Labels
			st, t int64
			v     float64
		}
		send := func(to storage.AppendableV2, i increase) {
			app := to.AppenderV2(t.Context())
			if _, err := app.Append(0, i.ls, i.st, i.t, i.v, nil, nil, storage.AOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := app.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		var sent []increase
		sums, last := map[int]float64{}, map[int]int64{}
		saved := 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			n := rapid.IntRange(0, 2).Draw(t, "series")
			ls := labels.FromStrings("__name__", "requests_total", "code", []string{"200", "500", "200"}[n], "instance", fmt.Sprint("i", n))
			if last[n] == 0 {
				last[n] = begin
				send(want.collector, increase{ls, begin, begin, 0})
			}
			at := last[n] + int64(rapid.IntRange(1, 120_000).Draw(t, "interval"))
			v := float64(rapid.IntRange(0, 4000).Draw(t, "growth")) / 8
			i := increase{ls, last[n], at, v}
			last[n], sums[n] = at, sums[n]+v
			send(want.collector, increase{ls, begin, at, sums[n]})
			send(b.collector.Deltas(), i)
			sent = append(sent, i)
			switch rapid.IntRange(0, 5).Draw(t, "trouble") {
			case 0:
				send(b.collector.Deltas(), rapid.SampledFrom(sent).Draw(t, "again"))
			case 1:
				b.save(t)
				saved = len(sent)
			case 2:
				b.start(t)
				for _, i := range sent[saved:] { // what was not acknowledged is sent again
					send(b.collector.Deltas(), i)
				}
			}
		}
		for _, o := range want.objectives {
			if diff := cmp.Diff(counts(want.minutes(t, o.Key)), counts(b.minutes(t, o.Key))); diff != "" {
				t.Fatalf("%s (-cumulative +delta):\n%s", o.Key, diff)
			}
		}
	})
}

func TestOverlappingIncreasesAreCountedWholeInTheRest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, allRequests)
	ls, at := labels.FromStrings("__name__", "requests_total"), observeStart.UnixMilli()
	d.commit(d.collector.Deltas(), ls, at, at+60_000, 60)
	d.commit(d.collector.Deltas(), ls, at+30_000, at+120_000, 90)
	d.commit(d.collector.Deltas(), ls, at+240_000, at+300_000, 7) // and nothing for what no interval covers
	if diff := cmp.Diff(map[int]slo.Counts{0: {Total: 60}, 1: {Total: 90}, 4: {Total: 7}}, d.counts(allRequests.Key)); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
}

// A sum of increases that has grown past what is kept of it goes on with its fraction.
func TestIncreasesNeverEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t, allRequests)
	ls, at := labels.FromStrings("__name__", "requests_total"), observeStart.UnixMilli()
	const most = 1 << 41 // more than the sum may be, and less than a minute may hold
	for i, v := range []float64{most - 1, 1, 1, 0.5, 0.5, most} {
		d.commit(d.collector.Deltas(), ls, 0, at+int64(i+1)*1000, v)
	}
	if diff := cmp.Diff(map[int]slo.Counts{0: {Total: 2*most + 2}}, d.counts(allRequests.Key)); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
}

// What comes too late is not counted but reported; the next sample in time covers a counter's events.
func TestLateSamplesAreReported(t *testing.T) {
	t.Parallel()
	d := newDesk(t, allRequests)
	ls, at := labels.FromStrings("__name__", "requests_total"), observeStart.UnixMilli()
	d.commit(d.collector, ls, 0, at, 10)
	d.now = d.start.Add(4 * time.Hour)
	for i := range 3 {
		d.commit(d.collector, ls, 0, at+int64(i+1)*60_000, 20)
	}
	if got := d.counts(allRequests.Key); len(got) > 0 {
		t.Errorf("counted what is beyond the horizon: %v", got)
	}
	d.commit(d.collector, ls, 0, d.now.UnixMilli(), 30)
	r, _ := d.ledger.Reader(allRequests.Key)
	if got := r.Read(0, slo.MinuteOf(d.now)).Total; got != 20 {
		t.Errorf("counted %d events, want 20", got)
	}
	if status, _ := d.ledger.Status(allRequests.Key, d.now); status.Dropped != 3 {
		t.Errorf("%d samples reported as dropped, want 3", status.Dropped)
	}
	if n, err := testutil.GatherAndCount(d.registry, "plimsoll_collector_samples_total"); err != nil || n == 0 {
		t.Errorf("no metric of samples: %v", err)
	}
}

// Samples of a source count for the objectives that name it, and for no others.
func TestSourcesAreApart(t *testing.T) {
	t.Parallel()
	own := objective("s/own", slo.Indicator{Good: `requests_total`, Total: `requests_total`})
	theirs := objective("s/theirs", slo.Indicator{Good: `requests_total`, Total: `requests_total`, Source: "prometheus"})
	d := newDesk(t, own, theirs)
	ls, at := labels.FromStrings("__name__", "requests_total"), observeStart.UnixMilli()
	for i := range 3 {
		d.commit(d.collector, ls, at-1, at+int64(i)*60_000, float64(i+1))
		d.commit(d.collector.From("prometheus"), ls, at-1, at+int64(i)*60_000, float64(10*(i+1)))
	}
	for key, want := range map[slo.Key]int64{own.Key: 3, theirs.Key: 30} {
		r, _ := d.ledger.Reader(key)
		if got := r.Read(0, slo.MinuteOf(d.now)).Total; got != want {
			t.Errorf("%s: counted %d, want %d", key, got, want)
		}
	}
	d.commit(d.collector.From("nobody"), ls, 0, at, 1)
	if _, ok := d.collector.From("nobody").Last(ls); ok {
		t.Error("counted a source that no objective names")
	}
	last, ok := d.collector.From("prometheus").Last(ls)
	if want := at + 120_000; !ok || last != want {
		t.Errorf("the newest counted sample is at %d, want %d", last, want)
	}
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	a := objective("s/a", slo.Indicator{Good: `sum(rate(a{code="200"}[5m]))`, Total: `sum(a)`, Source: "p"})
	b := objective("s/b", slo.Indicator{Good: `b_bucket{le="1"}`, Total: `a`, Source: "p"})
	evaluated := objective("s/c", slo.Indicator{Good: `max(c)`, Total: `c`, Source: "p"})
	d := newDesk(t, a, b, evaluated, allRequests)
	var got []string
	for _, ms := range d.collector.Selectors("p") {
		got = append(got, fmt.Sprint(ms))
	}
	want := []string{`[__name__="a"]`, `[code="200" __name__="a"]`, `[le="1" __name__="b_bucket"]`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("selectors (-want +got):\n%s", diff)
	}
	if got := d.collector.Selectors("nobody"); len(got) > 0 {
		t.Errorf("selectors of a source that no objective names: %v", got)
	}
	if diff := cmp.Diff(map[slo.Key][]string{"s/c": {"approximate: its source evaluates the queries"}}, d.collector.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// commit appends one sample in a transaction of its own.
func (d *desk) commit(to storage.AppendableV2, ls labels.Labels, st, t int64, v float64) {
	d.Helper()
	app := to.AppenderV2(d.Context())
	d.append(app, ls, st, t, v)
	if err := app.Commit(); err != nil {
		d.Fatal(err)
	}
}

// counts returns the events of the minutes after the start, as far as there are any.
func (d *desk) counts(key slo.Key) map[int]slo.Counts {
	d.Helper()
	r, ok := d.ledger.Reader(key)
	if !ok {
		d.Fatalf("no reader of %s", key)
	}
	all := map[int]slo.Counts{}
	first := slo.MinuteOf(d.start)
	r.Each(first-600, slo.MinuteOf(d.now)+20, func(c slo.MinuteCounts) bool {
		if c.Counts != (slo.Counts{}) {
			all[int(c.Minute-first)] = c.Counts
		}
		return true
	})
	return all
}
