package ledger

import (
	"fmt"
	"slices"

	"plimsoll/slo"
)

// ApplyObjective takes over what another process has saved of a key: the given hours replace those of the ledger, all others stay. It is
// how a follower goes along with the leader. What is applied counts as saved. Readers see all of it or nothing; after an error
// the ledger is as before.
func (l *Ledger) ApplyObjective(s ObjectiveState) error {
	hours := make([]denseHour, len(s.Blocks))
	for i, b := range s.Blocks {
		if err := decodeHour(b.Data, &hours[i]); err != nil {
			return fmt.Errorf("apply %s: hour %d: %w", s.Key, b.Hour, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.track(s.Key)
	if err := l.restoreVersions(t, s.Versions); err != nil {
		return fmt.Errorf("apply %s: %w", s.Key, err)
	}
	for i, b := range s.Blocks {
		t.replace(b.Hour, &hours[i])
	}
	t.revision, t.lastSample, t.late = s.Revision, s.LastSample, false
	t.drops.set(s.Drops)
	l.settle(t)
	l.notify()
	return nil
}

// decodeHour reads the stored form of an hour.
func decodeHour(data []byte, d *denseHour) error {
	b, sum, words, err := readStored(data, nil)
	if err != nil {
		return err
	}
	e := events{blocks: []block{b}, words: words, end: reading{Counts: sum}}
	e.unpack(0, d)
	return nil
}

// replace puts d in the place of an hour, which counts as saved then. An hour that has left the retention is ignored.
func (t *track) replace(hour int64, d *denseHour) {
	t.advance(hour)
	if slo.Minute(hour*hourMinutes) < t.oldest() {
		return
	}
	if open := t.openHour(hour); open != nil {
		*open = *d
		open.trim()
	} else {
		t.extend(hour)
		t.rewrite(hour, d)
		t.blocks[hour-t.first].dirty = false
	}
	t.slices.mark(hour, allMinutes)
	t.dirty = slices.DeleteFunc(t.dirty, func(other int64) bool { return other == hour })
}

// Replace takes over everything that another ledger holds of events, versions and cursors, in one step: readers see the old or the new state.
// Keys keep their [Ref] and objectives their definitions; a key that from does not hold has no events afterwards. What is taken over
// counts as saved. The other ledger must not be used any more, and what collectors hold of cursors is out of date.
func (l *Ledger) Replace(from *Ledger) {
	from.mu.Lock()
	defer from.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tracks {
		t.take(&track{})
	}
	l.dirty, l.imported, l.ended = l.dirty[:0], nil, nil
	for _, t := range from.tracks {
		l.track(t.key).take(t)
	}
	l.cursors, l.newest, l.before = from.cursors, from.newest, 0
	for _, t := range l.tracks {
		if t.objective != nil {
			l.setObjective(t, t.objective)
		}
		l.settle(t)
	}
	l.notify()
}

// take makes what another track holds that of t.
func (t *track) take(from *track) {
	t.events, t.versions, t.stored, t.drops = from.events, from.versions, from.stored, from.drops
	t.slices.markAll()
	t.shared, t.garbage, t.listed, t.dirty, t.late, t.amended = from.shared, from.garbage, false, nil, false, false
}
