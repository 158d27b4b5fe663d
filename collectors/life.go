package collectors

import (
	"crypto/sha256"
	"math"
	"time"

	"plimsoll/slo/ledger"
)

// life is when an objective was counted live, and filled before that. It belongs to the key: another query does not change it.
type life struct {
	since   int64          // its first sample that was counted live; 0 before that
	filled  int64          // the earliest sample of history that was counted for it; 0 if there was none
	mark    *ledger.Cursor // that remembers it: T is when it was written last, Start is since, Value is filled
	filling *ledger.Cursor // is kept for as long as it is known how far each series was filled; T is 0 if it is not
	asked   *ledger.Cursor // Value is a hash of the query that is counted, Start since when it is in the place of another; 0 if it is the first
}

// fillable returns the latest time for which history is counted, if it is counted for a time after the objective went live: a series that was
// there then has been seen by the end of that time, and all others are new.
func (l *life) fillable(after time.Duration) int64 {
	if l.since == 0 {
		return 1<<63 - 1
	}
	return l.since + after.Milliseconds()
}

// forgetful is after what time it may be forgotten how far a series that has no samples any more was counted or filled. It is less than that
// for which the ledger keeps cursors.
const forgetful = 6 * 24 * time.Hour

// close ends a history that was filled too long ago to go on with: from its beginning on the objective was counted.
func (l *life) close(now int64) {
	if l.filled != 0 && now-l.filling.T > forgetful.Milliseconds() {
		l.since, l.filled = l.filled, 0
	}
}

// recallLife returns what the ledger's cursors say about an objective.
func (c *Collector) recallLife(o *objective) life {
	recall := func(key string) *ledger.Cursor {
		cursor, known := c.ledger.Cursor(key)
		if !known {
			cursor.Key = key
		}
		return &cursor
	}
	l := life{mark: recall("life " + string(o.key)), filling: recall("filling " + string(o.key)), asked: recall("query " + string(o.key))}
	l.since, l.filled = l.mark.Start, int64(l.mark.Value)
	return l
}

// keepLife writes the life of a live objective, as of t.
func (c *Collector) keepLife(l *life, t int64) {
	l.mark.T, l.mark.Start, l.mark.Value = max(t, l.mark.T), l.since, float64(l.filled)
	c.batch.Cursors = append(c.batch.Cursors, l.mark)
	if l.asked.T > 0 {
		l.asked.T = max(t, l.asked.T)
		c.batch.Cursors = append(c.batch.Cursors, l.asked)
	}
}

// noteQuery remembers what is counted for a live objective, with a sample at t.
func (c *Collector) noteQuery(o *objective, t int64) {
	asked, query := o.life.asked, float64(o.query()>>11)
	if asked.Value == query {
		return
	}
	if asked.T > 0 {
		asked.Start = t
	}
	asked.T, asked.Value = max(t, asked.T), query
	c.batch.Cursors = append(c.batch.Cursors, asked)
}

// markKey is the key of a cursor that belongs to one series and one objective. It is a hash, because there may be one for each of
// their pairs.
func markKey(kind byte, o *objective, s *series) string {
	sum := sha256.Sum256([]byte(string(o.key) + "\x00" + s.cursor.Key))
	return string(kind) + string(sum[:16])
}

// The kinds of marks.
const (
	markBegan    = 'b' // where counting live began; see meeting
	markAppeared = 'a' // of a series that was taken as new: Start is since when its events were counted, Value its start timestamp
	markPast     = 'p' // how far it has been filled: Start is the time of the newest sample and Value its value
)

// meeting is where the history of a series ends for an objective.
type meeting struct {
	t      int64
	v      float64 // of the counter then
	closes bool    // the events between the newest sample of history and this one belong to history
	booked bool    // they have been booked already, by what was known when this sample was counted live
	from   int64   // since when, if no history was known then
	st     int64   // start timestamp of the first live sample; 0 if it is unknown
}

// notClosed is the value of a mark where the first live sample was no reading of a counter, so that history ends by itself.
const notClosed = -1 << 60

// meetingOf reads the marks of where counting began. The value is negative, also if it is 0, where events have been booked.
func meetingOf(began, appeared ledger.Cursor) meeting {
	v := began.Value
	return meeting{began.Start, math.Abs(v), v != notClosed, math.Signbit(v) && v != notClosed, appeared.Start, int64(appeared.Value)}
}

