package collectors

import (
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// commit books the samples of one transaction, which began with the table began.
func (c *Collector) commit(samples []sample, began *table) {
	now := c.now()
	limit := now.Add(maxAhead).UnixMilli()
	c.mu.Lock()
	defer c.mu.Unlock()
	b := &c.batch
	b.Increments, b.Observations, b.Cursors = b.Increments[:0], b.Observations[:0], b.Cursors[:0]
	c.batchNumber++
	var verdicts [len(verdictNames)]int
	for i := range samples {
		s := &samples[i]
		if s.series.dropped {
			if s.series = c.seriesOf(s.series.labels); s.series == nil {
				continue
			}
		}
		if len(s.series.wants) > 0 {
			verdicts[c.count(s, limit)]++
		}
		if s.series.health && s.t <= limit {
			c.hear(s, began)
		}
	}
	if len(b.Cursors) > 0 || len(b.Observations) > 0 {
		c.ledger.Commit(b)
	}
	c.metrics.count(verdicts)
	c.sweep(now)
}

// count books what one sample adds to the objectives that want its series.
func (c *Collector) count(p *sample, limit int64) verdict {
	s := p.series
	scraped := s.target.before(p.t)
	why, events, from := step(s.cursor, s.known, p.st, p.t, p.v, scraped.t, limit)
	if !why.counts() {
		return why
	}
	s.cursor.T, s.cursor.Value, s.known = p.t, p.v, true
	if p.st > 0 || why == verdictReset {
		s.cursor.Start = p.st
	}
	if s.batch != c.batchNumber {
		s.batch = c.batchNumber
		c.batch.Cursors = append(c.batch.Cursors, &s.cursor)
	}
	if !s.linked {
		c.link(s, p.t)
	}
	if s.target != nil {
		s.target.fed = max(s.target.fed, p.t)
	}
	if events != 0 {
		for i := range s.wants {
			w := &s.wants[i]
			if why == verdictAppeared && !scraped.matcher.sought(w) {
				continue // the series may have been there, unnoticed
			}
			c.batch.Increments = append(c.batch.Increments, ledger.Increment{
				Objective: w.objective.ref, From: from, To: p.t, Good: w.good * events, Total: w.total * events,
			})
		}
	}
	if s.target == nil || s.target.heard == 0 {
		c.observeItself(s, p.t)
	}
	return why
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

// observe marks for o the minutes after that of from, up to that of to; if both are in one minute, that minute.
func (c *Collector) observe(o *objective, from, to int64) {
	c.batch.Observations = append(c.batch.Observations, ledger.Observation{Objective: o.ref, At: to})
	for at := to - minuteMillis; at/minuteMillis > from/minuteMillis; at -= minuteMillis {
		c.batch.Observations = append(c.batch.Observations, ledger.Observation{Objective: o.ref, At: at})
	}
}

// hear takes note of a target's health.
func (c *Collector) hear(p *sample, began *table) {
	t := p.series.target
	if p.t <= t.heard {
		return
	}
	if p.t-t.heard > maxUnheard.Milliseconds() {
		c.orphansStale = true // what it feeds has a known feeder again
	}
	t.heard, t.labels = p.t, p.series.labels
	if p.v != 1 {
		t.failed = true
		return
	}
	from := p.t
	if !t.failed && t.last.t > 0 && p.t-t.last.t <= maxQuiet.Milliseconds() {
		from = t.last.t
	}
	t.prev, t.last, t.failed = t.last, scrape{p.t, began.matcher}, false
	t.cursor.T, t.cursor.Start, t.cursor.Value = p.t, t.prev.t, began.matcher.print
	c.batch.Cursors = append(c.batch.Cursors, &t.cursor)
	c.remind(t, p.t)
	for _, o := range t.feeds {
		c.observe(o, from, p.t)
	}
	for _, o := range c.orphansAt(slo.Minute(p.t / minuteMillis)) {
		if o.couldBeFedBy(t) {
			c.observe(o, from, p.t)
		}
	}
}
