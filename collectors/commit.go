package collectors

import (
	"math"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// transaction is what one commit counts.
type transaction struct {
	Road
	samples []sample
	began   *table // when it did
	taken   span
	now     int64
}

// commit books the samples of one transaction.
func (c *Collector) commit(tx *transaction) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live != nil {
		c.live.mu.Lock() // where counting began must stay as it is
		defer c.live.mu.Unlock()
	}
	now := c.now()
	b := c.open(tx, now)
	var verdicts [len(verdictNames)]int
	for i := range tx.samples {
		s := &tx.samples[i]
		if s.series.dropped {
			if s.series = c.revive(s.series); s.series == nil {
				continue
			}
		}
		if len(s.series.wants) > 0 || s.series.tally && c.live == nil {
			verdicts[c.take(s, tx)]++
		}
		if s.series.health && s.t >= tx.taken.oldest && s.t <= tx.taken.latest {
			c.hear(s, tx)
		}
	}
	if len(b.Cursors)+len(b.Observations)+len(b.Drops) > 0 {
		c.ledger.Commit(b)
	}
	c.metrics.count(verdicts)
	c.sweep(now)
}

// open begins the batch of a transaction.
func (c *Collector) open(tx *transaction, now time.Time) *ledger.Batch {
	tx.now, tx.taken = now.UnixMilli(), span{now.Add(-c.horizon).UnixMilli(), now.Add(maxAhead).UnixMilli()}
	if tx.late {
		tx.taken.oldest = 0
	}
	b := &c.batch
	b.Increments, b.Observations, b.Cursors, b.Drops = b.Increments[:0], b.Observations[:0], b.Cursors[:0], b.Drops[:0]
	c.batchNumber++
	return b
}

// revive returns what has taken the place of a series that was dropped, or nil if nothing wants it any more.
func (c *Collector) revive(dropped *series) *series {
	s, _ := c.seriesOf(dropped.source, dropped.labels, dropped.tally)
	if s != nil && s.part == nil && s.base == 0 {
		s.part = dropped.part
	}
	return s
}

// take counts one sample of a wanted series, live or as history.
func (c *Collector) take(p *sample, tx *transaction) (why verdict) {
	if c.live != nil {
		why = c.fill(p, tx)
	} else {
		why = c.count(p, tx)
	}
	if s := p.series; s.estimates > 0 && why.counts() {
		s.estimates--
	}
	return why
}

// count books what one sample adds to the objectives that want its series.
func (c *Collector) count(p *sample, tx *transaction) verdict {
	s := p.series
	scraped := s.target.before(p.t)
	grown := progressOf(p, s.cursor, s.known, scraped.t, tx)
	if !grown.why.counts() {
		if grown.why == verdictLate {
			c.drop(s)
		}
		return grown.why
	}
	before, known := s.cursor, s.known
	s.cursor.T, s.cursor.Value, s.cursor.Gaps, s.known = max(p.t, s.cursor.T), grown.value, grown.gaps, true
	if p.st > 0 || grown.why == verdictReset {
		s.cursor.Start = p.st
	}
	if s.batch != c.batchNumber {
		s.batch = c.batchNumber
		c.batch.Cursors = append(c.batch.Cursors, &s.cursor)
	}
	if !known {
		s.reminded = p.t
	}
	c.attend(p, tx)
	result := grown.why
	for i := range s.wants {
		w := &s.wants[i]
		g := grown
		if grown.why == verdictAppeared && !scraped.matcher.sought(w) {
			g = progress{why: verdictBaseline, from: p.t, value: p.v} // the series may have been there, unnoticed
		}
		if !w.begun {
			var fresh bool
			if g, fresh = c.beginWant(p, w, tx, before, known, g); !fresh {
				continue
			}
		}
		if good, total, ok := w.amount(p.v, g.events); ok {
			c.book(w, ledger.Increment{From: g.from, To: p.t, Good: good, Total: total})
		} else {
			result = verdictInvalid
		}
	}
	if p.t-s.reminded >= remindEvery.Milliseconds() {
		c.remindWants(s, p.t)
	}
	return result
}

// progressOf decides what a sample adds to its series.
func progressOf(p *sample, cursor ledger.Cursor, known bool, scraped int64, tx *transaction) progress {
	s := p.series
	switch {
	case !s.counter:
	case tx.delta:
		return accrue(cursor, known, p.st, p.t, p.v, tx.taken)
	default:
		if s.estimates > 0 && known {
			cursor.Value = min(cursor.Value, p.v)
		}
		grown := s.part.step(p, cursor, known, scraped, tx.taken)
		if grown.why != verdictInvalid || !s.gauge {
			return grown
		}
	}
	if math.IsNaN(p.v) {
		return progress{why: verdictEmpty}
	}
	value := cursor.Value
	if !s.counter && countable(p.v) {
		value = p.v // where counting begins if an objective asks for the steps later
	}
	return progress{why: place(cursor, known, p.t, tx.taken), from: p.t - 1, value: value}
}

