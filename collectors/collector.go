package collectors

import (
	"cmp"
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
	// Horizon is how old a sample may be to be counted, by our clock; [DefaultHorizon] when 0.
	Horizon time.Duration
	// Limits bound what is taken in.
	Limits Limits
}

// DefaultHorizon is how late samples may be.
const DefaultHorizon = 2 * time.Hour

// maxAhead is how far ahead of our clock a sample is believed. A series that was counted up to a far future would not
// count again until then.
const maxAhead = 10 * time.Minute

// Collector counts samples into the ledger. It is safe for concurrent use; commits are one after another.
type Collector struct {
	ledger  *ledger.Ledger
	now     func() time.Time
	horizon time.Duration
	limits  Limits
	metrics *metrics
	buffers sync.Pool // of *[]sample

	past *Collector // counts history; nil in the one that does
	live *Collector // the one that has this as its past; nil in the one that counts live

	table atomic.Pointer[table] // written under mu

	mu      sync.Mutex           // that of past is locked before that of live
	series  map[uint64][]*series // by hash of the labels
	targets map[targetName]*target
	wholes  map[wholeID]*whole
	bounds  bounds
	refused map[*objective]refusal

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
	c := newCollector(cfg)
	c.metrics = newMetrics(cfg.Registerer, c.inMemory, func() float64 { return float64(len(c.Problems())) })
	c.past = newCollector(cfg)
	c.past.live, c.past.metrics = c, c.metrics
	return c, nil
}

func newCollector(cfg Config) *Collector {
	c := &Collector{
		ledger:  cfg.Ledger,
		now:     cfg.Now,
		horizon: cmp.Or(cfg.Horizon, DefaultHorizon),
		limits:  cfg.Limits.withDefaults(),
		series:  map[uint64][]*series{},
		targets: map[targetName]*target{},
		wholes:  map[wholeID]*whole{},
		bounds:  bounds{},
		refused: map[*objective]refusal{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.nextSweep = c.now().Add(idle)
	c.table.Store(&table{gen: 1, matcher: newMatcher(nil)})
	return c
}

func (c *Collector) inMemory() float64 {
	return float64(len(c.table.Load().slots) + len(c.past.table.Load().slots))
}

// SetObjectives replaces all objectives at once, in the ledger, too, so that no sample is booked in between. If a query
// cannot be counted nothing changes. Series that stay wanted go on where they were; a series that becomes wanted is counted
// from its start timestamp or from its next sample, for each objective on its own; with a query that replaces another from its next sample.
func (c *Collector) SetObjectives(objs []*slo.Objective) error {
	compiled, err := compileObjectives(objs)
	if err != nil {
		return fmt.Errorf("set objectives: %w", err)
	}
	filled, err := compileObjectives(objs)
	if err != nil {
		return fmt.Errorf("set objectives: %w", err)
	}
	c.past.mu.Lock()
	defer c.past.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.SetObjectives(objs)
	for i, o := range compiled {
		o.life = c.recallLife(o)
		filled[i].live = o
	}
	c.adopt(compiled)
	c.past.adopt(filled)
	return nil
}

func compileObjectives(objs []*slo.Objective) ([]*objective, error) {
	compiled := make([]*objective, len(objs))
	problems := make([]error, len(objs))
	for i, o := range objs {
		compiled[i], problems[i] = compileObjective(o)
	}
	return compiled, errors.Join(problems...)
}

// adopt makes these the objectives that are counted for.
func (c *Collector) adopt(compiled []*objective) {
	known := map[string]*feeders{}
	for _, o := range c.table.Load().matcher.objectives {
		known[o.feeders.id] = o.feeders
	}
	for _, o := range compiled {
		o.ref, _ = c.ledger.Ref(o.key)
		o.feeders = known[feedersID(o)]
		if o.feeders == nil {
			o.feeders = c.recallFeeders(o)
		}
		c.recallChildren(o)
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
	clear(c.bounds)
	clear(c.refused)
	c.rebuild(m, func(s *series) bool {
		s.wants, s.linked, s.noted = m.wants(s.source, s.labels), false, 0 // a new objective has this minute yet to be observed
		c.classify(s)
		return len(s.wants) > 0 || s.health
	})
}
