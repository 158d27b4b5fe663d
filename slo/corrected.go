package slo

import (
	"cmp"
	"slices"
)

// Layered is a [Reader] that shows other events than were measured.
type Layered interface {
	Reader
	// Raw is what was measured.
	Raw() Reader
	// Touching returns the corrections that have a minute in (from, to], by number.
	Touching(from, to Minute) []CorrectionID
	// EffectAt returns what corrections do with the events of a minute, also of one to come; empty if nothing.
	EffectAt(m Minute) Effect
}

// Corrected returns the events of r after corrections, which may overlap; those that were undone change nothing. Of a minute that one
// correction excludes and another makes good, nothing is left.
func Corrected(r Reader, cs []Correction) Reader {
	c := corrected{Reader: r, layers: slices.DeleteFunc(slices.Clone(cs), func(c Correction) bool { return !c.Undone.IsZero() })}
	slices.SortFunc(c.layers, func(a, b Correction) int { return cmp.Compare(a.ID, b.ID) })
	var good []interval
	for _, l := range c.layers {
		i := interval{MinuteOf(l.From) - 1, MinuteOf(l.To) - 1}
		if l.Effect == Exclude {
			c.excluded = append(c.excluded, i)
		} else {
			good = append(good, i)
		}
	}
	c.excluded = union(c.excluded)
	c.good = without(union(good), c.excluded)
	return &c
}

type corrected struct {
	Reader
	layers         []Correction // by number
	excluded, good []interval   // disjoint, ascending
}

// interval holds the minutes (from, to].
type interval struct{ from, to Minute }

// clip returns what of i lies in (from, to]; it is empty if its end is not after its beginning.
func (i interval) clip(from, to Minute) interval { return interval{max(i.from, from), min(i.to, to)} }

// union returns the same minutes in disjoint intervals, ascending.
func union(is []interval) []interval {
	slices.SortFunc(is, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	var all []interval
	for _, i := range is {
		if n := len(all); n > 0 && i.from <= all[n-1].to {
			all[n-1].to = max(all[n-1].to, i.to)
		} else {
			all = append(all, i)
		}
	}
	return all
}

// without returns the minutes of is that are in none of others; both are disjoint and ascending.
func without(is, others []interval) []interval {
	var left []interval
	for _, i := range is {
		for _, o := range others {
			if cut := o.clip(i.from, i.to); cut.from < cut.to {
				if i.from < cut.from {
					left = append(left, interval{i.from, cut.from})
				}
				i.from = cut.to
			}
		}
		if i.from < i.to {
			left = append(left, i)
		}
	}
	return left
}

// Raw implements [Layered].
func (c *corrected) Raw() Reader { return c.Reader }

// Touching implements [Layered].
func (c *corrected) Touching(from, to Minute) []CorrectionID {
	var ids []CorrectionID
	for _, l := range c.layers {
		if MinuteOf(l.From) <= to && MinuteOf(l.To)-1 > from {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// EffectAt implements [Layered].
func (c *corrected) EffectAt(m Minute) Effect {
	switch {
	case holds(c.excluded, m):
		return Exclude
	case holds(c.good, m):
		return CountGood
	}
	return ""
}

// holds reports whether a minute is in one of disjoint, ascending intervals.
func holds(is []interval, m Minute) bool {
	n, _ := slices.BinarySearchFunc(is, m, func(i interval, m Minute) int { return cmp.Compare(i.to, m) })
	return n < len(is) && is[n].from < m
}

// Read implements [Reader].
func (c *corrected) Read(from, to Minute) Reading {
	r := c.Reader.Read(from, to)
	for _, i := range c.excluded {
		if i = i.clip(from, to); i.from < i.to {
			out := c.Reader.Read(i.from, i.to)
			r.Counts = r.Sub(out.Counts)
			r.Observed -= out.Observed
			r.Minutes -= out.Minutes
		}
	}
	for _, i := range c.good {
		if i = i.clip(from, to); i.from < i.to {
			r.Good += c.Reader.Read(i.from, i.to).Bad()
		}
	}
	return r
}

// Each implements [Reader].
func (c *corrected) Each(from, to Minute, f func(MinuteCounts) bool) {
	excluded, good := c.excluded, c.good
	c.Reader.Each(from, to, func(m MinuteCounts) bool {
		switch {
		case contains(&excluded, m.Minute):
			return true
		case contains(&good, m.Minute):
			if m.Good = m.Total; m.Total == 0 && !m.Observed {
				return true
			}
		}
		return f(m)
	})
}

// contains reports whether a minute is in one of the intervals, and forgets those that end before it.
func contains(is *[]interval, m Minute) bool {
	for len(*is) > 0 && (*is)[0].to < m {
		*is = (*is)[1:]
	}
	return len(*is) > 0 && (*is)[0].from < m
}
