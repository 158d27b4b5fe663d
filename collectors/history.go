package collectors

import (
	"math"

	"plimsoll/slo/ledger"
)

// past is how far a series has been filled for one objective.
type past struct {
	cursor ledger.Cursor // T is the time of the newest sample; only in memory, because the ledger forgets cursors by their T
	known  bool
	kept   ledger.Cursor // what the ledger holds of it

	beganKey, appearedKey string // of the marks of live counting
}

// fill books what a sample of history adds to the objectives that want its series.
func (c *Collector) fill(p *sample, tx *transaction) verdict {
	s := p.series
	result := verdictLate // which no sample of history is
	for i := range s.wants {
		result = min(result, c.fillWant(p, &s.wants[i], tx))
	}
	if result.counts() {
		s.cursor.T = tx.now // of use only to tell what is idle
		c.attend(p, tx)
	}
	return result
}

// fillWant books what a sample adds to one objective, up to where that is counted live. A sample that comes after that stands for the value
// with which counting live began, so that the last events of history are counted.
func (c *Collector) fillWant(p *sample, w *want, tx *transaction) verdict {
	h := c.recallPast(w, p.series)
	m, q := c.meet(w, h, tx), *p
	if p.t > m.t {
		if !m.closes || !h.known || h.cursor.T >= m.t {
			return verdictOutOfOrder
		}
		q = sample{series: p.series, st: m.st, t: m.t, v: m.v}
	}
	scraped := p.series.target.before(q.t)
	grown := progressOf(&q, h.cursor, h.known, scraped.t, tx)
	if !grown.why.counts() {
		return grown.why
	}
	if grown.why == verdictAppeared && !scraped.matcher.sought(w) {
		grown = progress{why: verdictBaseline, from: q.t, value: q.v}
	}
	good, total, ok := w.amount(q.v, grown.events)
	if !ok {
		c.attend(p, tx) // as live: the source is there
		return verdictInvalid
	}
	c.bookMeeting(w, h, m, -1)
	c.book(w, ledger.Increment{From: grown.from, To: q.t, Good: good, Total: total})
	h.known = true
	h.cursor.T, h.cursor.Value = q.t, grown.value
	if q.st > 0 || grown.why == verdictReset {
		h.cursor.Start = q.st
	}
	c.bookMeeting(w, h, m, 1)
	h.kept.T, h.kept.Start, h.kept.Value = tx.now, q.t, grown.value
	c.batch.Cursors = append(c.batch.Cursors, &h.kept)
	c.noteFilled(w.objective.live, q.t, tx)
	return grown.why
}

// meet returns where the history of a series has to end for an objective.
func (c *Collector) meet(w *want, h *past, tx *transaction) meeting {
	life := &w.objective.live.life
	life.close(tx.now)
	if began, known := c.ledger.Cursor(h.beganKey); known && began.Start <= life.fillable(c.horizon) {
		appeared, _ := c.ledger.Cursor(h.appearedKey)
		return meetingOf(began, appeared)
	}
	if tx.now-life.since > forgetful.Milliseconds() {
		return meeting{t: life.fillable(0)}
	}
	return meeting{t: life.fillable(c.horizon)} // it has not been counted live until now
}

// bookMeeting books the events between the newest sample of history and the first live one, where that was done when it came, or takes them
// back with a sign of −1.
func (c *Collector) bookMeeting(w *want, h *past, m meeting, sign int64) {
	if !m.booked || h.known && h.cursor.T >= m.t {
		return
	}
	from, events := m.from, int64(math.Floor(m.v))
	if h.known {
		grown := step(ledger.Cursor{T: h.cursor.T, Value: h.cursor.Value}, true, m.st, m.t, m.v, 0, anytime)
		from, events = grown.from, grown.events
	}
	c.book(w, ledger.Increment{From: from, To: m.t, Good: sign * w.good * events, Total: sign * w.total * events})
}

// recallPast returns how far a series has been filled for an objective.
func (c *Collector) recallPast(w *want, s *series) *past {
	if w.past == nil {
		w.past = &past{beganKey: markKey(markBegan, w.objective, s), appearedKey: markKey(markAppeared, w.objective, s)}
		key := markKey(markPast, w.objective, s)
		if w.past.kept, w.past.known = c.ledger.Cursor(key); !w.past.known {
			w.past.kept.Key = key
		}
		w.past.cursor = ledger.Cursor{T: w.past.kept.Start, Value: w.past.kept.Value}
	}
	return w.past
}

// noteFilled remembers that an objective is being filled, and from when on.
func (c *Collector) noteFilled(o *objective, t int64, tx *transaction) {
	l := &o.life
	if l.filled == 0 || t < l.filled {
		l.filled = t
		c.keepLife(l, tx.now)
	}
	if tx.now-l.filling.T >= remindEvery.Milliseconds() {
		l.filling.T = tx.now
		c.batch.Cursors = append(c.batch.Cursors, l.filling)
	}
}

// lifeOf returns the time under which the ledger keeps what a sample at t leaves. History is kept as of now: the ledger forgets by time.
func (c *Collector) lifeOf(t int64, tx *transaction) int64 {
	if c.live != nil {
		return tx.now
	}
	return t
}

// keep hands a target's cursor to the ledger.
func (c *Collector) keep(cursor *ledger.Cursor, tx *transaction) {
	if c.live != nil {
		cursor = &ledger.Cursor{Key: cursor.Key, T: tx.now, Start: cursor.T, Value: cursor.Value}
	}
	c.batch.Cursors = append(c.batch.Cursors, cursor)
}

// recallTargetCursor returns what the ledger holds of a target.
func (c *Collector) recallTargetCursor(name targetName) (cursor ledger.Cursor, known bool) {
	key := name.key()
	if c.live != nil {
		key = "past " + key
	}
	if cursor, known = c.ledger.Cursor(key); !known {
		cursor.Key = key
	}
	if c.live != nil {
		cursor = ledger.Cursor{Key: key, T: cursor.Start, Value: cursor.Value}
	}
	return cursor, known
}

// recallSeries returns how far a series has been counted. History keeps that by objective.
func (c *Collector) recallSeries(key string) (cursor ledger.Cursor, known bool) {
	if c.live == nil {
		cursor, known = c.ledger.Cursor(key)
	}
	if !known {
		cursor.Key = key
	}
	return cursor, known
}
