package backtest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

// TestHistory: what is remembered reads as the view itself, under every method and correction.
func TestHistory(t *testing.T) {
	t.Parallel()
	const span = 400
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		o := slotest.Objective("video-api", "availability", "Answers", 990_000_000, time.Hour)
		o.Method = rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method")
		if o.Method != slo.Occurrences {
			o.Slice = slo.Slice{Length: time.Duration(rapid.IntRange(1, 7).Draw(t, "slice")) * time.Minute, Target: 900_000_000}
		}
		minute := rapid.IntRange(0, span)
		l := slotest.New(o)
		for _, m := range rapid.SliceOfN(minute, 0, 60).Draw(t, "minutes") {
			total := rapid.Int64Range(0, 50).Draw(t, "total")
			l.Add(o.Key, start.Add(time.Duration(m)*time.Minute), rapid.Int64Range(0, total).Draw(t, "good"), total)
		}
		for i, m := range rapid.SliceOfN(minute, 0, 3).Draw(t, "corrections") {
			from := start.Add(time.Duration(m) * time.Minute)
			l.Correct(slo.Correction{
				ID: slo.CorrectionID(i + 1), From: from, To: from.Add(20 * time.Minute), Effect: rapid.SampledFrom([]slo.Effect{slo.Exclude, slo.CountGood}).Draw(t, "effect"),
			})
		}
		view, _ := l.Reader(o.Key)
		first := slo.MinuteOf(start) + slo.Minute(rapid.IntRange(-10, span/2).Draw(t, "first"))
		h := remember(view, first, slo.MinuteOf(start)+span)
		for range 20 {
			from := first + slo.Minute(rapid.IntRange(0, span/2).Draw(t, "from"))
			to := min(h.to, from+slo.Minute(rapid.IntRange(0, span).Draw(t, "length")))
			if diff := cmp.Diff(view.Read(from, to), h.Read(from, to)); diff != "" {
				t.Fatalf("Read(%d, %d) (-view +history):\n%s", from-first, to-first, diff)
			}
			if diff := cmp.Diff(each(view, from, to), each(h, from, to)); diff != "" {
				t.Fatalf("Each(%d, %d) (-view +history):\n%s", from-first, to-first, diff)
			}
			var heard time.Time
			for _, m := range each(view, first, to) {
				if m.Observed {
					heard = m.Minute.Time().Add(time.Minute)
				}
			}
			if got := h.heard(to); !got.Equal(heard) {
				t.Fatalf("at %d the source was heard last at %s, want %s", to-first, got, heard)
			}
		}
	})
}

func each(r slo.Reader, from, to slo.Minute) (minutes []slo.MinuteCounts) {
	r.Each(from, to, func(m slo.MinuteCounts) bool {
		minutes = append(minutes, m)
		return true
	})
	return minutes
}
