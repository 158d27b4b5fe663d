package collectors

import (
	"crypto/sha256"
	"time"

	"plimsoll/slo/ledger"
)

// life is when an objective was counted live, and filled before that. It belongs to the key: another query does not change it.
type life struct {
	since   int64          // its first sample that was counted live; 0 before that
	filled  int64          // the earliest sample of history that was counted for it; 0 if there was none
	mark    *ledger.Cursor // that remembers it: T is when it was written last, Start is since, Value is filled
	filling *ledger.Cursor // is kept for as long as it is known how far each series was filled; T is 0 if it is not
}

// fillable returns the latest time for which history is counted. Past the horizon after an objective went live every series has either
// been seen or is a new one.
func (l *life) fillable(horizon time.Duration) int64 {
	if l.since == 0 {
		return 1<<63 - 1
	}
	return l.since + horizon.Milliseconds()
}

// fillingLife is after what time without history it is taken as forgotten how far each series was filled. It is less than that for which
// the ledger keeps cursors.
const fillingLife = 6 * 24 * time.Hour

// close ends a history that was filled too long ago to go on with: from its beginning on the objective was counted.
func (l *life) close(now int64) {
	if l.filled != 0 && now-l.filling.T > fillingLife.Milliseconds() {
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
	l := life{mark: recall("life " + string(o.key)), filling: recall("filling " + string(o.key))}
	l.since, l.filled = l.mark.Start, int64(l.mark.Value)
	return l
}

// keepLife writes the life of a live objective, as of t.
func (c *Collector) keepLife(l *life, t int64) {
	l.mark.T, l.mark.Start, l.mark.Value = max(t, l.mark.T), l.since, float64(l.filled)
	c.batch.Cursors = append(c.batch.Cursors, l.mark)
}

// markKey is the key of a cursor that belongs to one series and one objective. It is a hash, because there may be one for each of
// their pairs.
func markKey(kind byte, o *objective, s *series) string {
	sum := sha256.Sum256([]byte(string(o.key) + "\x00" + s.cursor.Key))
	return string(kind) + string(sum[:16])
}

// The kinds of marks.
const (
	markBegan = 'b' // where counting live began: Start is until when history is wanted, Value is the counter then, or notClosed
	markPast  = 'p' // how far it has been filled: Start is the time of the newest sample and Value its value
)

// notClosed is the value of a mark before which history ends by itself.
const notClosed = -1

// beginWant begins to count a series for an objective, with a sample that comes after what was counted of the series before, if known. It
// remembers where history has to end, and takes over where it has ended.
func (c *Collector) beginWant(p *sample, w *want, tx *transaction, before ledger.Cursor, known bool, grown progress) progress {
	w.begun = true
	o, s := w.objective, p.series
	if o.life.since == 0 {
		o.life.since = p.t
		c.keepLife(&o.life, p.t)
	}
	mark, began := c.ledger.Cursor(markKey(markBegan, o, s))
	if began {
		w.mark = &mark
		return grown
	}
	if p.t > o.life.fillable(c.horizon) {
		return grown
	}
	mark.Key, mark.T, mark.Value = markKey(markBegan, o, s), p.t, notClosed
	past, filled := c.ledger.Cursor(markKey(markPast, o, s))
	switch cumulative := o.events == nil && !tx.delta; {
	case known && cumulative:
		mark.Start, mark.Value = before.T, before.Value
	case known:
		mark.Start = before.T
	case filled && cumulative && past.Start < p.t && past.Start >= p.t-c.horizon.Milliseconds():
		grown = step(ledger.Cursor{T: past.Start, Value: past.Value}, true, p.st, p.t, p.v, 0, tx.taken)
		mark.Start = past.Start
	case grown.why == verdictBaseline:
		mark.Start, mark.Value = p.t, p.v
	default:
		mark.Start = grown.from
	}
	w.mark = &mark
	c.batch.Cursors = append(c.batch.Cursors, w.mark)
	return grown
}

// remindWants keeps the ledger from forgetting where counting a series began.
func (c *Collector) remindWants(s *series, t int64) {
	s.reminded = t
	for i := range s.wants {
		w := &s.wants[i]
		if w.mark != nil {
			w.mark.T = t
			c.batch.Cursors = append(c.batch.Cursors, w.mark)
		}
		if l := &w.objective.life; t-l.mark.T >= remindEvery.Milliseconds() {
			c.keepLife(l, t)
		}
	}
}
