package promql

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// booking commits the evaluations of one objective to the ledger, instant by instant and together with how far they have come.
//
//	        history                          live
//	├──────────────────────────┤├──────────────────────────────▶
//	                       until│began
//
// Both go on where they were after a restart. History ends where live evaluation began; if it had come close to there before
// that, live evaluation goes on from it instead.
type booking struct {
	objective *slo.Objective
	ref       ledger.Ref
	id        string
	history   bool

	began  int64 // the first live instant; 0 before it
	last   int64 // the newest booked instant; 0 if there is none
	until  int64 // no later instant is booked
	values map[string]value
	past   func() (last int64, values map[string]value)
}

// value is that of a query when it was evaluated last: of a counter its value, of amounts the fraction that is not counted yet.
type value struct {
	is    float64
	known bool
}

// book commits the evaluations that are not booked yet and returns how many these are.
func (e evaluation) book(l books, history bool, now time.Time) int {
	ref, ok := l.Ref(e.objective.Key)
	if !ok {
		return 0 // gone since the queries were asked
	}
	b := resume(l, e.objective, history)
	b.ref = ref
	booked := 0
	for _, t := range e.instants() {
		if !b.due(t) {
			continue
		}
		events, from := b.at(t, func(query string) []float64 { return e.values[query][t] })
		l.Commit(&ledger.Batch{
			Increments:   []ledger.Increment{{Objective: ref, From: from, To: t, Good: events.Good, Total: events.Total}},
			Observations: []ledger.Observation{{Objective: ref, At: t - 1}}, // in the minute that ends at t
			Cursors:      b.cursors(max(t, now.UnixMilli())),
		})
		booked++
	}
	return booked
}

// resume returns the booking of an objective as it stands in the ledger. With other queries an objective is evaluated anew.
func resume(l books, o *slo.Objective, history bool) *booking {
	h := fnv.New64a()
	for _, q := range o.Indicator.Queries() {
		fmt.Fprintf(h, "%q", q)
	}
	b := &booking{objective: o, id: fmt.Sprintf("%s %016x", o.Key, h.Sum64()), history: history, until: math.MaxInt64}
	live, known := l.Cursor(b.key(false))
	past, _ := l.Cursor(b.key(true))
	b.began = live.Start
	if !history {
		b.last, b.values = int64(live.Value), b.restore(l, false)
		b.past = func() (int64, map[string]value) { return int64(past.Value), b.restore(l, true) }
		return b
	}
	b.last, b.values = int64(past.Value), b.restore(l, true)
	if known {
		b.until = b.began
		if o.Indicator.Kind != slo.Counters {
			b.until-- // the first value was counted, not only taken note of
		}
	}
	return b
}

// adjacent is how close to each other history and live evaluation must be for one to go on from the other.
const adjacent = 2 * step

// due reports whether an instant is to be booked.
func (b *booking) due(t int64) bool {
	if b.history || b.began != 0 {
		return t > b.last && t <= b.until
	}
	last, values := b.past()
	switch {
	case t <= last:
		return false
	case t-last <= adjacent.Milliseconds():
		b.began, b.last, b.values = last, last, values
	default:
		b.began = t
	}
	return true
}

// key returns that of the cursor which says how far evaluation has come: in its value, and in its start when it began. A cursor whose T is
// old is forgotten, so T is when it was written.
func (b *booking) key(history bool) string {
	if history {
		return "evaluated before " + b.id
	}
	return "evaluated " + b.id
}

func (b *booking) valueKey(history bool, query string) string {
	return fmt.Sprintf("%s %q", b.key(history), query)
}

func (b *booking) restore(l books, history bool) map[string]value {
	values := map[string]value{}
	for _, q := range b.objective.Indicator.Queries() {
		c, known := l.Cursor(b.valueKey(history, q))
		values[q] = value{c.Value, known}
	}
	return values
}

// cursors returns the state to be committed.
func (b *booking) cursors(now int64) []*ledger.Cursor {
	all := []*ledger.Cursor{{Key: b.key(b.history), T: now, Value: float64(b.last)}}
	if !b.history {
		all[0].Start = b.began
	}
	for q, v := range b.values {
		all = append(all, &ledger.Cursor{Key: b.valueKey(b.history, q), T: now, Value: v.is})
	}
	return all
}
