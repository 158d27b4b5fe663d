package ledger

import (
	"errors"
	"strings"
	"time"

	"plimsoll/slo"
)

// ErrFenced is returned when a checkpoint is refused because another process has taken over the store.
var ErrFenced = errors.New("another process has taken over the ledger's store")

// Checkpoint is what changed between two instants, all of it as it was at the later one. A store applies it whole or not at all,
// in the order of its fields.
type Checkpoint struct {
	At         time.Time
	Objectives []ObjectiveState
	// Before is the hour before which no block is needed any more; 0 if that is as before.
	Before int64
	// Ended are children of which nothing is left: their last events have left the retention. One that is in Objectives, too, has come back.
	Ended     []slo.Key
	Forgotten []CursorID
	Cursors   []CursorState
	Imports   []Import
}

// ObjectiveState is what a checkpoint holds of one objective: its blocks that changed, or all when it is restored.
type ObjectiveState struct {
	Key        slo.Key
	Revision   uint64
	LastSample int64   // Unix milliseconds; 0 if there was none
	Blocks     []Block // in a restored state by hour, ascending
	// Versions are all definitions of the objective; nil if they are as before.
	Versions []VersionState
	Drops    []HourDrops
}

// Block is one hour in its stored form.
type Block struct {
	Hour int64 // since the Unix epoch
	Data []byte
}

// CursorState is a cursor under its number.
type CursorState struct {
	ID CursorID
	Cursor
}

// checkpoint returns what changed since the last one and counts it as saved. The memory of hours is used for it.
func (l *Ledger) checkpoint(hours *capture) *Checkpoint {
	c := l.capture(hours)
	hours.write()
	return c
}

// capture is the part of a checkpoint for which appends wait: all but the bytes of the blocks.
func (l *Ledger) capture(hours *capture) *Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &Checkpoint{At: l.now()}
	if l.forget() {
		c.Before = l.before
		l.end()
		l.cursors.expire()
	}
	c.Ended, l.ended = l.ended, nil
	c.Objectives = make([]ObjectiveState, 0, len(l.dirty))
	for _, t := range l.dirty {
		c.Objectives = append(c.Objectives, hours.take(t))
	}
	l.dirty = l.dirty[:0]
	c.Forgotten, c.Cursors = l.cursors.take()
	c.Imports, l.imported = l.imported, nil
	return c
}

// putBack makes everything in c count as not saved again.
func (l *Ledger) putBack(c *Checkpoint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range c.Objectives {
		t := l.tracks[l.refs[o.Key]]
		for _, b := range o.Blocks {
			t.touchHour(b.Hour)
		}
		t.amended = t.amended || o.Versions != nil
		t.drops.putBack(o.Drops)
		l.list(t)
	}
	if c.Before != 0 {
		l.before = 0
	}
	l.ended = append(c.Ended, l.ended...)
	l.cursors.putBack(c.Forgotten, c.Cursors)
	l.imported = append(c.Imports, l.imported...)
}

// touchHour marks an hour as dirty if it is still kept.
func (t *track) touchHour(hour int64) {
	if d := t.openHour(hour); d != nil {
		t.touch(hour, &d.dirty)
	} else if n := hour - t.first; n >= 0 && n < int64(len(t.blocks)) {
		t.touch(hour, &t.blocks[n].dirty)
	}
}

// Expire drops what has left the retention, and the children that end with it, as each checkpoint does on the process that counts. One that
// only follows does so when it has applied what another saved.
func (l *Ledger) Expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.forget() {
		l.end()
		l.ended = nil // who counts deletes them
	}
}

// forget drops what has left the retention and reports whether that is more than the last time.
func (l *Ledger) forget() bool {
	before := l.newest - l.retention - openHours
	if before <= l.before {
		return false
	}
	l.expire(before)
	l.before = before
	return true
}

// end empties the tracks of children that have ended: with values of labels that come and go there is no end to them. They keep their [Ref].
func (l *Ledger) end() {
	for _, t := range l.tracks {
		if t.objective != nil || t.started || t.listed || t.lastSample == 0 || !strings.Contains(string(t.key), "{") {
			continue
		}
		*t = track{key: t.key, retention: t.retention}
		l.ended = append(l.ended, t.key)
	}
}

// expire forgets the hours before an hour, and the children that end with them.
func (l *Ledger) expire(before int64) {
	ended := false
	for _, t := range l.tracks {
		had := t.started
		t.expireBefore(before)
		t.drops.expire(before)
		if had && !t.started && t.objective != nil && t.objective.Parent != "" {
			l.orphan(t)
			ended = true
		}
	}
	if ended {
		l.sort()
		l.notify()
	}
}

// expireBefore forgets the hours before an hour. Those of an active objective have left by themselves; this is for one
// from which nothing is heard.
func (t *track) expireBefore(hour int64) {
	switch {
	case !t.started || hour <= t.first:
	case hour > t.head():
		t.events = events{revision: t.revision, lastSample: t.lastSample}
		t.slices.markAll()
		t.dirty, t.garbage, t.shared = nil, 0, false
	default:
		t.drop(min(int(hour-t.first), len(t.blocks)))
	}
}
