package ledger

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"plimsoll/slo"
)

// sliceTrack holds the slices of one objective: a second series of counts, in which each slice with events counts once, as [slo.Sliced]
// says. So a window of slices costs as much as one of events. It is kept up to date with the events it is made from, minute by minute
// as they change, and made anew where they were replaced. It is never stored.
//
// Its track has the number of a slice where others have a minute: slice k is that of the minutes k·length to (k+1)·length − 1.
type sliceTrack struct {
	track
	slice  slo.Slice
	method slo.Method
	length int64 // of a slice in minutes

	remake bool        // everything
	stale  []staleHour // hours of the events that changed since, ascending unless there are many
}

// staleHour says which minutes of an hour have changed: bit i is minute i.
type staleHour struct {
	hour    int64
	minutes uint64
}

// maxStale bounds the list of changed hours, of which there are rarely more than two.
const maxStale = 64

// newSliceTrack returns the slices of o, yet to be made, or nil if o is judged by events.
func newSliceTrack(o *slo.Objective, retention int64) *sliceTrack {
	if o.Method != slo.Timeslices && o.Method != slo.RatioTimeslices {
		return nil
	}
	s := &sliceTrack{slice: o.Slice, method: o.Method, length: max(1, int64(o.Slice.Length/time.Minute)), remake: true}
	s.retention = retention/s.length + 2 // in sixties of slices; the newest slice is not over yet
	return s
}

// mark notes that minutes of an hour have changed. It may be called on nil.
func (s *sliceTrack) mark(hour int64, minutes uint64) {
	if s == nil || s.remake {
		return
	}
	if i := slices.IndexFunc(s.stale, func(h staleHour) bool { return h.hour == hour }); i >= 0 {
		s.stale[i].minutes |= minutes
		return
	}
	if s.stale = append(s.stale, staleHour{hour, minutes}); len(s.stale) > maxStale {
		s.markAll()
	}
}

// markAll notes that everything has changed. It may be called on nil.
func (s *sliceTrack) markAll() {
	if s != nil {
		s.remake, s.stale = true, nil
	}
}

// refresh brings the slices up to date with the events in base, which are kept from the minute first to the minute last.
func (s *sliceTrack) refresh(base slo.Reader, first, last slo.Minute) {
	if s.remake {
		s.make(base, first, last)
		return
	}
	if len(s.stale) == 0 {
		return
	}
	slices.SortFunc(s.stale, func(a, b staleHour) int { return cmp.Compare(a.hour, b.hour) })
	done := int64(-1) // the slice that was made last
	for _, h := range s.stale {
		for set := h.minutes; set != 0; set &= set - 1 {
			m := h.hour*hourMinutes + int64(bits.TrailingZeros64(set))
			if k := floorDiv(m, s.length); k != done {
				done = k
				events := base.Read(slo.Minute(k*s.length-1), slo.Minute((k+1)*s.length-1)).Counts
				s.put(k, s.slice.Count(s.method, events))
			}
		}
	}
	s.stale = s.stale[:0]
}

// make makes all slices anew, in one pass over the events.
func (s *sliceTrack) make(base slo.Reader, first, last slo.Minute) {
	s.track = track{retention: s.retention}
	var sum slo.Counts
	present := int64(-1) // the slice whose events are in sum
	base.Each(first-1, last, func(m slo.MinuteCounts) bool {
		if k := floorDiv(int64(m.Minute), s.length); k != present {
			s.put(present, s.slice.Count(s.method, sum))
			present, sum = k, slo.Counts{}
		}
		sum = sum.Add(m.Counts)
		return true
	})
	s.put(present, s.slice.Count(s.method, sum))
	s.remake, s.stale = false, s.stale[:0]
}

// put makes c what slice k counts.
func (s *sliceTrack) put(k int64, c slo.Counts) {
	at := slo.Minute(k)
	diff := c.Sub(s.Read(at-1, at).Counts)
	if diff == (slo.Counts{}) {
		return
	}
	s.advance(hourOf(at))
	if at >= s.oldest() {
		s.span(at, at, func(slo.Minute) slo.Counts { return diff })
	}
}

// sliceView reads slices by the minutes of their events: each is at its last minute.
type sliceView struct {
	*events // by number of slice
	length  int64
}

// number returns the last slice that is over at the end of a minute.
func (v *sliceView) number(m slo.Minute) slo.Minute {
	return slo.Minute(floorDiv(int64(m)+1, v.length) - 1)
}

// counts returns what the slices count whose last minute is in (from, to].
func (v *sliceView) counts(from, to slo.Minute) slo.Counts {
	return v.Read(v.number(from), v.number(to)).Counts
}

// each calls f for the slices with events whose last minute is in (from, to], in order.
func (v *sliceView) each(from, to slo.Minute, f func(end slo.Minute, c slo.Counts)) {
	v.Each(v.number(from), v.number(to), func(m slo.MinuteCounts) bool {
		f(slo.Minute((int64(m.Minute)+1)*v.length-1), m.Counts)
		return true
	})
}
