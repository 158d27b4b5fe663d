package collectors

import (
	"math"

	"plimsoll/slo/ledger"
)

// verdict is why a sample counted as it did.
type verdict int

const (
	verdictGrew       verdict = iota // the counter went on
	verdictReset                     // the counter began anew since the last sample
	verdictStarted                   // a new series that says when it began
	verdictAppeared                  // a new series on a target that did not have it before
	verdictBaseline                  // a new series of unknown age: counting begins here
	verdictRead                      // the value of a gauge
	verdictDuplicate                 // the timestamp was counted already
	verdictOutOfOrder                // the sample is older than what was counted
	verdictInvalid                   // not a value that can be counted
	verdictEmpty                     // a gauge that has no value
	verdictFuture                    // too far ahead of our clock
	verdictLate                      // beyond the horizon
)

// counts reports whether the sample was counted.
func (v verdict) counts() bool { return v <= verdictRead }

// maxEvents is the largest value whose whole events can be told apart: above 2^53 a float64 skips integers.
const maxEvents = 1 << 53

// maxSum is the largest sum of increases that is kept, so that a float64 has room for their fractions.
const maxSum = 1 << 40

// span is the time from which samples are taken, in Unix milliseconds, both ends included.
type span struct{ oldest, latest int64 }

var anytime = span{0, math.MaxInt64}

// progress is what a sample adds to its series: so many events in (from, t].
type progress struct {
	why    verdict
	events int64
	from   int64
	value  float64 // to go on from
	gaps   string  // of increases; see gaps
}

// place decides whether a sample at t comes after what was counted at c, or never if !known, and in time. It returns verdictRead if so.
func place(c ledger.Cursor, known bool, t int64, taken span) verdict {
	switch {
	case t > taken.latest:
		return verdictFuture
	case known && t == c.T:
		return verdictDuplicate
	case known && t < c.T:
		return verdictOutOfOrder
	case t < taken.oldest:
		return verdictLate
	}
	return verdictRead
}

// countable reports whether v is a number of events.
func countable(v float64) bool { return v >= 0 && v <= maxEvents }

// step decides what the sample (st, t, v) of a counter adds to a series that was last counted at c, or never if !known. Times are Unix
// milliseconds; a start timestamp st of 0 is unknown. scraped is when the series' target was last scraped before t, or 0 if it was
// not.
//
// A start timestamp names an incarnation of the counter before it is a time: it may be later than t, because a sample bears the
// time at which its scrape began and because the target has a clock of its own.
func step(c ledger.Cursor, known bool, st, t int64, v float64, scraped int64, taken span) progress {
	if !countable(v) {
		return progress{why: verdictInvalid}
	}
	if why := place(c, known, t, taken); why != verdictRead {
		return progress{why: why}
	}
	whole := int64(math.Floor(v))
	switch {
	case known && (beganAnew(c, st) || v < c.Value):
		return progress{why: verdictReset, events: whole, from: began(st, t, c.T), value: v}
	case known:
		return progress{why: verdictGrew, events: whole - int64(math.Floor(c.Value)), from: c.T, value: v}
	case st > 0:
		return progress{why: verdictStarted, events: whole, from: startedAt(st, t, scraped), value: v}
	case scraped > 0:
		return progress{why: verdictAppeared, events: whole, from: scraped, value: v}
	default:
		return progress{why: verdictBaseline, from: t, value: v}
	}
}

// startJitter is by how many milliseconds one start timestamp may differ between exposition formats, which round it differently.
const startJitter = 1

// beganAnew reports whether the start timestamp is that of a later incarnation than the one that was counted at c.
func beganAnew(c ledger.Cursor, st int64) bool {
	if c.Start > 0 {
		return st > c.Start+startJitter
	}
	return st > c.T
}

// began returns when a counter that began anew after the sample at last did so: at its start timestamp if that lies between the two
// samples, otherwise somewhere between them.
func began(st, t, last int64) int64 {
	if st > last && st <= t {
		return st
	}
	return last
}

// startedAt returns when a series that was never seen began: at its start timestamp, unless that is later than its sample; then after the
// scrape before, or else just now.
func startedAt(st, t, scraped int64) int64 {
	switch {
	case st <= t:
		return st
	case scraped > 0:
		return scraped
	default:
		return t - 1
	}
}
