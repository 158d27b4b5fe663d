package oracle_test

import (
	"math"
	"slices"

	"plimsoll/slo"
)

// raw is a sample as it was sent.
type raw struct {
	series series
	st, t  int64
	v      float64
}

// entry is what the replay has to know of a step: a transaction, or what has happened to Plimsoll.
type entry struct {
	transaction
	booted  bool // it was started with what had been saved
	defined []promise
}

// transaction is what was committed at once.
type transaction struct {
	now      int64 // by the clock of the process
	delta    bool  // the samples are increases
	withdrew bool  // it was rolled back
	again    bool  // it was sent before
	past     bool  // it is read from an archive
	samples  []raw
	children map[slo.Key][]slo.Key // that objectives had by then; which ones find room is for the ledger to say
}

// replay counts the samples of a log, in the plainest way: what each adds to each objective, spread minute by minute.
type replay struct {
	origin slo.Minute
	length int
	saw    func(class)

	wanted []promise
	sought []string // their selectors
	books  map[slo.Key]*book
	last   map[series]counted
	lives  map[slo.Key]*life
	health health
}

func newReplay(origin slo.Minute, length int, saw func(class)) *replay {
	return &replay{origin: origin, length: length, saw: saw, books: map[slo.Key]*book{}, last: map[series]counted{}, lives: map[slo.Key]*life{}, health: newHealth()}
}

func (r *replay) run(log []entry) {
	for _, e := range log {
		switch {
		case e.booted:
			r.health.boot(e.now)
		case e.defined != nil:
			r.wanted = identified(e.defined)
			r.sought = selectors(r.wanted)
			clear(r.health.noted)
		default:
			r.transact(e.transaction)
		}
	}
}

// counted is how far a series was counted: its newest sample, of increases with their sum as its value, and the times that its increases tell of.
type counted struct {
	raw
	told []interval
}

// interval is the time (from, to].
type interval struct{ from, to int64 }

// book returns what is counted for a key.
func (r *replay) book(key slo.Key) *book {
	if r.books[key] == nil {
		r.books[key] = newBook(r.length)
	}
	return r.books[key]
}

func (r *replay) transact(tx transaction) {
	for _, s := range tx.samples {
		if s.series.name == up || slices.ContainsFunc(r.wanted, func(p promise) bool { return p.wants(s.series) }) {
			r.health.meet(s.series.instance, r.sought)
		}
	}
	if tx.withdrew {
		return
	}
	c := committed{replay: r, tx: tx, late: map[slo.Key]bool{}}
	for _, s := range tx.samples {
		if s.series.name == up {
			c.hear(s)
		} else {
			c.sample(s)
		}
	}
	for _, observe := range c.seen {
		observe()
	}
	for key := range c.late {
		r.books[key].revision++
	}
	r.health.sweep(tx.now, r.last, r.saw)
}

