package metrics

import (
	"sync"
	"time"

	"plimsoll/slo"
)

// settled is the age after which a minute is taken to be complete: late data and the gap of a restart are booked before.
const settled slo.Minute = 24 * 60

// counters turn the ledger's readings, which forget old minutes, into counters, which never fall.
//
//	count = settled events + events since the settled minute
//
// The settled minute moves on once a day. It starts a day before the first look, with what the ledger held then as
// minus one times the base, so that a counter starts at zero and the events of a gap that is filled after a restart
// are counted.
type counters struct {
	mu sync.Mutex
	of map[slo.Key]*counter
}

type counter struct {
	from  slo.Minute // events after this minute are read from the ledger
	base  slo.Counts // events before, less what was there at the start
	last  slo.Counts // what was exported; a correction downwards never makes a counter fall
	since time.Time
}

// at returns the good and bad events of key since its counter began.
func (c *counters) at(key slo.Key, r slo.Reader, at time.Time) (good, bad int64, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := slo.MinuteOf(at)
	k := c.of[key]
	if k == nil {
		k = &counter{from: now - settled, since: at}
		k.base = k.base.Sub(r.Read(k.from, now).Counts)
		c.of[key] = k
	}
	if now-k.from >= 2*settled {
		k.base = k.base.Add(r.Read(k.from, now-settled).Counts)
		k.from = now - settled
	}
	count := k.base.Add(r.Read(k.from, now).Counts)
	good, bad = max(count.Good, k.last.Good), max(count.Bad(), k.last.Bad())
	k.last = slo.Counts{Good: good, Total: good + bad}
	return good, bad, k.since
}
