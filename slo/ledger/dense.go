package ledger

import (
	"math/bits"

	"plimsoll/slo"
)

const hourMinutes = 60

// allMinutes is the bitmap of a wholly observed hour.
const allMinutes = 1<<hourMinutes - 1

// denseHour holds the events of one hour in the form that is cheap to change.
type denseHour struct {
	// sums[i] are the events of the minutes 0 to i. It is filled only as far as minutes have been booked: the
	// newest minute is where nearly all events go, and there one addition has to be enough.
	sums     [hourMinutes]slo.Counts
	filled   int    // how many of sums hold
	observed uint64 // bit i: minute i was observed
	dirty    bool   // changed since it was last checkpointed
}

// add books c in minute i.
func (d *denseHour) add(i int, c slo.Counts) {
	if i >= d.filled {
		d.fill(i + 1)
	}
	for ; i < d.filled; i++ {
		d.sums[i] = d.sums[i].Add(c)
	}
}

func (d *denseHour) fill(n int) {
	last := d.upTo(d.filled)
	for ; d.filled < n; d.filled++ {
		d.sums[d.filled] = last
	}
}

// trim undoes fill as far as no events are lost.
func (d *denseHour) trim() {
	for d.filled > 0 && d.minute(d.filled-1) == (slo.Counts{}) {
		d.filled--
	}
}

// upTo returns the events of the first i minutes.
func (d *denseHour) upTo(i int) slo.Counts {
	i = min(i, d.filled)
	if i == 0 {
		return slo.Counts{}
	}
	return d.sums[i-1]
}

func (d *denseHour) all() slo.Counts { return d.upTo(hourMinutes) }

// minute returns the events of minute i alone.
func (d *denseHour) minute(i int) slo.Counts { return d.upTo(i + 1).Sub(d.upTo(i)) }

// seen returns how many of the first i minutes were observed.
func seen(observed uint64, i int) int64 {
	return int64(bits.OnesCount64(observed & (1<<i - 1)))
}
