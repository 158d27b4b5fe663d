package collectors_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
)

// A live counter that says when it began is spread over all its time until history says when its events happened. What it had counted in the
// process before is history's alone.
func TestHistoryOfACounterThatSaysWhenItBegan(t *testing.T) {
	t.Parallel()
	const began = -30 // minutes; the process counts an event a second since
	at := func(minute int) int64 { return observeStart.Add(time.Duration(minute) * time.Minute).UnixMilli() }
	value := func(minute int) float64 {
		if minute < began {
			return float64(60*minute + 100_000)
		}
		return float64(60 * (minute - began))
	}
	history := func(d *desk, minutes ...int) {
		for _, m := range minutes {
			d.commit(d.collector.History(), requests, 0, at(m), value(m))
		}
	}
	live := func(d *desk, minutes ...int) {
		for _, m := range minutes {
			d.commit(d.collector.From("").Late(), requests, at(began), at(m), value(m))
		}
	}
	for _, c := range []struct {
		name string
		do   func(d *desk)
	}{
		{"history first", func(d *desk) { history(d, -50, -40, -20, -10); live(d, 0, 1) }},
		{"live first", func(d *desk) { live(d, 0, 1); history(d, -50, -40, -20, -10, 0, 1) }},
		{"in turns", func(d *desk) { history(d, -50, -40); live(d, 0); history(d, -20); live(d, 1); history(d, -10, 1) }},
		{"restarted in between", func(d *desk) {
			live(d, 0)
			history(d, -50, -40, -20)
			d.restart(allRequests)
			history(d, -50, -20, -10)
			live(d, 0, 1)
			d.restart(allRequests)
			history(d, 0)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, allRequests)
			c.do(d)
			r, _ := d.ledger.Reader(allRequests.Key)
			var got []int64
			for _, m := range []int{-41, -31, -21, -11, -1, 0} { // minutes up to this one, since the one before
				from := map[int]int{-41: -61, -31: -41, -21: -31, -11: -21, -1: -11, 0: -1}[m]
				first := slo.MinuteOf(observeStart)
				got = append(got, r.Read(first+slo.Minute(from), first+slo.Minute(m)).Total)
			}
			// Between -40 and -20 the process began anew; nobody knows when, but that it had counted 600 by -20.
			want := []int64{600, 300, 300, 600, 600, 60}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
