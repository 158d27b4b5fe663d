package ledger

import (
	"math/bits"

	"plimsoll/slo"
)

const minuteMillis = 60_000

// share returns what n events that are spread evenly over (from, to] have reached at the instant x: n·(x−from)/(to−from),
// rounded towards zero, so that −n takes back exactly what n booked. It needs from ≤ x ≤ to and from < to.
func share(n, from, to, x int64) int64 {
	if x == to {
		return n
	}
	abs := uint64(n)
	if n < 0 {
		abs = -abs
	}
	hi, lo := bits.Mul64(abs, uint64(x-from))
	q, _ := bits.Div64(hi, lo, uint64(to-from)) // no overflow: x−from < to−from
	if n < 0 {
		return -int64(q)
	}
	return int64(q)
}

// floorDiv divides rounding down; d is positive.
func floorDiv(n, d int64) int64 {
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}

// hourOf returns the hour that contains m, since the Unix epoch.
func hourOf(m slo.Minute) int64 { return floorDiv(int64(m), hourMinutes) }
