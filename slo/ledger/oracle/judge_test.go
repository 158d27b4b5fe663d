package oracle_test

import (
	"math/big"
	"slices"
	"time"

	"plimsoll/slo"
)

// verdict is what a replay says of an objective at an instant.
type verdict struct {
	version     int
	from, to    slo.Minute
	window, raw slo.Reading
	burn        []slo.Reading
	spent       *big.Rat // share of the budget
	revision    uint64
	dropped     int64
	last        int64 // Unix milliseconds; 0 if nothing was heard
	corrections int
	minutes     []slo.MinuteCounts // of all that was counted, up to the end of the window

	holding  []slo.Correction // that are not taken back
	judged   *book            // what it is judged by: after corrections, as slices if that is the method
	excluded []bool           // minutes that a correction takes out
}

// equal compares two verdicts but for the share that is spent.
func (v verdict) equal(w verdict) bool {
	return v.version == w.version && v.from == w.from && v.to == w.to && v.window == w.window && v.raw == w.raw && slices.Equal(v.burn, w.burn) &&
		v.revision == w.revision && v.dropped == w.dropped && v.last == w.last && v.corrections == w.corrections && slices.Equal(v.minutes, w.minutes)
}

// court judges the objectives of a history as of its end.
type court struct {
	books       map[slo.Key]*book
	versions    map[slo.Key][]version
	defined     map[slo.Key]bool // and not left out
	corrections []slo.Correction
	origin      slo.Minute
	length      int
	verdicts    map[matter]verdict // that were returned
}

// matter is what is judged.
type matter struct {
	key slo.Key
	at  time.Time
}

// at returns what was promised at an instant, and the number of that version.
func (c court) at(key slo.Key, at time.Time) (*slo.Objective, int) {
	vs := c.versions[key]
	n := len(vs)
	for n > 1 && vs[n-1].from > at.UnixMilli() {
		n--
	}
	return vs[n-1].objective, n
}

// period returns the minutes (from, to] of a window.
func period(w slo.Window, at time.Time) (from, to slo.Minute) {
	to = slo.MinuteOf(at)
	if w.Calendar == nil {
		return to - slo.Minute(w.Length/time.Minute), to
	}
	begin, _ := bounds(w.Calendar, at)
	return begin - 1, to
}

// bounds returns the first minute of the period in which an instant lies, and that of the next, by counting periods from the first.
func bounds(c *slo.Calendar, at time.Time) (begin, next slo.Minute) {
	starts := func(n int) time.Time {
		y, m, d := c.Start.Date()
		switch n *= c.Count; c.Unit {
		case slo.Hour:
			return c.Start.Add(time.Duration(n) * time.Hour)
		case slo.Day:
			return time.Date(y, m, d+n, 0, 0, 0, 0, c.Start.Location())
		case slo.Week:
			return time.Date(y, m, d+7*n, 0, 0, 0, 0, c.Start.Location())
		default:
			return time.Date(y, m+time.Month(n), d, 0, 0, 0, 0, c.Start.Location())
		}
	}
	n := 0
	if c.Unit == slo.Hour {
		n = int(at.Sub(c.Start)/time.Hour)/c.Count - 1
	}
	for !starts(n + 1).After(at) {
		n++
	}
	return slo.MinuteOf(starts(n)), slo.MinuteOf(starts(n + 1))
}

// judge returns the verdict on an objective that is not a composite.
func (c court) judge(key slo.Key, at time.Time) verdict {
	m := matter{key, at}
	if _, judged := c.verdicts[m]; !judged {
		c.verdicts[m] = c.judgeAnew(key, at)
	}
	return c.verdicts[m]
}