// beginWant begins to count a series for an objective, with a sample that comes after what was counted of the series before, if known. It
// remembers where history has to end, and goes on where it has ended. It is not ok if history has counted the sample already.
func (c *Collector) beginWant(p *sample, w *want, tx *transaction, before ledger.Cursor, known bool, grown progress) (begun progress, ok bool) {
	o, s := w.objective, p.series
	if o.life.since == 0 {
		o.life.since = p.t
	}
	c.noteQuery(o, p.t)
	c.remindLife(&o.life, p.t)
	mark, began := c.ledger.Cursor(markKey(markBegan, o, s))
	past, filled := c.ledger.Cursor(markKey(markPast, o, s))
	cumulative := o.events == nil && !tx.delta
	switch changed := o.life.asked.Start; {
	case !cumulative || !countable(p.v) || began || filled:
	case known && changed == 0 && p.t <= o.life.fillable(c.horizon):
		grown, known = metAnew(p), false
	case grown.why == verdictStarted && p.st < changed && p.t <= changed+c.horizon.Milliseconds():
		grown = progress{why: verdictBaseline, from: p.t, value: p.v} // it was there while another query was counted
	}
	switch {
	case began:
		w.begun, w.marks = true, []*ledger.Cursor{&mark}
		if appeared, ok := c.ledger.Cursor(markKey(markAppeared, o, s)); ok {
			w.marks = append(w.marks, &appeared)
		}
		return grown, true
	case filled && past.Start >= p.t:
		return grown, false
	case p.t > o.life.fillable(c.horizon):
		w.begun = true
		return grown, true
	case cumulative && filled && past.Start >= p.t-c.horizon.Milliseconds():
		grown = step(ledger.Cursor{T: past.Start, Value: past.Value}, true, p.st, p.t, p.v, 0, anytime)
		mark.Start, mark.Value = p.t, math.Copysign(p.v, -1)
		if p.st > 0 {
			w.marks = append(w.marks, appearance(o, s, p, grown.from))
		}
	case cumulative && known:
		mark.Start, mark.Value = before.T, before.Value
	case known:
		mark.Start, mark.Value = before.T, notClosed
	case grown.why == verdictBaseline:
		mark.Start, mark.Value = p.t, p.v
	case cumulative && (grown.why == verdictAppeared || grown.why == verdictStarted):
		mark.Start, mark.Value = p.t, math.Copysign(p.v, -1)
		w.marks = append(w.marks, appearance(o, s, p, grown.from))
	default:
		mark.Start, mark.Value = grown.from, notClosed
	}
	mark.Key, mark.T = markKey(markBegan, o, s), p.t
	w.begun, w.marks = true, append(w.marks, &mark)
	c.batch.Cursors = append(c.batch.Cursors, w.marks...)
	return grown, true
}

// metAnew is what a sample adds, for an objective that has just gone live, to a series that others have counted: what it would add if nobody
// had, as far as it is known when the counter began. So all series of the objective begin alike, and none of its events lack their total.
func metAnew(p *sample) progress {
	return step(ledger.Cursor{}, false, p.series.cursor.Start, p.t, p.v, 0, anytime)
}

// appearance is the mark of a series that was taken as new with a sample, and counted since from.
func appearance(o *objective, s *series, p *sample, from int64) *ledger.Cursor {
	return &ledger.Cursor{Key: markKey(markAppeared, o, s), T: p.t, Start: from, Value: float64(p.st)}
}

// remindWants keeps the ledger from forgetting where counting a series began.
func (c *Collector) remindWants(s *series, t int64) {
	s.reminded = t
	for i := range s.wants {
		w := &s.wants[i]
		for _, mark := range w.marks {
			mark.T = t
			c.batch.Cursors = append(c.batch.Cursors, mark)
		}
		c.remindLife(&w.objective.life, t)
	}
}

// remindLife keeps the ledger from forgetting when an objective was counted.
func (c *Collector) remindLife(l *life, t int64) {
	if l.mark.Start != l.since || t-l.mark.T >= remindEvery.Milliseconds() {
		c.keepLife(l, t)
	}
}
