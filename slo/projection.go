package slo

import (
	"math/bits"
	"time"
)

// projection is a window that is moved forward. Its counts are in fractions of an event, 1/scale each, so that a rate of
// events a minute is a whole number and every answer exact.
type projection struct {
	target  Ratio
	from    Minute   // the window is the minutes (from, the one that was stepped to last]
	window  Counts   // what it holds, without what is estimated for gaps
	rate    Counts   // what enters it: in each minute, or at the last minute of each slice
	slice   Minute   // length of a slice; 1 if events are counted
	now     Minute   // from which it is moved
	leaving []Counts // what leaves a rolling window in each of the next minutes; after those, what has entered since

	layers   Layered   // tells of corrections that reach into the future; nil if none does
	gaps     *blanks   // nil where gaps are not estimated
	calendar *Calendar // nil if the window rolls
	end      Minute    // the first minute of the next period
	still    bool      // nothing enters and nothing leaves
}

// project makes the projection of a status with what it is read from, which is moved forward up to a horizon.
func project(s Status, r Reader, horizon Minute) *projection {
	o := s.Objective
	if r == nil {
		return &projection{target: o.Target, window: s.Window.Counts, still: true}
	}
	p := &projection{target: o.Target, from: s.From, now: s.To, slice: 1, calendar: o.Window.Calendar}
	if l, ok := r.(Layered); ok && len(l.Touching(s.To, horizon)) > 0 {
		p.layers = l
	}
	fraction := p.basis(o, s.To, r)
	p.window = s.Window.Counts.Sub(s.Gaps.Added)
	fraction = fraction.fit(p.window, p.rate, s.To-s.From)
	p.window, p.rate = fraction.of(p.window), p.rate.shift(fraction.shift)
	p.gaps = blanksOf(s, r, horizon)
	if p.calendar != nil {
		p.end = p.next(s.At)
		return p
	}
	p.leaving = make([]Counts, s.To-s.From)
	r.Each(s.From, s.To, func(m MinuteCounts) bool {
		p.leaving[m.Minute-s.From-1] = fraction.of(m.Counts)
		return true
	})
	return p
}

// fraction is what one count of a projection stands for: 2^shift / scale of an event.
type fraction struct {
	scale int64
	shift uint // 0 but for numbers of events that no service has
}

// fit chooses the least shift with which a window that moves on by its length holds no more than an int64.
func (f fraction) fit(window, rate Counts, length Minute) fraction {
	most := max(abs(window.Good), abs(window.Total))*float64(f.scale) + max(abs(rate.Good), abs(rate.Total))*float64(length)
	for ; most >= 1<<61; most /= 2 {
		f.shift++
	}
	return f
}

func abs(n int64) float64 { return max(float64(n), -float64(n)) }

// of returns events in fractions.
func (f fraction) of(c Counts) Counts {
	if f.shift > 0 {
		c = c.shift(f.shift)
	}
	return c.times(f.scale)
}

// basis finds the rate at which events enter, and returns the scale. Of slices each one to come is the mean of those in the basis.
func (p *projection) basis(o *Objective, now Minute, r Reader) fraction {
	lookback := Minute(forecastBasis / time.Minute)
	if o.Method != Timeslices && o.Method != RatioTimeslices {
		basis := r.Read(now-lookback, now)
		if basis.Observed > 0 {
			p.rate = basis.Counts
		}
		return fraction{scale: max(1, basis.Observed)}
	}
	p.slice = Minute(o.Slice.Length / time.Minute)
	p.rate = r.Read(now-max(lookback, p.slice), now).Counts
	return fraction{scale: max(1, p.rate.Total/o.Measure().Weight)}
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
		p.window, p.from, p.end = Counts{}, m-1, p.next(m.Time())
	case p.calendar != nil:
	case i < Minute(len(p.leaving)):
		p.window = p.window.Sub(p.leaving[i])
		p.from++
	default:
		p.from++
		p.window = p.window.Sub(p.entering(p.from, withErrors))
	}
	p.window = p.window.Add(p.entering(m, withErrors))
}

// entering returns what enters in a minute to come.
func (p *projection) entering(m Minute, withErrors bool) Counts {
	if sliceEnd(m, p.slice) != m {
		return Counts{}
	}
	switch effect := p.effect(m); {
	case effect == Exclude:
		return Counts{}
	case effect == CountGood || !withErrors:
		return Counts{Good: p.rate.Total, Total: p.rate.Total}
	}
	return p.rate
}

// effect is what corrections do with a minute, or with the slice that ends with it: one is excluded with all of its minutes, and good if all
// that are not excluded are.
func (p *projection) effect(end Minute) Effect {
	if p.layers == nil {
		return ""
	}
	whole := Exclude
	for m := end - p.slice + 1; m <= end; m++ {
		switch p.layers.EffectAt(m) {
		case "":
			return ""
		case CountGood:
			whole = CountGood
		}
	}
	return whole
}

// seen is what the window holds with what is estimated for its gaps, when it ends with minute m.
func (p *projection) seen(m Minute) Counts {
	if p.gaps == nil {
		return p.window
	}
	observed, gaps := p.gaps.in(p.from, m)
	return p.window.Add(estimate(Reading{Counts: p.window, Observed: observed}, gaps, p.gaps.policy, p.window))
}

// shift divides the counts by a power of two.
func (c Counts) shift(n uint) Counts { return Counts{c.Good >> n, c.Total >> n} }

// mulDiv returns a × b ÷ c, rounded down or up, and no more than most. None is negative, and c is not 0.
func mulDiv(a, b, c int64, up bool, most int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	if up {
		var carry uint64
		low, carry = bits.Add64(low, uint64(c-1), 0)
		high += carry
	}
	if high >= uint64(c) {
		return most
	}
	q, _ := bits.Div64(high, low, uint64(c))
	return int64(min(q, uint64(most)))
}