func (c court) judgeAnew(key slo.Key, at time.Time) verdict {
	o, number := c.at(key, at)
	raw := c.books[key]
	if raw == nil {
		raw = newBook(c.length)
	}
	j, excluded := raw.clone(), make([]bool, c.length)
	v := verdict{version: number, revision: raw.revision, last: raw.last, judged: j, excluded: excluded}
	v.from, v.to = period(o.Window, at)
	for _, k := range c.corrections {
		if !(k.Objective == key || k.Objective != "" && k.Objective == o.Parent || k.Objective == "" && (k.Service == "" || k.Service == o.Service)) {
			continue
		}
		if v.revision++; !k.Undone.IsZero() {
			v.revision++
			continue
		}
		v.holding = append(v.holding, k)
		first, last := slo.MinuteOf(k.From), slo.MinuteOf(k.To)-1
		if first <= v.to && last > v.from {
			v.corrections++
		}
		for m := max(0, int(first-c.origin)); m <= int(last-c.origin) && m < c.length; m++ {
			if k.Effect == slo.Exclude {
				excluded[m] = true
			} else {
				j.counts[m].Good = j.counts[m].Total
			}
		}
	}
	for m := range excluded {
		if excluded[m] {
			j.counts[m], j.observed[m] = slo.Counts{}, false
		}
	}
	if o.Method != slo.Occurrences {
		j.slice(o, c.origin)
	}
	v.window, v.raw = v.read(c, v.from, v.to), raw.read(int(v.from-c.origin), int(v.to-c.origin))
	for _, l := range lookbacks {
		v.burn = append(v.burn, v.read(c, v.to-l, v.to))
	}
	for m := range min(int(v.to-c.origin)+1, c.length) {
		if j.observed[m] || j.counts[m] != (slo.Counts{}) {
			v.minutes = append(v.minutes, slo.MinuteCounts{Minute: c.origin + slo.Minute(m), Observed: j.observed[m], Counts: j.counts[m]})
		}
	}
	for h, n := range raw.dropped {
		if h >= floor(int64(v.from)+1, 60) && h <= floor(int64(v.to), 60) {
			v.dropped += n
		}
	}
	v.spent = spentOf(o.Target, v.window.Counts)
	return v
}

// effect is what corrections do with a minute. What one excludes no other brings back.
func (v verdict) effect(m slo.Minute) slo.Effect {
	var effect slo.Effect
	for _, k := range v.holding {
		switch {
		case m < slo.MinuteOf(k.From) || m >= slo.MinuteOf(k.To):
		case k.Effect == slo.Exclude:
			return slo.Exclude
		default:
			effect = k.Effect
		}
	}
	return effect
}

// lookbacks are those of every status, in minutes.
var lookbacks = []slo.Minute{5, 30, 60, 2 * 60, 6 * 60, 24 * 60, 3 * 24 * 60}

// read adds up the minutes (from, to] of what an objective is judged by.
func (v verdict) read(c court, from, to slo.Minute) slo.Reading {
	r := v.judged.read(int(from-c.origin), int(to-c.origin))
	for m := max(0, int(from+1-c.origin)); m <= min(int(to-c.origin), c.length-1); m++ {
		if v.excluded[m] {
			r.Minutes--
		}
	}
	return r
}

// spentOf is the share of a budget that is spent: bad / ((1 − target) · total).
func spentOf(target slo.Ratio, n slo.Counts) *big.Rat {
	spent := new(big.Rat)
	if n.Total > 0 {
		allowed := new(big.Rat).Mul(big.NewRat(int64(slo.One-target), int64(slo.One)), new(big.Rat).SetInt64(n.Total))
		spent.Quo(new(big.Rat).SetInt64(n.Total-n.Good), allowed)
	}
	return spent
}

// part is a component of a composite that is defined.
type part struct {
	weight *big.Rat
	verdict
	objective *slo.Objective
}

// parts returns the components of a composite.
func (c court) parts(o *slo.Objective, at time.Time) []part {
	var parts []part
	for _, component := range o.Components {
		if c.defined[component.Key] {
			was, _ := c.at(component.Key, at)
			parts = append(parts, part{new(big.Rat).SetInt64(int64(component.Weight)), c.judge(component.Key, at), was})
		}
	}
	return parts
}

// compose is the mean of what the parts of a composite have spent, by their weights.
func compose(parts []part, spent func(part) *big.Rat) *big.Rat {
	sum, weights := new(big.Rat), new(big.Rat)
	for _, p := range parts {
		sum.Add(sum, new(big.Rat).Mul(p.weight, spent(p)))
		weights.Add(weights, p.weight)
	}
	if weights.Sign() == 0 {
		return sum
	}
	return sum.Quo(sum, weights)
}
