package ledger

import (
	"time"

	"plimsoll/slo"
)

// openHours is how many of the newest hours stay dense. Two, because the first samples of an hour still belong partly
// to the hour before.
const openHours = 2

// events are those of one objective: closed hours as blocks, without gaps, and after them the open hours.
// A copy is a consistent view: what blocks and words held is never overwritten while a copy may exist (see [track.own]).
type events struct {
	started bool  // false until the first event or observation
	first   int64 // the hour of blocks[0], or of open[0] while there are no blocks; hours since the Unix epoch
	blocks  []block
	words   []uint64 // append-only
	end     reading  // everything before the open hours
	open    [openHours]denseHour

	revision   uint64
	lastSample int64 // Unix milliseconds; 0 if there was none
}

// reading is a cumulative count.
type reading struct {
	slo.Counts
	observed int64
}

// head returns the newest hour that is kept.
func (e *events) head() int64 { return e.first + int64(len(e.blocks)) + openHours - 1 }

// start returns everything before the hour of blocks[n]; n may be len(blocks).
func (e *events) start(n int) reading {
	if n == len(e.blocks) {
		return e.end
	}
	b := &e.blocks[n]
	return reading{b.before, int64(b.seen)}
}

// sum returns the events of the hour of blocks[n].
func (e *events) sum(n int) slo.Counts { return e.start(n + 1).Counts.Sub(e.blocks[n].before) }

// upTo returns everything in the minutes before p.
func (e *events) upTo(p slo.Minute) reading {
	hour := hourOf(p)
	i := int(int64(p) - hour*hourMinutes)
	n := hour - e.first
	switch {
	case !e.started || n < 0:
		return e.start(0)
	case n >= int64(len(e.blocks)):
		return e.upToOpen(n-int64(len(e.blocks)), i)
	}
	r := e.start(int(n))
	if i > 0 {
		b := &e.blocks[n]
		r.Counts = r.Counts.Add(b.upTo(e.words, e.sum(int(n)), i))
		r.observed += seen(b.observed, i)
	}
	return r
}

// seenUpTo returns how many of the minutes before p were observed.
func (e *events) seenUpTo(p slo.Minute) int64 {
	hour := hourOf(p)
	i := int(int64(p) - hour*hourMinutes)
	switch n := hour - e.first; {
	case !e.started || n < 0:
		return e.start(0).observed
	case n >= int64(len(e.blocks)):
		return e.upToOpen(n-int64(len(e.blocks)), i).observed
	default:
		b := &e.blocks[n]
		return int64(b.seen) + seen(b.observed, i)
	}
}

// upToOpen returns everything before minute i of open hour n, which may lie beyond the last.
func (e *events) upToOpen(n int64, i int) reading {
	r := e.end
	for k := range int64(openHours) {
		d, until := &e.open[k], hourMinutes
		if k == n {
			until = i
		}
		if k <= n {
			r.Counts = r.Counts.Add(d.upTo(until))
			r.observed += seen(d.observed, until)
		}
	}
	return r
}

// Read implements [slo.Reader].
func (e *events) Read(from, to slo.Minute) slo.Reading {
	if to <= from {
		return slo.Reading{}
	}
	a, b := e.upTo(from+1), e.upTo(to+1)
	return slo.Reading{
		Counts:   b.Counts.Sub(a.Counts),
		Observed: b.observed - a.observed,
		Minutes:  int64(to - from),
	}
}

// Before returns everything in the minutes before m that is kept; [slo.Evaluate] takes the differences of that.
func (e *events) Before(m slo.Minute) slo.Reading {
	r := e.upTo(m)
	return slo.Reading{Counts: r.Counts, Observed: r.observed}
}

// Each implements [slo.Reader].
func (e *events) Each(from, to slo.Minute, f func(slo.MinuteCounts) bool) {
	if !e.started {
		return
	}
	var scratch denseHour
	hour := max(hourOf(from+1), e.first)
	for ; hour <= min(hourOf(to), e.head()); hour++ {
		d := e.dense(hour, &scratch)
		if d == nil {
			continue
		}
		for i := range hourMinutes {
			m := slo.MinuteCounts{
				Minute:   slo.Minute(hour*hourMinutes + int64(i)),
				Observed: d.observed>>i&1 == 1,
				Counts:   d.minute(i),
			}
			if m.Minute <= from || m.Minute > to || !m.Observed && m.Counts == (slo.Counts{}) {
				continue
			}
			if !f(m) {
				return
			}
		}
	}
}

// dense returns a kept hour in dense form, unpacked into scratch if it is closed, or nil if the hour is empty.
func (e *events) dense(hour int64, scratch *denseHour) *denseHour {
	n := int(hour - e.first)
	if n >= len(e.blocks) {
		return &e.open[n-len(e.blocks)]
	}
	b, sum := &e.blocks[n], e.sum(n)
	if b.observed == 0 && sum == (slo.Counts{}) && b.size() == 0 {
		return nil
	}
	e.unpack(n, scratch)
	return scratch
}

// unpack writes blocks[n] to d.
func (e *events) unpack(n int, d *denseHour) {
	b, sum := &e.blocks[n], e.sum(n)
	for i := 1; i < hourMinutes; i++ {
		d.sums[i-1] = b.upTo(e.words, sum, i)
	}
	d.sums[hourMinutes-1] = sum
	d.filled = hourMinutes
	d.observed = b.observed
}

// Revision implements [slo.Reader].
func (e *events) Revision() uint64 { return e.revision }

// LastSample implements [slo.Reader].
func (e *events) LastSample() time.Time {
	if e.lastSample == 0 {
		return time.Time{}
	}
	return time.UnixMilli(e.lastSample).UTC()
}