// selectors are all that is looked for.
func selectors(promises []promise) []string {
	var all []string
	for _, p := range promises {
		for _, t := range p.terms {
			all = append(all, t.text)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// committed is one transaction under way.
type committed struct {
	*replay
	tx   transaction
	late map[slo.Key]bool // a settled minute has changed
	seen []func()         // observations are booked after all increments
}

// sample counts one sample for every objective that wants it.
func (c *committed) sample(s raw) {
	var wants []promise
	gauge := false
	for _, p := range c.wanted {
		if p.wants(s.series) {
			wants, gauge = append(wants, p), gauge || p.read != nil
		}
	}
	if len(wants) == 0 {
		return
	}
	prev, known := c.last[s.series]
	increase := c.tx.delta && !gauge
	switch {
	case math.IsNaN(s.v) || !gauge && s.v < 0:
		c.saw(sawInvalid)
		return
	case s.t > c.tx.now+10*60_000:
		c.saw(sawFuture)
		return
	case known && s.t == prev.t, known && s.t < prev.t && !increase:
		return
	case s.t < c.tx.now-horizon.Milliseconds():
		c.saw(sawTooLate)
		for _, p := range wants {
			for _, key := range c.keys(p, s.series) {
				c.book(key).dropped[floor(c.tx.now, 3_600_000)]++
			}
		}
		return
	}
	var g growth
	if increase {
		if slices.ContainsFunc(prev.told, func(i interval) bool { return i.from < s.t && s.t <= i.to }) {
			return
		}
		if g = c.increased(s, prev); s.t < prev.t {
			c.saw(sawOutOfOrder)
		}
	} else {
		g = c.grown(s, prev.raw, known, gauge)
	}
	if s.t < c.tx.now-60_000 {
		c.saw(sawLate)
	}
	c.last[s.series] = g.kept
	c.attend(wants, s)
	for _, p := range wants {
		life, meets := c.meets(p, s)
		g := g
		switch {
		case increase || p.read != nil:
		case known && meets:
			g = metAnew(s, g.kept)
		case !known && s.st > 0 && s.st < life.changed && s.t <= life.changed+horizon.Milliseconds():
			c.saw(sawUnnoticed)
			g = growth{from: s.t}
		}
		events := g.events
		good, total, selectors := p.weigh(s.series)
		if g.since != nil && !containsAll(g.since, selectors) {
			events = 0 // it may have been there, unnoticed: counting begins here
		}
		good, total = good*events, total*events
		if p.read != nil {
			g, t, ok := p.read(s.v)
			if !ok {
				c.saw(sawInvalid)
				continue
			}
			pg, pt, _ := p.weigh(s.series)
			good, total = pg*g, pt*t
			c.saw(map[slo.Kind]class{slo.Amounts: sawAmount, slo.Thresholds: sawThreshold, slo.Ratios: sawShare}[p.objective.Indicator.Kind])
		}
		for _, key := range c.keys(p, s.series) {
			c.add(key, g.from, s.t, good, total)
		}
	}
}

// life is what an objective has counted: since when, and of which series.
type life struct {
	since   int64
	begun   map[series]bool
	query   string
	changed int64 // since when that is in the place of another; 0 if it is the first
}

// meets notes a sample of an objective, and reports whether that has just gone live and has had none of the series.
func (c *committed) meets(p promise, s raw) (l *life, meets bool) {
	if l = c.lives[p.key]; l == nil {
		l = &life{since: s.t, begun: map[series]bool{}, query: p.id}
		c.lives[p.key] = l
	}
	if l.query != p.id {
		l.query, l.changed = p.id, s.t
	}
	begun := l.begun[s.series]
	l.begun[s.series] = true
	return l, !begun && l.changed == 0 && s.t <= l.since+horizon.Milliseconds()
}

// metAnew returns what a sample adds for an objective that comes to a series that others have counted: as much as if nobody had.
func metAnew(s raw, kept counted) growth {
	switch {
	case kept.st == 0:
		return growth{from: s.t}
	case kept.st > s.t:
		return growth{from: s.t - 1, events: int64(math.Floor(s.v))}
	default:
		return growth{from: kept.st, events: int64(math.Floor(s.v))}
	}
}

// keys are those under which the events of a series are booked for an objective: its own, and that of its child.
func (c *committed) keys(p promise, s series) []slo.Key {
	keys := []slo.Key{p.key}
	if child := p.key + slo.Key(p.group(s)); child != p.key && slices.Contains(c.tx.children[p.key], child) {
		keys = append(keys, child)
	}
	return keys
}

// growth is what a sample adds to its series: events in (from, t].
type growth struct {
	from, events int64
	kept         counted
	since        []string // the selectors that were looked for when the series was not there yet; nil if that does not matter
}

// increased returns what an increase adds that tells of a time of which no other has told: its events, whole, after the time before it that another
// has told of.
func (c *committed) increased(s raw, prev counted) growth {
	c.saw(sawDelta)
	told := int64(0)
	for _, i := range prev.told {
		if i.to < s.t {
			told = max(told, i.to)
		}
	}
	from := s.st
	switch {
	case from > 0 && from < s.t:
	case told > 0:
		from = told
	default:
		from = s.t - 1
	}
	g := growth{from: max(from, told), kept: counted{s, append(slices.Clip(prev.told), interval{from, s.t})}}
	g.kept.t, g.kept.v = max(s.t, prev.t), prev.v+s.v
	g.events = int64(math.Floor(g.kept.v)) - int64(math.Floor(prev.v))
	return g
}

// grown returns what a sample adds that is none.
func (c *committed) grown(s, prev raw, known, gauge bool) growth {
	g := growth{kept: counted{s, []interval{{0, s.t}}}}
	switch {
	case gauge:
		g.from = s.t - 1 // its last millisecond, as everything that lies before a sample
		if known && s.st == 0 {
			g.kept.st = prev.st
		}
		if s.v < 0 {
			g.kept.v = prev.v
		}
	default:
		c.count(&g, s, prev, known)
	}
	return g
}

// count finds the steps of a counter.
func (c *committed) count(g *growth, s, prev raw, known bool) {
	anew := known && (s.v < prev.v || prev.st > 0 && s.st > prev.st+1 || prev.st == 0 && s.st > prev.t)
	if known && !anew && s.st == 0 {
		g.kept.st = prev.st
	}
	if anew {
		c.saw(sawReset)
	}
	if s.st > 0 {
		c.saw(sawStart)
	}
	scraped := c.health.before(s.series.instance, s.t)
	whole := int64(math.Floor(s.v))
	switch {
	case anew && s.st > prev.t && s.st <= s.t:
		g.from, g.events = s.st, whole
	case anew:
		g.from, g.events = prev.t, whole
	case known:
		g.from, g.events = prev.t, whole-int64(math.Floor(prev.v))
	case s.st > 0 && s.st <= s.t:
		g.from, g.events = s.st, whole
	case s.st > 0 && scraped.t > 0:
		g.from, g.events = scraped.t, whole
	case s.st > 0:
		g.from, g.events = s.t-1, whole
	case scraped.t > 0:
		c.saw(sawAppeared)
		g.from, g.events, g.since = scraped.t, whole, append([]string{""}, scraped.soughtFor...)
	default:
		g.from, g.events = s.t, 0 // of unknown age: counting begins here
	}
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
