package collectors

import (
	"encoding/binary"
	"math"

	"plimsoll/slo/ledger"
)

// gap is a time (from, to], in Unix milliseconds, of which no increase was counted.
type gap struct{ from, to int64 }

// gaps are those of a series before its newest increase, apart from one another and in the order of time.
type gaps []gap

// maxGaps bounds the gaps of a series, and so what is stored with it: those that are longest ago are given up first.
const maxGaps = 256

// readGaps reads what [gaps.String] wrote. Anything else has no gaps, so that nothing is counted twice.
func readGaps(s string) gaps {
	if s == "" {
		return nil
	}
	all := make(gaps, 0, len(s)/3) // few take less than three bytes
	at := int64(0)
	for b := []byte(s); len(b) > 0; {
		counted, n := binary.Uvarint(b)
		if n <= 0 {
			return nil
		}
		length, m := binary.Uvarint(b[n:])
		if m <= 0 || counted > math.MaxInt64 || length > math.MaxInt64 {
			return nil
		}
		g := gap{at + int64(counted), at + int64(counted) + int64(length)}
		if g.from < at || g.to <= g.from {
			return nil
		}
		all, at, b = append(all, g), g.to, b[n+m:]
	}
	return all
}

// String writes, for each gap, how long after the one before it begins and how long it is.
func (gs gaps) String() string {
	b := make([]byte, 0, 8*len(gs))
	at := int64(0)
	for _, g := range gs {
		b = binary.AppendUvarint(b, uint64(g.from-at))
		b = binary.AppendUvarint(b, uint64(g.to-g.from))
		at = g.to
	}
	return string(b)
}

// firstEnd returns where the first of the gaps ends that [gaps.String] wrote.
func firstEnd(s string) int64 {
	const most = 2 * binary.MaxVarintLen64
	b := []byte(s[:min(len(s), most)])
	counted, n := binary.Uvarint(b)
	length, _ := binary.Uvarint(b[max(n, 0):])
	return int64(counted + length)
}

// at returns the gap that holds an instant.
func (gs gaps) at(t int64) (g gap, ok bool) {
	for _, g := range gs {
		if g.from < t && t <= g.to {
			return g, true
		}
	}
	return gap{}, false
}

// without returns the gaps less (from, to], and less what lies before oldest.
func (gs gaps) without(from, to, oldest int64) gaps {
	left := make(gaps, 0, len(gs)+1)
	for _, g := range gs {
		for _, rest := range [...]gap{{g.from, min(g.to, from)}, {max(g.from, to), g.to}} {
			if rest.from < rest.to && rest.to >= oldest {
				left = append(left, rest)
			}
		}
	}
	return left[max(0, len(left)-maxGaps):]
}

// accrue decides what a sample adds whose value v is the increase over (st, t]. It counts if the instant t was not counted yet: its events,
// whole, in the part of the interval before t that was not. All of the interval is counted then. Without a usable start timestamp the interval
// begins where the counted time before t ends or, if there is none, a millisecond before t.
func accrue(c ledger.Cursor, known bool, st, t int64, v float64, taken span) progress {
	if !countable(v) {
		return progress{why: verdictInvalid}
	}
	open, why := openAt(c, known, t, taken)
	if why != verdictRead {
		return progress{why: why}
	}
	switch {
	case st > 0 && st < t:
	case open.from > 0:
		st = open.from
	default:
		st = t - 1
	}
	p := progress{why: verdictGrew, from: max(st, open.from), value: c.Value + v, gaps: c.Gaps}
	if skipped := p.from > open.from; skipped || t < c.T || c.Gaps != "" && (st < open.from || firstEnd(c.Gaps) < taken.oldest) {
		gs := readGaps(c.Gaps)
		if skipped && t > c.T {
			gs = append(gs, gap{open.from, p.from})
		}
		p.gaps = gs.without(st, t, taken.oldest).String()
	}
	if p.value > maxSum {
		_, rest := math.Modf(c.Value) // the sum only serves to add up fractions
		p.events = int64(math.Floor(rest + v))
		p.value = rest + v - float64(p.events)
		return p
	}
	p.events = int64(math.Floor(p.value)) - int64(math.Floor(c.Value))
	return p
}

// openAt returns the time before t, and up to it, that was not counted.
func openAt(c ledger.Cursor, known bool, t int64, taken span) (open gap, why verdict) {
	switch why = place(c, known, t, taken); {
	case why != verdictOutOfOrder:
		return gap{c.T, t}, why
	case t < taken.oldest:
		return gap{}, verdictLate // whether it was counted may be forgotten
	}
	g, ok := readGaps(c.Gaps).at(t)
	if !ok {
		return gap{}, verdictOutOfOrder
	}
	return gap{g.from, t}, verdictRead
}
