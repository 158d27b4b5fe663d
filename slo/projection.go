package slo

import "time"

// projection is a window that is moved forward. Its counts are in fractions of an event, 1/scale each, so that a rate of
// events a minute is a whole number and every answer exact.
type projection struct {
	target  Ratio
	window  Counts   // what it holds
	rate    Counts   // what enters it: in each minute, or at the last minute of each slice
	slice   Minute   // length of a slice; 1 if events are counted
	now     Minute   // from which it is moved
	leaving []Counts // what leaves a rolling window in each of the next minutes; after those, what has entered since

	calendar *Calendar // nil if the window rolls
	end      Minute    // the first minute of the next period
	still    bool      // nothing enters and nothing leaves
}

func project(s Status, r Reader) *projection {
	o := s.Objective
	p := &projection{target: o.Target, now: s.To, slice: 1, calendar: o.Window.Calendar}
	scale := p.basis(o, s.To, r)
	p.window = s.Window.times(scale)
	if p.calendar != nil {
		p.end = p.next(s.At)
		return p
	}
	p.leaving = make([]Counts, s.To-s.From)
	r.Each(s.From, s.To, func(m MinuteCounts) bool {
		p.leaving[m.Minute-s.From-1] = m.times(scale)
		return true
	})
	return p
}

// basis finds the rate at which events enter, and returns the scale. Of slices each one to come is the mean of those in the basis.
func (p *projection) basis(o *Objective, now Minute, r Reader) (scale int64) {
	lookback := Minute(forecastBasis / time.Minute)
	if o.Method != Timeslices && o.Method != RatioTimeslices {
		basis := r.Read(now-lookback, now)
		if basis.Observed > 0 {
			p.rate = basis.Counts
		}
		return max(1, basis.Observed)
	}
	p.slice = Minute(o.Slice.Length / time.Minute)
	p.rate = r.Read(now-max(lookback, p.slice), now).Counts
	return max(1, p.rate.Total/o.Measure().Weight)
}

// next returns the first minute of the period after that of an instant.
func (p *projection) next(at time.Time) Minute {
	_, end := p.calendar.Period(at)
	return MinuteOf(end)
}

// step moves the window on to minute m, the one after the last.
func (p *projection) step(m Minute, withErrors bool) {
	if p.still {
		return
	}
	switch i := m - p.now - 1; {
	case p.calendar != nil && m == p.end:
		p.window, p.end = Counts{}, p.next(m.Time())
	case p.calendar != nil:
	case i < Minute(len(p.leaving)):
		p.window = p.window.Sub(p.leaving[i])
	default:
		p.window = p.window.Sub(p.entering(m-Minute(len(p.leaving)), withErrors))
	}
	p.window = p.window.Add(p.entering(m, withErrors))
}

// entering returns what enters in a minute to come.
func (p *projection) entering(m Minute, withErrors bool) Counts {
	switch {
	case sliceEnd(m, p.slice) != m:
		return Counts{}
	case !withErrors:
		return Counts{Good: p.rate.Total, Total: p.rate.Total}
	}
	return p.rate
}