// amount returns what a sample adds to an objective: events of its counter, or what its value v says. It is not ok if the value is none that
// the objective's kind calls for.
func (w *want) amount(v float64, events int64) (good, total int64, ok bool) {
	good, total, ok = events, events, true
	if w.objective.events != nil {
		good, total, ok = w.objective.events(v)
	}
	return w.good * good, w.total * total, ok
}

// book books an increment for an objective, and for the child it belongs to.
func (c *Collector) book(w *want, inc ledger.Increment) {
	if inc.Good == 0 && inc.Total == 0 {
		return
	}
	inc.Objective = w.objective.ref
	c.batch.Increments = append(c.batch.Increments, inc)
	if w.group != nil && !w.group.full {
		inc.Objective = w.group.child
		c.batch.Increments = append(c.batch.Increments, inc)
	}
}

// drop reports a sample that came too late to the objectives that want it.
func (c *Collector) drop(s *series) {
	for i := range s.wants {
		w := &s.wants[i]
		c.batch.Drops = append(c.batch.Drops, ledger.Drop{Objective: w.objective.ref, Samples: 1})
		if w.group != nil && !w.group.full {
			c.batch.Drops = append(c.batch.Drops, ledger.Drop{Objective: w.group.child, Samples: 1})
		}
	}
}

// attend notes that the source of a counted sample is there.
func (c *Collector) attend(p *sample, tx *transaction) {
	s := p.series
	if !s.linked {
		c.link(s, c.lifeOf(p.t, tx))
	}
	if s.target != nil {
		s.target.fed = max(s.target.fed, c.lifeOf(p.t, tx))
	}
	if s.target == nil || s.target.heard == 0 {
		c.observeItself(s, p.t)
	}
}

// observeItself marks the minute of a sample as observed, for a series whose target reports no health.
func (c *Collector) observeItself(s *series, t int64) {
	if minute := t / minuteMillis; minute != s.noted {
		s.noted = minute
		for i := range s.wants {
			c.observe(s.wants[i].objective, t, t)
		}
	}
}

const minuteMillis = 60_000

// observe marks for o and its children the minutes after that of from, up to that of to; if both are in one minute, that minute.
func (c *Collector) observe(o *objective, from, to int64) {
	if c.live != nil && to > o.live.life.fillable(c.horizon) {
		return
	}
	c.observeMinutes(o.ref, from, to)
	for _, g := range o.groups.known {
		if !g.full {
			c.observeMinutes(g.child, from, to)
		}
	}
}

func (c *Collector) observeMinutes(ref ledger.Ref, from, to int64) {
	c.batch.Observations = append(c.batch.Observations, ledger.Observation{Objective: ref, At: to})
	for at := to - minuteMillis; at/minuteMillis > from/minuteMillis; at -= minuteMillis {
		c.batch.Observations = append(c.batch.Observations, ledger.Observation{Objective: ref, At: at})
	}
}

// hear takes note of a target's health.
func (c *Collector) hear(p *sample, tx *transaction) {
	t := p.series.target
	if p.t <= t.heard {
		return
	}
	if p.t-t.heard > maxUnheard.Milliseconds() {
		c.orphansStale = true // what it feeds has a known feeder again
	}
	t.heard, t.labels = p.t, p.series.labels
	if c.live != nil {
		t.fed = tx.now
	}
	if p.v != 1 {
		t.failed = true
		return
	}
	from := p.t
	if !t.failed && t.last.t > 0 && p.t-t.last.t <= maxQuiet.Milliseconds() {
		from = t.last.t
	}
	t.prev, t.last, t.failed = t.last, scrape{p.t, tx.began.matcher}, false
	t.cursor.T, t.cursor.Start, t.cursor.Value = p.t, t.prev.t, tx.began.matcher.print
	c.keep(&t.cursor, tx)
	c.remind(t, c.lifeOf(p.t, tx))
	for _, o := range t.feeds {
		c.observe(o, from, p.t)
	}
	for _, o := range c.orphansAt(slo.Minute(p.t / minuteMillis)) {
		if o.couldBeFedBy(t) {
			c.observe(o, from, p.t)
		}
	}
}
