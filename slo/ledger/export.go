package ledger

import (
	"fmt"
	"io"

	"plimsoll/slo"
)

// Export writes everything that the ledger holds as an archive: the events of all keys, also of those that are no objectives now, their
// versions, and the corrections, all as of one instant. Cursors are not in it: they belong to the place where the samples come from.
// Commits wait only while it looks, not while it writes.
func (l *Ledger) Export(w io.Writer) error {
	l.mu.Lock()
	at := l.now()
	var tracks []*track
	for _, t := range l.tracks {
		if t.started || t.lastSample != 0 || len(t.versions) > 0 {
			tracks = append(tracks, &track{events: *t.copy(), key: t.key, versions: t.versions, drops: t.drops.clone()})
		}
	}
	corrections := l.corrections
	l.mu.Unlock()

	sortByKey(tracks)
	a := newArchiveWriter(w, at)
	for _, t := range tracks {
		a.objective(t.state())
	}
	for _, c := range corrections {
		a.correction(c)
	}
	if err := a.close(); err != nil {
		return fmt.Errorf("export the ledger: %w", err)
	}
	return nil
}

// state returns everything that t holds, in its stored form.
func (t *track) state() ObjectiveState {
	s := ObjectiveState{Key: t.key, Revision: t.revision, LastSample: t.lastSample, Versions: t.versionStates(), Drops: t.drops.hours}
	if !t.started {
		return s
	}
	var scratch denseHour
	for hour := t.first; hour <= t.head(); hour++ {
		d := t.dense(hour, &scratch)
		if d == nil || d.observed == 0 && d.all() == (slo.Counts{}) && d.flat() {
			continue
		}
		b, words := pack(nil, d)
		s.Blocks = append(s.Blocks, Block{Hour: hour, Data: appendStored(nil, &b, d.all(), words)})
	}
	return s
}

// flat reports whether no minute of the hour has events.
func (d *denseHour) flat() bool {
	for i := range d.filled {
		if d.sums[i] != (slo.Counts{}) {
			return false
		}
	}
	return true
}

// Imported says what an import brought.
type Imported struct {
	Objectives, Blocks, Corrections int
}

// Import takes in an archive, whole or not at all, and is durable with the next checkpoint, which writes all of it at once. It refuses,
// with [ErrNotEmpty], what the ledger holds already: events of the same key, or the same correction. Corrections are numbered anew when
// they are stored, and hold when [Ledger.SetCorrections] brings them.
func (l *Ledger) Import(r io.Reader) (Imported, error) {
	var n Imported
	var states []ObjectiveState // without their blocks, which are in tracks
	var tracks []*track
	var corrections []slo.Correction
	err := readArchive(r, func(o ObjectiveState) error {
		t := &track{key: o.Key, retention: l.retention}
		if err := t.restore(o); err != nil {
			return fmt.Errorf("%s: %w", o.Key, err)
		}
		n.Objectives++
		n.Blocks += len(o.Blocks)
		o.Blocks = nil
		states, tracks = append(states, o), append(tracks, t)
		return nil
	}, func(c slo.Correction) error {
		corrections = append(corrections, c)
		return nil
	})
	if err != nil {
		return Imported{}, fmt.Errorf("import a ledger: %w", err)
	}
	n.Corrections = len(corrections)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.place(states, tracks, corrections); err != nil {
		return Imported{}, fmt.Errorf("import a ledger: %w", err)
	}
	return n, nil
}

// place makes what was imported the ledger's, after making sure that all of it can be.
func (l *Ledger) place(states []ObjectiveState, tracks []*track, corrections []slo.Correction) error {
	for i, s := range states {
		if ref, ok := l.refs[s.Key]; ok && (l.tracks[ref].started || l.tracks[ref].lastSample != 0) {
			return fmt.Errorf("%s: %w", s.Key, ErrNotEmpty)
		}
		if _, err := parseVersions(states[i].Versions); err != nil {
			return fmt.Errorf("%s: %w", s.Key, err)
		}
	}
	for _, c := range corrections {
		for _, have := range l.corrections {
			if c.At.Equal(have.At) && c.From.Equal(have.From) && c.To.Equal(have.To) && c.Objective == have.Objective && c.Service == have.Service {
				return fmt.Errorf("the correction of %s by %s: %w", c.At.Format("2006-01-02 15:04:05"), c.By, ErrNotEmpty)
			}
		}
	}
	for i, from := range tracks {
		t := l.track(states[i].Key)
		t.events = from.events
		t.slices.markAll()
		for hour := t.first; t.started && hour <= t.head(); hour++ {
			t.touchHour(hour)
		}
		for _, d := range states[i].Drops {
			t.drops.add(d.Hour, d.Samples)
		}
		if states[i].Versions != nil {
			_ = l.restoreVersions(t, states[i].Versions) // they were parsed above
			t.amended = true
		}
		l.list(t)
		l.settle(t)
	}
	l.imported = append(l.imported, corrections...)
	l.sort()
	l.notify()
	return nil
}
