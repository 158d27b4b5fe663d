package ledger

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"plimsoll/slo"
)

// sliceTrack holds the slices of one objective: a second series of counts, in which each slice with events counts at its last minute,
// as [slo.Sliced] says. So a window of slices costs as much as one of events. It is kept up to date with the events it is
// made from, minute by minute as they change, and made anew where they were replaced. It is never stored.
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
	s.retention = retention + s.length/hourMinutes + 1 // a slice may end that much later than the events in it
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
	done := slo.Minute(-1) // the end of the slice that was made last
	for _, h := range s.stale {
		for set := h.minutes; set != 0; set &= set - 1 {
			m := slo.Minute(h.hour*hourMinutes + int64(bits.TrailingZeros64(set)))
			if end := s.end(m); end != done {
				done = end
				s.put(end, s.slice.Count(s.method, base.Read(end-slo.Minute(s.length), end).Counts))
			}
		}
	}
	s.stale = s.stale[:0]
}

// make makes all slices anew, in one pass over the events.
func (s *sliceTrack) make(base slo.Reader, first, last slo.Minute) {
	s.track = track{retention: s.retention}
	var sum slo.Counts
	end := slo.Minute(-1)
	base.Each(first-1, last, func(m slo.MinuteCounts) bool {
		if e := s.end(m.Minute); e != end {
			s.put(end, s.slice.Count(s.method, sum))
			end, sum = e, slo.Counts{}
		}
		sum = sum.Add(m.Counts)
		return true
	})
	s.put(end, s.slice.Count(s.method, sum))
	s.remake, s.stale = false, s.stale[:0]
}

// end returns the last minute of the slice in which m lies.
func (s *sliceTrack) end(m slo.Minute) slo.Minute {
	return slo.Minute((floorDiv(int64(m), s.length)+1)*s.length - 1)
}

// put makes c what counts at the end of a slice.
func (s *sliceTrack) put(end slo.Minute, c slo.Counts) {
	diff := c.Sub(s.Read(end-1, end).Counts)
	if diff == (slo.Counts{}) {
		return
	}
	s.advance(hourOf(end))
	if end >= s.oldest() {
		s.span(end, end, func(slo.Minute) slo.Counts { return diff })
	}
}
