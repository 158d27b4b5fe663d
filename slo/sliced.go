package slo

import (
	"math/bits"
	"time"
)

// Sliced returns the slices of r under a slice method: each slice with events counts at its last minute, so that a slice whose last minute
// is later than a reading's end is not in it. What was observed stays that of the minutes. A slice without events counts nothing.
func Sliced(r Reader, s Slice, m Method) Reader {
	return &sliced{Reader: r, slice: s, method: m, length: Minute(s.Length / time.Minute)}
}

type sliced struct {
	Reader
	slice  Slice
	method Method
	length Minute
}

// Count returns what a slice with these events counts under a method: one slice, good or not, under [Timeslices], and [RatioWeight] events,
// of which the share of good ones is good, under [RatioTimeslices].
func (s Slice) Count(m Method, events Counts) Counts {
	if events.Total <= 0 {
		return Counts{}
	}
	good, total := uint64(max(0, events.Good)), uint64(events.Total)
	if m == RatioTimeslices {
		if good >= total {
			return Counts{RatioWeight, RatioWeight}
		}
		high, low := bits.Mul64(good, RatioWeight)
		ratio, _ := bits.Div64(high, low, total) // below RatioWeight, for good is below total
		return Counts{int64(ratio), RatioWeight}
	}
	goodHigh, goodLow := bits.Mul64(good, uint64(One))
	wantHigh, wantLow := bits.Mul64(total, uint64(s.Target))
	if goodHigh > wantHigh || goodHigh == wantHigh && goodLow >= wantLow {
		return Counts{1, 1}
	}
	return Counts{0, 1}
}

// End returns the last minute of the slice that contains m; m itself where time is not sliced.
func (s Slice) End(m Minute) Minute {
	if s.Length == 0 {
		return m
	}
	return sliceEnd(m, Minute(s.Length/time.Minute))
}

// Raw implements [Layered].
func (s *sliced) Raw() Reader {
	if l, ok := s.Reader.(Layered); ok {
		return l.Raw()
	}
	return s.Reader
}

// Touching implements [Layered].
func (s *sliced) Touching(from, to Minute) []CorrectionID {
	if l, ok := s.Reader.(Layered); ok {
		return l.Touching(from, to)
	}
	return nil
}

// EffectAt implements [Layered].
func (s *sliced) EffectAt(m Minute) Effect {
	if l, ok := s.Reader.(Layered); ok {
		return l.EffectAt(m)
	}
	return ""
}

// Read implements [Reader].
func (s *sliced) Read(from, to Minute) Reading {
	r := s.Reader.Read(from, to)
	r.Counts = Counts{}
	for end := s.end(from + 1); end <= to; end += s.length {
		r.Counts = r.Add(s.at(end))
	}
	return r
}

// end returns the last minute of the slice that contains m.
func (s *sliced) end(m Minute) Minute { return sliceEnd(m, s.length) }

// sliceEnd returns the last minute of the slice of a length that contains m.
func sliceEnd(m, length Minute) Minute {
	into := m % length
	if into < 0 {
		into += length
	}
	return m - into + length - 1
}

// at returns what the slice with this last minute counts.
func (s *sliced) at(end Minute) Counts {
	return s.slice.Count(s.method, s.Reader.Read(end-s.length, end).Counts)
}

// Each implements [Reader].
func (s *sliced) Each(from, to Minute, f func(MinuteCounts) bool) {
	next := s.end(from + 1) // the slice that has not been counted yet
	more := true
	until := func(m Minute) { // counts the slices that end before m
		for ; more && next < m; next += s.length {
			if c := s.at(next); c != (Counts{}) {
				more = f(MinuteCounts{Minute: next, Counts: c})
			}
		}
	}
	s.Reader.Each(from, to, func(m MinuteCounts) bool {
		until(m.Minute)
		m.Counts = Counts{}
		if m.Minute == next {
			m.Counts = s.at(next)
			next += s.length
		}
		if more && (m.Observed || m.Counts != (Counts{})) {
			more = f(m)
		}
		return more
	})
	until(to + 1)
}

// View returns what an objective is judged by: its events as measured, after those of the corrections that apply to it, in slices if that is
// its method. It is raw itself where nothing of that applies.
func View(o *Objective, raw Reader, cs []Correction) Reader {
	r := raw
	var applying []Correction
	for _, c := range cs {
		if c.Applies(o) {
			applying = append(applying, c)
		}
	}
	if len(applying) > 0 {
		r = Corrected(r, applying)
	}
	if o.Method == Timeslices || o.Method == RatioTimeslices {
		r = Sliced(r, o.Slice, o.Method)
	}
	return r
}

// Uncorrected returns what an objective would be judged by without corrections, from what it is judged by.
func Uncorrected(o *Objective, view Reader) Reader {
	if l, ok := view.(Layered); ok {
		return View(o, l.Raw(), nil)
	}
	return view
}
