package collectors

import (
	"fmt"
	"math"

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
	source string
	wants  []want // empty if only health
	target *target
	native *native // of a native histogram, which is counted as several series
	part   *part   // of a native histogram
	base   uint64  // of a classic bucket: the hash of its histogram's labels
	health bool    // it is the metric "up"
	slot   uint32

	cursor   ledger.Cursor
	known    bool   // it has been counted before
	linked   bool   // its objectives know its target as a feeder
	tally    bool   // it is the count of a native histogram, which is followed whether or not an objective wants it
	counter  bool   // an objective wants its steps
	gauge    bool   // an objective wants its values
	noted    int64  // for a series that observes for itself: the last minute it did
	reminded int64  // when the ledger was last reminded where counting it began
	batch    uint64 // the last one that it had a cursor in

	// estimates is for how many samples the one before may be an estimate from a native histogram, which a smaller value does not contradict.
	estimates int

	dropped bool // it is no longer in the collector's table
}

// table gives access to series by reference. It is a snapshot: it may lack the newest series.
//
// A reference is the generation in its upper half and the slot plus one in its lower. A lower half of 0 is a series that nothing
// wants, and one of [refusedSlot] is one that is wanted but goes past a limit. References of an older generation are resolved anew
// from their labels.
type table struct {
	gen     generation
	matcher *matcher
	slots   []*series
}

// refusedSlot is the lower half of the reference to a series that was refused.
const refusedSlot = math.MaxUint32

func (t *table) unwantedRef() storage.SeriesRef { return storage.SeriesRef(t.gen) << 32 }

// healthMetric is the metric that every scrape yields beside what it found: 1 if it succeeded, 0 if not.
const healthMetric = "up"

// resolve returns the series with these labels, or nil if nothing wants it or it goes past a limit, and its reference. It brings
// a.table up to date.
func (a *appender) resolve(ls labels.Labels, native bool) (*series, storage.SeriesRef) {
	c := a.road.collector
	a.table = c.table.Load()
	if name := ls.Get(model.MetricNameLabel); native || name != healthMetric {
		if native && a.table.matcher.unwantedNative(name) || !native && a.table.matcher.unwanted(name) {
			return nil, a.table.unwantedRef()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var s *series
	var refused bool
	if native {
		s, refused = c.nativeOf(a.road.source, ls)
	} else {
		if s, refused = c.seriesOf(a.road.source, ls, false); s != nil {
			c.foundClassic(s)
		}
	}
	a.table = c.table.Load()
	switch {
	case refused:
		return nil, a.table.unwantedRef() | refusedSlot
	case s == nil:
		return nil, a.table.unwantedRef()
	}
	return s, a.table.unwantedRef() | storage.SeriesRef(s.slot+1)
}

// find returns the series with these labels that is in memory, or nil.
func (c *Collector) find(hash uint64, source string, ls labels.Labels, native bool) *series {
	for _, s := range c.series[hash] {
		if s.source == source && (s.native != nil) == native && labels.Equal(s.labels, ls) {
			return s
		}
	}
	return nil
}

// seriesOf finds or makes the series with these labels. It returns nil if nothing wants it and it is no tally, or if it is refused.
func (c *Collector) seriesOf(source string, ls labels.Labels, tally bool) (s *series, refused bool) {
	hash := ls.Hash()
	if s = c.find(hash, source, ls, false); s != nil {
		s.tally, s.counter = s.tally || tally, s.counter || tally
		return s, false
	}
	m := c.table.Load().matcher
	c.bounds.note(m, source, ls)
	s = &series{labels: ls, source: source, wants: m.wants(source, ls), tally: tally}
	health := ls.Get(model.MetricNameLabel) == healthMetric
	if len(s.wants) == 0 && !health && !tally {
		return nil, false
	}
	if problem := c.limits.check(ls, len(c.table.Load().slots)); problem != "" {
		c.refuse(s.wants, problem)
		return nil, true
	}
	s.target = c.targetOf(source, ls)
	if s.health = health && s.target != nil; len(s.wants) == 0 && !s.health && !tally {
		return nil, false
	}
	c.classify(s)
	s.cursor, s.known = c.recallSeries(seriesKey(source, ls))
	c.series[hash] = append(c.series[hash], s)
	c.addSlot(s)
	return s, false
}

func seriesKey(source string, ls labels.Labels) string {
	if source == "" {
		return "series " + ls.String()
	}
	return fmt.Sprintf("series of %q %s", source, ls)
}

// classify notes how s is counted, and finds the children that its events belong to.
func (c *Collector) classify(s *series) {
	s.counter, s.gauge = s.tally, false
	for i := range s.wants {
		w := &s.wants[i]
		s.counter = s.counter || w.objective.events == nil
		s.gauge = s.gauge || w.objective.events != nil
		w.group = c.groupOf(w.objective, s.labels)
	}
}

// addSlot gives s a slot and publishes it. Slots are appended in place: a snapshot with fewer does not look past its end.
func (c *Collector) addSlot(s *series) {
	old := c.table.Load()
	s.slot = uint32(len(old.slots))
	c.table.Store(&table{gen: old.gen, matcher: old.matcher, slots: append(old.slots, s)})
}
