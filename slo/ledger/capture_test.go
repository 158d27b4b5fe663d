package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
)

// TestCaptureStaysAsItWas books late and new events after the instant of a checkpoint and before its bytes are written: it holds none of them.
func TestCaptureStaysAsItWas(t *testing.T) {
	t.Parallel()
	book := func(l *Ledger, minute, n int64) {
		at := (benchEnd + minute) * minuteMillis
		l.Commit(&Batch{Increments: []Increment{{From: at, To: at + 1, Good: n, Total: n + 1}}, Observations: []Observation{{At: at}}})
	}
	filled := func() *Ledger {
		l := New(Config{Retention: 48 * time.Hour, Now: func() time.Time { return slo.Minute(benchEnd + 10*24*60).Time() }})
		l.SetObjectives([]*slo.Objective{{Key: "s/o", Target: 999_000_000, Window: slo.Window{Length: 24 * time.Hour}}})
		for m := range int64(6 * 60) {
			book(l, m, m*m)
		}
		return l
	}
	var hours capture
	want := filled().checkpoint(&hours).Objectives

	l := filled()
	got := l.capture(&hours).Objectives
	for m := range int64(6 * 60) { // closed hours are rewritten often enough for their words to be compacted
		book(l, m, 7*m)
	}
	book(l, 9*60, 1)     // the open hours are closed
	book(l, 5*24*60, 10) // and all leave the retention
	hours.write()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the checkpoint is not of its instant (-want +got):\n%s", diff)
	}
}
