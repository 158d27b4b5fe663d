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
// milliseconds; a start timestamp st of 0 is unknown, and none is later than t. scraped is when the series' target was last scraped before t, or 0
// if it was not. The events happened in (from, t]. limit is the latest time that is believed.
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
	case known && (st > c.T || v < c.Value):
		return verdictReset, whole, max(st, c.T)
	case known:
		return verdictGrew, whole - int64(math.Floor(c.Value)), c.T
	case st > 0:
		return verdictStarted, whole, st
	case scraped > 0:
		return verdictAppeared, whole, scraped
	default:
		return verdictBaseline, 0, t
	}
}
