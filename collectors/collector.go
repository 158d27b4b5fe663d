package collectors

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// Config of a [Collector].
type Config struct {
	// Ledger receives the events. Required.
	Ledger *ledger.Ledger
	// Registerer receives the collector's metrics; nil registers none.
	Registerer prometheus.Registerer
	// Now tells the time; [time.Now] when nil.
	Now func() time.Time
}

// maxAhead is how far ahead of our clock a sample is believed. A series that was counted up to a far future would not
// count again until then.
const maxAhead = 10 * time.Minute

// Collector counts samples into the ledger. It is safe for concurrent use; commits are one after another.
type Collector struct {
	ledger  *ledger.Ledger
	now     func() time.Time
	metrics *metrics
	buffers sync.Pool // of *[]sample

	table atomic.Pointer[table] // written under mu

	mu      sync.Mutex
	series  map[uint64][]*series // by hash of the labels
	targets map[targetName]*target

	orphans       []*objective // those without a known feeder, as of orphansMinute
	orphansMinute slo.Minute
	orphansStale  bool

	batch       ledger.Batch // used again by each commit
	batchNumber uint64
	nextSweep   time.Time
}

// New returns a collector that wants nothing until it is given objectives.
func New(cfg Config) (*Collector, error) {
	if cfg.Ledger == nil {
		return nil, errors.New("make a collector: Ledger is required")
	}
	c := &Collector{
		ledger:  cfg.Ledger,
		now:     cfg.Now,
		series:  map[uint64][]*series{},
		targets: map[targetName]*target{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.nextSweep = c.now().Add(idle)
	c.metrics = newMetrics(cfg.Registerer, func() float64 { return float64(len(c.table.Load().slots)) })
	c.table.Store(&table{gen: 1, matcher: newMatcher(nil)})
	return c, nil
}

// SetObjectives replaces all objectives at once, in the ledger, too, so that no sample is booked in between. If a query
// cannot be counted nothing changes. Series that stay wanted go on where they were; a series that becomes wanted is counted
// from its start timestamp or from its next sample.
func (c *Collector) SetObjectives(objs []*slo.Objective) error {
	compiled := make([]*objective, len(objs))
	var problems []error
	for i, o := range objs {
		obj, err := compileObjective(o)
		compiled[i], problems = obj, append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("set objectives: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.SetObjectives(objs)
	old := c.table.Load()
	known := map[string]*feeders{}
	for _, o := range old.matcher.objectives {
		known[o.feeders.id] = o.feeders
	}
	for _, o := range compiled {
		o.ref, _ = c.ledger.Ref(o.key)
		o.feeders = known[feedersID(o)]
		if o.feeders == nil {
			o.feeders = c.recallFeeders(o)
		}
	}
	m := newMatcher(compiled)
	for _, t := range c.targets {
		t.feeds = t.feeds[:0]
		for _, o := range compiled {
			if o.feeders.targets[t] {
				t.feeds = append(t.feeds, o)
			}
		}
	}
	c.rebuild(m, func(s *series) bool {
		s.wants, s.linked = m.wants(s.labels), false
		return len(s.wants) > 0 || s.health
	})
	return nil
}

// rebuild starts a generation with the series that keep returns true for. References of the one before are resolved anew.
func (c *Collector) rebuild(m *matcher, keep func(*series) bool) {
	t := &table{gen: c.table.Load().gen + 1, matcher: m}
	for hash, bucket := range c.series {
		kept := bucket[:0]
		for _, s := range bucket {
			if keep(s) {
				s.slot = uint32(len(t.slots))
				t.slots = append(t.slots, s)
				kept = append(kept, s)
			} else {
				s.dropped = true
			}
		}
		clear(bucket[len(kept):])
		if c.series[hash] = kept; len(kept) == 0 {
			delete(c.series, hash)
		}
	}
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
	fresh := func(s *series) bool {
		return !gone[s.target] && (s.cursor.T >= oldest || s.health)
	}
	for _, s := range old.slots {
		if !fresh(s) {
			c.rebuild(old.matcher, fresh)
			return
		}
	}
}
