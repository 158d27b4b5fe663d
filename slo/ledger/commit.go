package ledger

import (
	"time"

	"plimsoll/slo"
)

// maxAhead is how far a source's clock may run ahead of ours. One sample from next year would otherwise push every
// event out of the retention.
const maxAhead = time.Hour

// MaxMinute is how many events one minute of an objective may hold, good, bad and all: 8.8 trillion. So no sum over all that can be kept leaves
// an int64. What would come on top is refused, good and total alike, and the rest of its increment is booked.
const MaxMinute = 1 << 43

// plausibleMinute reports whether a minute may hold c.
func plausibleMinute(c slo.Counts) bool {
	within := func(n int64) bool { return -MaxMinute <= n && n <= MaxMinute }
	return within(c.Good) && within(c.Total) && within(c.Bad())
}

// Increment is what one series added to one objective between two samples: Good and Total events in the interval (From, To],
// in Unix milliseconds. Where they happened in it is not known, so they are spread evenly: up to the instant x there were
// n·(x−From)/(To−From) of n, rounded towards zero. The parts always add up to n.
//
// From == To books everything in To's minute. Good and Total are signed: an indicator that counts bad events takes them from Good.
type Increment struct {
	Objective   Ref
	From, To    int64
	Good, Total int64
}

// Observation marks the minute of an instant, in Unix milliseconds, as observed: the source was seen, with traffic or without.
type Observation struct {
	Objective Ref
	At        int64
}

// Drop says that samples for an objective came too late to be counted.
type Drop struct {
	Objective Ref
	Samples   int64
}

// Batch is what belongs together, such as one scrape: its increments and how far they have been counted.
type Batch struct {
	Increments   []Increment
	Observations []Observation
	Cursors      []*Cursor // the new state of each
	Drops        []Drop
}

// Refusals counts what the ledger could not keep.
type Refusals struct {
	Future   uint64 // increments and observations more than an hour ahead of the clock
	Old      uint64 // increments and observations that lay, wholly or in part, before the retention or before 1970
	Excess   uint64 // increments of which a minute could not hold its part; see [MaxMinute]
	Children uint64 // attempts to add a child to an objective that had as many as it may, or whose labels are too long
}

// Refusals returns what has been refused since the ledger was made.
func (l *Ledger) Refusals() Refusals {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusals
}

// Commit books a batch. Readers and checkpoints see all of it or nothing. The batch may be used again afterwards.
// A Ref that did not come from this ledger is a mistake of the caller and panics.
func (l *Ledger) Commit(b *Batch) {
	now := l.now()
	latest := now.Add(maxAhead).UnixMilli()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits++
	for i := range b.Increments {
		inc := &b.Increments[i]
		if !l.plausible(inc.To, latest) {
			continue
		}
		t := l.tracks[inc.Objective]
		if lost := t.add(inc); lost != (slo.Counts{}) {
			l.refusals.Old++
		}
		if t.excess {
			t.excess = false
			l.refusals.Excess++
		}
		l.booked(t)
	}
	for _, o := range b.Observations {
		if !l.plausible(o.At, latest) {
			continue
		}
		t := l.tracks[o.Objective]
		if !t.observe(o.At) {
			l.refusals.Old++
		}
		l.booked(t)
	}
	for _, c := range b.Cursors {
		l.cursors.set(c)
	}
	for _, d := range b.Drops {
		t := l.tracks[d.Objective]
		t.drops.add(hourOf(slo.MinuteOf(now)), d.Samples)
		l.list(t)
	}
	l.notify()
}

// plausible reports whether a time can be that of a sample, and counts it as refused if not.
func (l *Ledger) plausible(at, latest int64) bool {
	switch {
	case at > latest:
		l.refusals.Future++
	case at <= 0:
		l.refusals.Old++
	default:
		return true
	}
	return false
}

// booked follows a change of t in the present commit. However many settled minutes a commit changes, it is one revision.
func (l *Ledger) booked(t *track) {
	if t.late && t.revised != l.commits {
		t.revised = l.commits
		t.revision++
	}
	t.late = false
	l.list(t)
}

// list makes sure that the next checkpoint looks at t.
func (l *Ledger) list(t *track) {
	l.newest = max(l.newest, t.head())
	if !t.listed {
		t.listed = true
		l.dirty = append(l.dirty, t)
	}
}
