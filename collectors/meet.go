package collectors

import (
	"time"

	"plimsoll/slo"
)

// Horizon is how late a sample may come, and how far apart history and live counting may be to go on from one another.
func (c *Collector) Horizon() time.Duration { return c.horizon }

// Filled reports whether history has been counted for an objective, and until when nothing that lies before it can be: it is still known how
// far each of its series was filled. False if none was counted, or so long ago that what lies before can be.
func (c *Collector) Filled(key slo.Key) (until time.Time, ok bool) {
	life := c.recallLife(&objective{key: key})
	until = time.UnixMilli(life.filling.T).Add(forgetful).UTC()
	return until, life.filled != 0 && !c.now().After(until)
}

// Meet ends the history of every series of this way that was filled up to shortly before its first live sample: the events between the two are
// booked, without waiting for the next sample of history, which may be a long time coming where samples are rare. It is for when
// all that there is has been filled. Where counting live has not begun yet, the first live sample does the same.
func (r *Road) Meet() {
	c := r.collector
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live.mu.Lock() // where counting began must stay as it is
	defer c.live.mu.Unlock()
	tx := &transaction{Road: *r, began: c.table.Load()}
	b := c.open(tx, c.now())
	for _, s := range tx.began.slots {
		if s.source != r.source || s.native != nil {
			continue
		}
		for i := range s.wants {
			c.meetWant(s, &s.wants[i], tx)
		}
	}
	if len(b.Cursors) > 0 {
		c.ledger.Commit(b)
	}
}

// meetWant does so for one objective. Whatever is past the meeting point stands for the first live sample.
func (c *Collector) meetWant(s *series, w *want, tx *transaction) {
	h := c.recallPast(w, s)
	m := c.meet(w, h, tx)
	if !h.known || !m.closes || h.cursor.T >= m.t || m.t-h.cursor.T > c.horizon.Milliseconds() {
		return
	}
	c.fillWant(&sample{series: s, t: m.t + 1}, w, tx)
}
