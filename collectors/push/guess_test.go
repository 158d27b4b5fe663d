package push

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/prompb"
	"pgregory.net/rapid"
)

// TestGuesses sends series whose labels begin alike in any order, again and again, to a receiver that has room to know few of them. However often
// it guesses wrong which comes next, each sample is of the series that was sent.
func TestGuesses(t *testing.T) {
	t.Parallel()
	names := [][]string{
		{"__name__", "a"}, {"__name__", "a", "b", "1"}, {"__name__", "a", "b", "1", "c", "2"}, {"__name__", "a", "b", "2"},
		{"__name__", "aa"}, {"__name__", "b", "b", "1"}, {"__name__", "b", "b", "1", "c", "2"}, {"b", "1", "__name__", "a"},
	}
	rapid.Check(t, func(t *rapid.T) {
		sink := newRecorder()
		r, err := New(Config{Appender: sink, Deltas: newRecorder(), Sync: func(context.Context) error { return nil },
			Now: func() time.Time { return fuzzNow }, Limits: Limits{Known: rapid.Int64Range(1, 20_000).Draw(t, "known")}})
		if err != nil {
			t.Fatal(err)
		}
		var want []recorded
		for range rapid.IntRange(1, 6).Draw(t, "requests") {
			var req prompb.WriteRequest
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(names)-1), 1, 12).Draw(t, "series") {
				ts := seriesV1(1, names[n]...)
				ts.Samples[0].Timestamp = int64(len(req.Timeseries) + 1)
				req.Timeseries = append(req.Timeseries, ts)
			}
			body, err := req.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			same, _, err := referenceV1(body)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, same...)
			if _, err := r.write(t.Context(), body, 1, r.hold()); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, sink.samples); diff != "" {
			t.Fatalf("samples differ from those that were sent (-sent +taken):\n%s", diff)
		}
	})
}

// TestForgottenKeepNobody: a series that is forgotten leads to no others, so that what is known stays bounded.
func TestForgottenKeepNobody(t *testing.T) {
	t.Parallel()
	k := newKnown(1)
	p := &k.parts[0]
	first, second := &entry{labels: "first", part: p}, &entry{labels: "second", part: p}
	first.follow(second)
	p.add(1, first, 1<<20)
	p.turnOver()
	if first.young() {
		t.Error("a series that was not heard of counts as young")
	}
	p.add(2, second, 1<<20)
	p.turnOver()
	if next := first.next.Load(); next != nil {
		t.Errorf("a series that was forgotten leads to %q", next.labels)
	}
}
