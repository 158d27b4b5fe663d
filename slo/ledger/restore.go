package ledger

import (
	"errors"
	"fmt"
)

// ErrNotEmpty is returned when something is restored that the ledger already holds.
var ErrNotEmpty = errors.New("only what the ledger does not hold yet can be restored")

// RestoreObjective puts the stored events of a key into the ledger, before anything is committed to it.
// After an error the ledger is without them.
func (l *Ledger) RestoreObjective(s ObjectiveState) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.track(s.Key)
	if t.started || t.lastSample != 0 {
		return fmt.Errorf("restore %s: %w", s.Key, ErrNotEmpty)
	}
	restored := track{retention: t.retention}
	if err := restored.restore(s); err != nil {
		return fmt.Errorf("restore %s: %w", s.Key, err)
	}
	if err := l.restoreVersions(t, s.Versions); err != nil {
		return fmt.Errorf("restore %s: %w", s.Key, err)
	}
	t.events = restored.events
	t.slices.markAll()
	t.drops.set(s.Drops)
	l.settle(t)
	l.notify()
	return nil
}

// settle follows a change of t from outside.
func (l *Ledger) settle(t *track) {
	if t.started {
		l.newest = max(l.newest, t.head())
		if l.adopt(t) {
			l.sort()
		}
	}
}

func (t *track) restore(s ObjectiveState) error {
	t.revision, t.lastSample = s.Revision, s.LastSample
	if len(s.Blocks) == 0 {
		return nil
	}
	bytes := 0
	for _, b := range s.Blocks {
		bytes += len(b.Data)
	}
	t.words = make([]uint64, 0, bytes/8)
	t.started = true
	t.first = max(s.Blocks[0].Hour, s.Blocks[len(s.Blocks)-1].Hour-t.retention-openHours+1)
	next := t.first
	for _, stored := range s.Blocks {
		if stored.Hour < t.first {
			continue // has left the retention
		}
		if stored.Hour < next {
			return fmt.Errorf("hour %d: %w: it is not later than the one before it", stored.Hour, ErrCorrupt)
		}
		for ; next < stored.Hour; next++ {
			t.appendBlock(block{offset: uint32(len(t.words))})
		}
		b, sum, words, err := readStored(stored.Data, t.words)
		if err != nil {
			return fmt.Errorf("hour %d: %w", stored.Hour, err)
		}
		t.words = words
		t.appendBlock(b)
		t.end.Counts = t.end.Counts.Add(sum)
		t.end.observed += seen(b.observed, hourMinutes)
		next++
	}
	t.reopen()
	return nil
}

// appendBlock adds a block after all the others.
func (t *track) appendBlock(b block) {
	b.before, b.seen = t.end.Counts, uint32(t.end.observed)
	t.blocks = append(t.blocks, b)
}

// reopen makes the newest hours open ones again.
func (t *track) reopen() {
	for k := openHours - 1; k >= 0; k-- {
		n := len(t.blocks) - 1
		if n < 0 { // fewer hours than stay open: the ones before are empty
			t.first--
			continue
		}
		t.unpack(n, &t.open[k])
		t.open[k].trim()
		t.end = t.start(n)
		t.words = t.words[:t.blocks[n].offset]
		t.blocks = t.blocks[:n]
	}
}

// RestoreCursor puts a stored cursor into the ledger. Cursors come in the order of their numbers.
func (l *Ledger) RestoreCursor(c CursorState) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.cursors.restore(c); err != nil {
		return fmt.Errorf("restore cursor %d: %w", c.ID, err)
	}
	return nil
}
