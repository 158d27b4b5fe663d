package ledger

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"plimsoll/slo"
)

// DefaultRetention is how long events are kept: a 30-day window and time to read a report about it.
const DefaultRetention = 35 * 24 * time.Hour

// Config of a [Ledger]; the zero value is ready to use.
type Config struct {
	// Retention is how far back from its newest event an objective's events are kept, in whole hours; [DefaultRetention] when 0, and no more
	// than some two years, of which every sum fits an int64; see [MaxMinute].
	Retention time.Duration
	// Now tells the time, to refuse events from the future; [time.Now] when nil.
	Now func() time.Time
}

// Ref is the index of a key in the ledger. It stays the same for as long as the process lives,
// also when the objective is removed and comes back.
type Ref int32

// Ledger keeps the events of all objectives. It is safe for concurrent use.
type Ledger struct {
	retention int64 // hours
	now       func() time.Time

	mu          sync.Mutex
	tracks      []*track // by Ref
	refs        map[slo.Key]Ref
	order       []*track // those with an objective, by key; replaced, never changed
	dirty       []*track
	cursors     cursors
	corrections []slo.Correction
	imported    []Import  // that are yet to be stored
	ended       []slo.Key // children that are yet to be deleted from the store
	commits     uint64
	version     uint64
	changed     chan struct{} // closed at the next change; nil while nobody waits
	refusals    Refusals
	newest      int64 // the newest hour of all tracks
	before      int64 // the hour before which blocks were dropped last; 0 if the store has to be told again
}

// New returns an empty ledger.
func New(cfg Config) *Ledger {
	l := &Ledger{
		retention: min(int64(cmp.Or(cfg.Retention, DefaultRetention)/time.Hour), math.MaxInt64/MaxMinute/hourMinutes-openHours),
		now:       cfg.Now,
		refs:      map[slo.Key]Ref{},
		cursors:   newCursors(),
	}
	if l.now == nil {
		l.now = time.Now
	}
	return l
}

// SetObjectives replaces all objectives at once. A key that the ledger already knows keeps its events and its [Ref]; one that
// is left out disappears from every answer, and has its events again when it comes back within the retention. Children go with their
// parent. A definition that changes numbers becomes a new version; see [Ledger.Versions].
func (l *Ledger) SetObjectives(objs []*slo.Objective) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var children []*track
	for _, t := range l.tracks {
		if t.objective != nil && t.objective.Parent != "" || t.started {
			children = append(children, t) // if its key says so
		}
		t.objective, t.children = nil, 0
	}
	for _, o := range objs {
		l.setObjective(l.track(o.Key), o)
	}
	slices.SortFunc(children, func(a, b *track) int {
		return cmp.Or(-cmp.Compare(a.lastSample, b.lastSample), cmp.Compare(a.key, b.key))
	})
	for _, t := range children {
		l.adopt(t)
	}
	l.sort()
	l.notify()
}

// setObjective makes o the objective of t.
func (l *Ledger) setObjective(t *track, o *slo.Objective) {
	t.objective = o
	t.compose(t.correct(l.corrections))
	if t.renew(l.now()); t.amended {
		l.list(t)
	}
}

// sort brings the objectives in order after some have come or gone.
func (l *Ledger) sort() {
	var order []*track
	for _, t := range l.tracks {
		if t.objective != nil {
			order = append(order, t)
		}
	}
	sortByKey(order)
	l.order = order
}

func sortByKey(tracks []*track) {
	slices.SortFunc(tracks, func(a, b *track) int { return cmp.Compare(a.key, b.key) })
}

// track returns the track of a key and makes it if need be.
func (l *Ledger) track(key slo.Key) *track {
	if ref, ok := l.refs[key]; ok {
		return l.tracks[ref]
	}
	t := &track{key: key, retention: l.retention}
	l.refs[key] = Ref(len(l.tracks))
	l.tracks = append(l.tracks, t)
	return t
}

// find returns the track of an objective, or nil.
func (l *Ledger) find(key slo.Key) *track {
	if ref, ok := l.refs[key]; ok && l.tracks[ref].objective != nil {
		return l.tracks[ref]
	}
	return nil
}

// Objectives returns all objectives, sorted by key.
func (l *Ledger) Objectives() []*slo.Objective {
	l.mu.Lock()
	defer l.mu.Unlock()
	objs := make([]*slo.Objective, len(l.order))
	for i, t := range l.order {
		objs[i] = t.objective
	}
	return objs
}

// Ref returns the index of an objective, under which increments are committed.
func (l *Ledger) Ref(key slo.Key) (Ref, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.find(key) == nil {
		return 0, false
	}
	return l.refs[key], true
}

// Reader returns what an objective is judged by, as it is now: its events after corrections, or its slices. Later commits do not change
// what it reads. That of a composite holds no events and is a [slo.Compound].
// It may be used by several goroutines.
func (l *Ledger) Reader(key slo.Key) (slo.Reader, bool) { return l.ReaderAt(key, l.now()) }

// ReaderAt returns the same under the definition that was in force at an instant.
func (l *Ledger) ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.find(key)
	if t == nil {
		return nil, false
	}
	return l.view(t, at), true
}

// Status evaluates an objective at an instant, under the definition that was in force then.
func (l *Ledger) Status(key slo.Key, at time.Time) (slo.Status, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.find(key)
	if t == nil {
		return slo.Status{}, false
	}
	return l.evaluate(t, at, nil), true
}

// Statuses evaluates all objectives at an instant as [Ledger.Status] does, sorted by key.
func (l *Ledger) Statuses(at time.Time) []slo.Status {
	l.mu.Lock()
	order := l.order
	l.mu.Unlock()
	statuses := make([]slo.Status, 0, len(order))
	for _, t := range order {
		l.mu.Lock() // each on its own, so that commits need not wait for all
		if t.objective != nil {
			statuses = append(statuses, l.evaluate(t, at, nil))
		}
		l.mu.Unlock()
	}
	return statuses
}

// Forecast predicts when the budget of an objective will be spent or come back, as seen at an instant and with gaps as a use is to see them.
func (l *Ledger) Forecast(key slo.Key, at time.Time, use slo.Use) (slo.Forecast, bool) {
	l.mu.Lock()
	t := l.find(key)
	if t == nil {
		l.mu.Unlock()
		return slo.Forecast{}, false
	}
	s, view := l.evaluate(t, at, nil), l.view(t, at)
	l.mu.Unlock()
	return slo.Predict(slo.Gaps(s, view, use), view), true
}

// Version grows with every change of the objectives or their events.
func (l *Ledger) Version() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version
}

// Changed returns a channel that is closed at the next change. A caller that wants to miss nothing asks for the channel first
// and reads after that.
func (l *Ledger) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

func (l *Ledger) notify() {
	l.version++
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
