package collectors

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/slo/ledger"
)

// generation numbers the sets of objectives that a collector has had, from 1.
type generation uint32

// series is one series that an objective wants, or the health of a target.
type series struct {
	labels labels.Labels
	wants  []want // empty if only health
	target *target
	health bool // it is the metric "up"
	slot   uint32

	cursor ledger.Cursor
	known  bool   // it has been counted before
	linked bool   // its objectives know its target as a feeder
	noted  int64  // for a series that observes for itself: the last minute it did
	batch  uint64 // the last one that it had a cursor in

	dropped bool // it is no longer in the collector's table
}

// table gives access to series by reference. It is a snapshot: it may lack the newest series.
//
// A reference is the generation in its upper half and the slot plus one in its lower; a lower half of 0 is a series
// that nothing wants. References of an older generation are resolved anew from their labels.
type table struct {
	gen     generation
	matcher *matcher
	slots   []*series
}

func (t *table) unwantedRef() storage.SeriesRef { return storage.SeriesRef(t.gen) << 32 }

// healthMetric is the metric that every scrape yields beside what it found: 1 if it succeeded, 0 if not.
const healthMetric = "up"

// resolve returns the series with these labels, or nil if nothing wants it, and its reference. It brings a.table up to date.
func (a *appender) resolve(ls labels.Labels) (*series, storage.SeriesRef) {
	c := a.collector
	a.table = c.table.Load()
	if name := ls.Get(model.MetricNameLabel); name != healthMetric && a.table.matcher.unwanted(name) {
		return nil, a.table.unwantedRef()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.seriesOf(ls)
	a.table = c.table.Load()
	if s == nil {
		return nil, a.table.unwantedRef()
	}
	return s, a.table.unwantedRef() | storage.SeriesRef(s.slot+1)
}

// seriesOf finds or makes the series with these labels. It returns nil if nothing wants it.
func (c *Collector) seriesOf(ls labels.Labels) *series {
	hash := ls.Hash()
	for _, s := range c.series[hash] {
		if labels.Equal(s.labels, ls) {
			return s
		}
	}
	s := &series{labels: ls, wants: c.table.Load().matcher.wants(ls)}
	health := ls.Get(model.MetricNameLabel) == healthMetric
	if len(s.wants) == 0 && !health {
		return nil
	}
	s.target = c.targetOf(ls)
	if s.health = health && s.target != nil; len(s.wants) == 0 && !s.health {
		return nil
	}
	key := seriesKey(ls)
	if s.cursor, s.known = c.ledger.Cursor(key); !s.known {
		s.cursor.Key = key
	}
	c.series[hash] = append(c.series[hash], s)
	c.addSlot(s)
	return s
}

func seriesKey(ls labels.Labels) string { return "series " + ls.String() }

// addSlot gives s a slot and publishes it. Slots are appended in place: a snapshot with fewer does not look past its end.
func (c *Collector) addSlot(s *series) {
	old := c.table.Load()
	s.slot = uint32(len(old.slots))
	c.table.Store(&table{gen: old.gen, matcher: old.matcher, slots: append(old.slots, s)})
}
