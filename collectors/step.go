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
	verdictDuplicate                 // the timestamp was counted already
	verdictOutOfOrder                // the sample is older than what was counted
	verdictInvalid                   // not the value of a counter
	verdictFuture                    // too far ahead of our clock
)

// counts reports whether the sample becomes the newest of its series.
func (v verdict) counts() bool { return v <= verdictBaseline }

// maxEvents is the largest value whose whole events can be told apart: above 2^53 a float64 skips integers.
const maxEvents = 1 << 53

// step decides what the sample (st, t, v) adds to a series that was last counted at c, or never if !known. Times are Unix
// milliseconds; a start timestamp st of 0 is unknown. scraped is when the series' target was last scraped before t, or 0 if it was
// not. The events happened in (from, t]. limit is the latest time that is believed.
//
// A start timestamp names an incarnation of the counter before it is a time: it may be later than t, because a sample bears the
// time at which its scrape began and because the target has a clock of its own.
func step(c ledger.Cursor, known bool, st, t int64, v float64, scraped, limit int64) (why verdict, events, from int64) {
	switch {
	case !(v >= 0 && v <= maxEvents):
		return verdictInvalid, 0, 0
	case t > limit:
		return verdictFuture, 0, 0
	case known && t == c.T:
		return verdictDuplicate, 0, 0
	case known && t < c.T:
		return verdictOutOfOrder, 0, 0
	}
	whole := int64(math.Floor(v))
	switch {
	case known && (beganAnew(c, st) || v < c.Value):
		return verdictReset, whole, began(st, t, c.T)
	case known:
		return verdictGrew, whole - int64(math.Floor(c.Value)), c.T
	case st > 0:
		return verdictStarted, whole, startedAt(st, t, scraped)
	case scraped > 0:
		return verdictAppeared, whole, scraped
	default:
		return verdictBaseline, 0, t
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
