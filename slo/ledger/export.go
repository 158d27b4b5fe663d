package ledger

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"time"

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

// ArchiveID is the SHA-256 of an archive's bytes.
type ArchiveID [sha256.Size]byte

// Imported says what an import brought.
type Imported struct {
	Archive                         ArchiveID
	Objectives, Blocks, Corrections int
}

// Import is an archive that was taken in, as a checkpoint makes it durable. A store that holds the same archive already takes nothing of it:
// it was saved by a checkpoint of which the answer was lost.
type Import struct {
	Imported
	Corrections []slo.Correction // the store numbers them anew
}

// Import takes in an archive, whole or not at all, and is durable with the next checkpoint, which writes all of it at once. It refuses,
// with [ErrNotEmpty], what the ledger holds already: events of the same key, or the same correction; then it says which archive that was, for it
// may be here. Corrections are numbered anew when they are stored, and hold when [Ledger.SetCorrections] brings them.
func (l *Ledger) Import(r io.Reader) (Imported, error) {
	latest := l.now().Add(maxAhead)
	hash := sha256.New()
	r = io.TeeReader(r, hash)
	var n Imported
	var states []ObjectiveState // without their blocks, which are in tracks
	var tracks []*track
	var corrections []slo.Correction
	err := readArchive(r, func(o ObjectiveState) error {
		t := &track{key: o.Key, retention: l.retention}
		if err := checkState(o, latest); err != nil {
			return fmt.Errorf("%q: %w", o.Key, err)
		}
		if err := t.restore(o); err != nil {
			return fmt.Errorf("%s: %w", o.Key, err)
		}
		n.Objectives++
		n.Blocks += len(o.Blocks)
		o.Blocks = nil
		states, tracks = append(states, o), append(tracks, t)
		return nil
	}, func(c slo.Correction) error {
		if err := checkImported(c); err != nil {
			return fmt.Errorf("correction %d: %w", c.ID, err)
		}
		corrections = append(corrections, c)
		return nil
	})
	if err != nil {
		return Imported{}, fmt.Errorf("import a ledger: %w", err)
	}
	n.Archive, n.Corrections = ArchiveID(hash.Sum(nil)), len(corrections)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.place(states, tracks, corrections); err != nil {
		return n, fmt.Errorf("import a ledger: %w", err)
	}
	l.imported = append(l.imported, Import{n, corrections})
	return n, nil
}

// checkState makes sure that a store will take what is imported, for nobody could be told then, and that nothing of it is from the future, which
// would push all other events out of the retention.
func checkState(o ObjectiveState, latest time.Time) error {
	lastHour := hourOf(slo.MinuteOf(latest))
	if o.LastSample > latest.UnixMilli() {
		return fmt.Errorf("%w: its last sample is from the future, %s", ErrArchive, time.UnixMilli(o.LastSample).UTC().Format(time.RFC3339))
	}
	if o.Key == "" || len(o.Key) > maxKey || !storable(string(o.Key)) {
		return fmt.Errorf("%w: that is no key", ErrArchive)
	}
	for _, b := range o.Blocks {
		if b.Hour > lastHour {
			return fmt.Errorf("%w: hour %d is in the future", ErrArchive, b.Hour)
		}
	}
	for _, d := range o.Drops {
		if d.Hour > lastHour {
			return fmt.Errorf("%w: hour %d is in the future", ErrArchive, d.Hour)
		}
	}
	for _, v := range o.Versions {
		if !storable(v.Definition) || v.From.Before(time.Unix(0, 0)) || v.From.Year() > 9999 {
			return fmt.Errorf("%w: version %d from %d", ErrArchive, v.Number, v.From.Unix())
		}
	}
	_, err := parseVersions(o.Versions)
	return err
}

func checkImported(c slo.Correction) error {
	if err := checkCorrection(c); err != nil {
		return fmt.Errorf("%w: %w", ErrArchive, err)
	}
	for name, text := range map[string]string{"objective": string(c.Objective), "service": c.Service, "by": c.By, "undoneBy": c.UndoneBy} {
		if !storable(text) {
			return fmt.Errorf("%w: %s %q is no text", ErrArchive, name, text)
		}
	}
	if c.By == "" || c.At.IsZero() || c.Undone.IsZero() != (c.UndoneBy == "") {
		return fmt.Errorf("%w: who made it or took it back, and when, is not whole", ErrArchive)
	}
	return nil
}

// place makes what was imported the ledger's, after making sure that all of it can be.
func (l *Ledger) place(states []ObjectiveState, tracks []*track, corrections []slo.Correction) error {
	for _, s := range states {
		if ref, ok := l.refs[s.Key]; ok && (l.tracks[ref].started || l.tracks[ref].lastSample != 0) {
			return fmt.Errorf("%s: %w", s.Key, ErrNotEmpty)
		}
	}
	there := slices.Clone(l.corrections)
	for _, i := range l.imported {
		there = append(there, i.Corrections...)
	}
	for _, c := range corrections {
		for _, have := range there {
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
			_ = l.restoreVersions(t, states[i].Versions) // they were checked when they were read
			t.amended = true
		}
		l.list(t)
		l.settle(t)
	}
	l.sort()
	l.notify()
	return nil
}
