package collectors_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// interval is what a series counted in (st, t].
type interval struct {
	series labels.Labels
	st, t  int64
	v      float64
}

// Increases count in their own minutes, each once, in whatever order they come: however often they are sent, wherever the process is killed,
// and where some intervals had nothing to tell.
func TestIncreasesInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := archiveStart.UnixMilli()
		b := newBench(t, archiveStart.Add(100*time.Minute), modelObjectives[0])
		var all []interval
		want := minutes{}
		for n, code := range []string{"200", "500"} {
			series := labels.FromStrings("__name__", "requests_total", "code", code, "instance", fmt.Sprint(n))
			at := start
			for range rapid.IntRange(1, 25).Draw(t, "intervals") {
				i := interval{series, at, at + int64(rapid.SampledFrom([]int{1, 15_000, 60_000, 200_000}).Draw(t, "interval")), 0}
				at = i.t
				if i.v = float64(rapid.SampledFrom([]int{0, 1, 7, 1000}).Draw(t, "growth")); i.v == 0 && rapid.Bool().Draw(t, "silent") {
					continue
				}
				all = append(all, i)
				good := int64(i.v) * int64(1-n)
				spread(want, good, int64(i.v), i.st, i.t)
			}
		}
		send := func(i interval) {
			app := b.collector.Deltas().AppenderV2(t.Context())
			if _, err := app.Append(0, i.series, i.st, i.t, i.v, nil, nil, storage.AOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := app.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		sent := rapid.Permutation(all).Draw(t, "order")
		saved := 0
		for n, i := range sent {
			send(i)
			switch rapid.IntRange(0, 5).Draw(t, "trouble") {
			case 0:
				send(rapid.SampledFrom(sent[:n+1]).Draw(t, "again"))
			case 1:
				b.save(t)
				saved = n + 1
			case 2:
				b.start(t)
				for _, i := range sent[saved : n+1] { // what was not acknowledged is sent again
					send(i)
				}
			}
		}
		maps.DeleteFunc(want, func(_ slo.Minute, c slo.Counts) bool { return c == slo.Counts{} })
		if diff := cmp.Diff(map[slo.Minute]slo.Counts(want), counts(b.minutes(t, modelObjectives[0].Key))); diff != "" {
			t.Fatalf("minutes (-want +got):\n%s", diff)
		}
	})
}

// What counts of increases that do not come one after another, in seconds after the start. An interval may begin at an unknown time, which is 0.
func TestGapsOfIncreases(t *testing.T) {
	t.Parallel()
	type sent struct{ st, t, v int64 }
	const m = 60
	for _, tc := range []struct {
		name string
		sent []sent
		want map[int]int64 // by minute
	}{
		{"before the first one", []sent{{2 * m, 3 * m, 3}, {m, 2 * m, 2}}, map[int]int64{1: 2, 2: 3}},
		{"what begins at an unknown time, before the first one", []sent{{0, 3 * m, 3}, {0, 2 * m, 2}}, map[int]int64{1: 2, 2: 3}},
		{"what begins at an unknown time, after a gap: it fills the gap", []sent{{1, m, 1}, {0, 4 * m, 3}, {m, 2 * m, 2}}, map[int]int64{0: 1, 1: 1, 2: 1, 3: 1}},
		{"what begins at an unknown time, in a gap", []sent{{1, m, 1}, {3 * m, 4 * m, 4}, {0, 2 * m, 2}, {2 * m, 3 * m, 3}}, map[int]int64{0: 1, 1: 2, 2: 3, 3: 4}},
		{"a repeat of each", []sent{{m, 2 * m, 1}, {3 * m, 4 * m, 4}, {m, 2 * m, 1}, {2 * m, 3 * m, 3}, {2 * m, 3 * m, 3}, {3 * m, 4 * m, 4}}, map[int]int64{1: 1, 2: 3, 3: 4}},
		{"two merged, and its first half was counted: whole, in the rest", []sent{{m, 2 * m, 1}, {m, 3 * m, 4}}, map[int]int64{1: 1, 2: 4}},
		{"two merged, and its second half was counted: a repeat", []sent{{2 * m, 3 * m, 1}, {m, 3 * m, 4}}, map[int]int64{2: 1}},
		{"the halves of what was merged: repeats", []sent{{m, 3 * m, 4}, {m, 2 * m, 1}, {2 * m, 3 * m, 3}}, map[int]int64{1: 2, 2: 2}},
		{"one that reaches over a gap closes it", []sent{{m, 2 * m, 1}, {3 * m, 4 * m, 2}, {m, 5 * m, 9}, {2 * m, 3 * m, 7}}, map[int]int64{1: 1, 3: 2, 4: 9}},
		{"one within a gap, which leaves two", []sent{{m, 2 * m, 1}, {5 * m, 6 * m, 1}, {3 * m, 4 * m, 1}, {4 * m, 5 * m, 1}, {2 * m, 3 * m, 1}, {0, 4 * m, 9}}, map[int]int64{1: 1, 2: 1, 3: 1, 4: 1, 5: 1}},
		{"an interval that ends before it begins", []sent{{m, 2 * m, 1}, {4 * m, 3 * m, 2}}, map[int]int64{1: 1, 2: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, allRequests)
			ls, start := labels.FromStrings("__name__", "requests_total"), observeStart.UnixMilli()
			for _, s := range tc.sent {
				st := int64(0)
				if s.st > 0 {
					st = start + s.st*1000
				}
				d.commit(d.collector.Deltas(), ls, st, start+s.t*1000, float64(s.v))
				d.restart(allRequests)
			}
			got := map[int]int64{}
			for minute, c := range d.counts(allRequests.Key) {
				got[minute] = c.Total
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("minutes (-want +got):\n%s", diff)
			}
		})
	}
}

// The gaps of a series are bounded, and those beyond the horizon are forgotten; what comes for them is reported.
func TestGapsAreBounded(t *testing.T) {
	t.Parallel()
	d := newDesk(t, allRequests)
	ls, start := labels.FromStrings("__name__", "requests_total"), observeStart.UnixMilli()
	const n = 1000
	for i := range int64(n) {
		d.commit(d.collector.Deltas(), ls, start+2*i*1000, start+(2*i+1)*1000, 1)
	}
	key := fmt.Sprintf("series %s", ls)
	if c, _ := d.ledger.Cursor(key); len(c.Gaps) > 2_000 {
		t.Errorf("%d bytes of gaps", len(c.Gaps))
	}
	for i := range int64(n - 1) {
		d.commit(d.collector.Deltas(), ls, start+(2*i+1)*1000, start+(2*i+2)*1000, 1)
	}
	if got := d.samples()["out_of_order"]; got < n/2 || got > n-200 {
		t.Errorf("%v increases came too late for gaps that were given up", got)
	}
	d.now = d.start.Add(4 * time.Hour)
	d.commit(d.collector.Deltas(), ls, d.now.UnixMilli()-1000, d.now.UnixMilli(), 1)
	d.commit(d.collector.Deltas(), ls, start+(2*n-1)*1000, start+2*n*1000, 1)
	if status, _ := d.ledger.Status(allRequests.Key, d.now); status.Dropped != 1 {
		t.Errorf("%d increases reported as dropped, want 1", status.Dropped)
	}
	if c, _ := d.ledger.Cursor(key); len(c.Gaps) > 20 {
		t.Errorf("%d bytes of gaps are kept beyond the horizon", len(c.Gaps))
	}
}
