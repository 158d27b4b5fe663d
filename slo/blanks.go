package slo

import (
	"sort"
	"time"
)

// blanks tells of a window that is moved forward how many of its minutes are observed and how many are gaps, as [Gaps] will see them when
// its end is there. The minutes to come count as observed.
type blanks struct {
	policy     Gap
	start, now Minute  // what was observed is known of the minutes (start, now]
	seen, none []int64 // how many of the minutes (start, start+i] were observed, or were not and are not excluded
	excluded   []int64 // how many of the minutes (now, now+i] will be; nil: none
}

// blanksOf returns those of a status that was seen through [Gaps], up to a horizon; nil if that estimates nothing.
func blanksOf(s Status, r Reader, horizon Minute) *blanks {
	if s.Gaps.Policy != GapGood && s.Gaps.Policy != GapBad {
		return nil
	}
	n := s.To - s.From
	b := &blanks{policy: s.Gaps.Policy, start: s.From, now: s.To, seen: make([]int64, n+1), none: make([]int64, n+1)}
	observed := make([]bool, n)
	r.Each(s.From, s.To, func(m MinuteCounts) bool {
		observed[m.Minute-s.From-1] = m.Observed
		return true
	})
	layers, _ := r.(Layered)
	excluded := func(m Minute) bool { return layers != nil && layers.EffectAt(m) == Exclude }
	for i, seen := range observed {
		b.seen[i+1], b.none[i+1] = b.seen[i], b.none[i]
		switch {
		case seen:
			b.seen[i+1]++
		case !excluded(s.From + Minute(i) + 1):
			b.none[i+1]++
		}
	}
	if layers == nil || len(layers.Touching(s.To, horizon)) == 0 {
		return b
	}
	b.excluded = make([]int64, horizon-s.To+1)
	for i := range b.excluded[1:] {
		if b.excluded[i+1] = b.excluded[i]; excluded(s.To + Minute(i) + 1) {
			b.excluded[i+1]++
		}
	}
	return b
}

// in returns the minutes of (from, to] that are observed, and those that are gaps: not observed, after the first that is, and settled.
func (b *blanks) in(from, to Minute) (observed, gaps int64) {
	past := max(b.now, from) // the last minute before those to come
	observed = int64(to - past)
	if b.excluded != nil {
		observed -= b.excluded[to-b.now] - b.excluded[past-b.now]
	}
	if from >= b.now {
		return observed, 0
	}
	skip, end := int(from-b.start), int(b.now-b.start)
	observed += b.seen[end] - b.seen[skip]
	before := skip + sort.Search(end-skip, func(i int) bool { return b.seen[skip+i+1] > b.seen[skip] }) // minutes up to the first observed one
	settled := int(min(b.now, to-Minute(settling/time.Minute)) - b.start)
	return observed, b.none[max(settled, before)] - b.none[before]
}
