package collectors

import (
	"maps"
	"slices"
	"time"
)

// rebuild starts a generation with the series that keep returns true for. References of the one before are resolved anew, and native
// histograms divided anew.
func (c *Collector) rebuild(m *matcher, keep func(*series) bool) {
	t := &table{gen: c.table.Load().gen + 1, matcher: m}
	wholes := map[wholeID]*whole{}
	for hash, bucket := range c.series {
		kept := bucket[:0]
		for _, s := range bucket {
			if s.native != nil || !keep(s) {
				s.dropped = true
				continue
			}
			s.slot = uint32(len(t.slots))
			t.slots = append(t.slots, s)
			kept = append(kept, s)
			if s.base != 0 {
				w := c.wholeOf(wholeID{s.source, s.base})
				wholes[w.id] = w
			}
			if s.part != nil {
				wholes[s.part.whole.id] = s.part.whole
			}
		}
		clear(bucket[len(kept):])
		if c.series[hash] = kept; len(kept) == 0 {
			delete(c.series, hash)
		}
	}
	c.wholes = wholes
	c.orphansStale = true
	c.table.Store(t)
}

// idle is how long a series or target is kept in memory after its last sample. The ledger keeps how far it was counted.
const idle = time.Hour

// sweep forgets, once an hour, what has had no sample for an hour.
func (c *Collector) sweep(now time.Time) {
	if now.Before(c.nextSweep) {
		return
	}
	c.nextSweep = now.Add(idle)
	oldest := now.Add(-idle).UnixMilli()
	gone := map[*target]bool{}
	for name, t := range c.targets {
		if t.heard < oldest && t.fed < oldest {
			gone[t] = true
			delete(c.targets, name)
		}
	}
	old := c.table.Load()
	for _, o := range old.matcher.objectives {
		for t := range o.feeders.targets {
			if gone[t] {
				delete(o.feeders.targets, t)
			}
		}
	}
	c.bounds.forget(func(name targetName) bool { return name.named() && c.targets[name] == nil })
	fresh := func(s *series) bool {
		return !gone[s.target] && (s.cursor.T >= oldest || s.health)
	}
	// Senders hold on to references of what is refused: only a new generation tells, with their next samples, whether it still is.
	if len(c.refused) > 0 || slices.ContainsFunc(old.slots, func(s *series) bool { return s.native == nil && !fresh(s) }) {
		maps.DeleteFunc(c.refused, func(_ *objective, r refusal) bool { return now.Sub(r.found) > 2*idle })
		c.rebuild(old.matcher, fresh)
	}
	c.renewChildren()
}
