// Package slotest is a plain ledger in memory for tests of what shows or serves budgets: a sorted list of minutes per
// objective, read by looking at every one of them. It is slow, obviously right, and has no clock, no retention and no store.
package slotest

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"plimsoll/slo"
)

// Ledger holds the events of some objectives. It may be used from several goroutines.
type Ledger struct {
	mu          sync.RWMutex
	objectives  []*slo.Objective
	minutes     map[slo.Key][]slo.MinuteCounts // sorted
	corrections []slo.Correction
}

// New makes a ledger without events.
func New(objectives ...*slo.Objective) *Ledger {
	objectives = slices.SortedFunc(slices.Values(objectives), func(a, b *slo.Objective) int { return cmp.Compare(a.Key, b.Key) })
	return &Ledger{objectives: objectives, minutes: map[slo.Key][]slo.MinuteCounts{}}
}

// Objective makes an objective of service and name whose target holds over window.
func Objective(service, name, displayName string, target slo.Ratio, window time.Duration) *slo.Objective {
	return &slo.Objective{
		Key: slo.Key(service + "/" + name), Service: service, Name: name, DisplayName: displayName,
		Target: target, Window: slo.Window{Length: window}, Method: slo.Occurrences,
		Indicator: slo.Indicator{Good: `sum(http_requests_total{code=~"2.."})`, Total: "sum(http_requests_total)"},
	}
}

// Add books events in the minute of at and marks it observed.
func (l *Ledger) Add(key slo.Key, at time.Time, good, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := slo.MinuteOf(at)
	list := l.minutes[key]
	i, found := slices.BinarySearchFunc(list, m, func(c slo.MinuteCounts, m slo.Minute) int { return cmp.Compare(c.Minute, m) })
	if !found {
		list = slices.Insert(list, i, slo.MinuteCounts{Minute: m})
	}
	list[i].Observed = true
	list[i].Counts = list[i].Counts.Add(slo.Counts{Good: good, Total: total})
	l.minutes[key] = list
}

// Objectives returns all objectives, sorted by key.
func (l *Ledger) Objectives() []*slo.Objective { return l.objectives }

// Correct makes corrections, beside those that were made before.
func (l *Ledger) Correct(cs ...slo.Correction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.corrections = append(l.corrections, cs...)
}

// Corrections returns all that were made.
func (l *Ledger) Corrections() []slo.Correction {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Clone(l.corrections)
}

// Children returns the children of an objective, sorted by key.
func (l *Ledger) Children(parent slo.Key) []*slo.Objective {
	var children []*slo.Objective
	for _, o := range l.objectives {
		if o.Parent == parent && parent != "" {
			children = append(children, o)
		}
	}
	return children
}

// Reader returns what key is judged by; see [slo.View] and [slo.Combined].
func (l *Ledger) Reader(key slo.Key) (slo.Reader, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	o := l.objective(key)
	if o == nil {
		return nil, false
	}
	if o.Method != slo.Composite {
		return l.view(o), true
	}
	views := map[slo.Key]slo.Reader{}
	for _, c := range o.Components {
		if part := l.objective(c.Key); part != nil {
			views[c.Key] = l.view(part)
		}
	}
	return slo.Combined(slo.Status{Objective: o}, views), true
}

// ReaderAt returns the same, for its definitions never change.
func (l *Ledger) ReaderAt(key slo.Key, _ time.Time) (slo.Reader, bool) { return l.Reader(key) }

func (l *Ledger) view(o *slo.Objective) slo.Reader {
	return slo.View(o, reader(slices.Clone(l.minutes[o.Key])), l.corrections)
}

// Status evaluates key at an instant.
func (l *Ledger) Status(key slo.Key, at time.Time) (slo.Status, bool) {
	r, ok := l.Reader(key)
	if !ok {
		return slo.Status{}, false
	}
	o := l.objective(key)
	if o.Method != slo.Composite {
		return slo.Evaluate(o, r, at), true
	}
	var parts []slo.Status
	for _, c := range o.Components {
		if component, ok := l.Reader(c.Key); ok {
			parts = append(parts, slo.Evaluate(l.objective(c.Key), component, at, o.Lookbacks()...))
		}
	}
	return slo.EvaluateComposite(o, parts, at), true
}

// Statuses evaluates all objectives, sorted by key.
func (l *Ledger) Statuses(at time.Time) []slo.Status {
	var all []slo.Status
	for _, o := range l.objectives {
		s, _ := l.Status(o.Key, at)
		all = append(all, s)
	}
	return all
}

// Forecast predicts key from an instant on, with gaps as a use is to see them.
func (l *Ledger) Forecast(key slo.Key, at time.Time, use slo.Use) (slo.Forecast, bool) {
	s, ok := l.Status(key, at)
	if !ok {
		return slo.Forecast{}, false
	}
	r, _ := l.Reader(key)
	return slo.Predict(slo.Gaps(s, r, use), r), true
}

func (l *Ledger) objective(key slo.Key) *slo.Objective {
	for _, o := range l.objectives {
		if o.Key == key {
			return o
		}
	}
	return nil
}

type reader []slo.MinuteCounts

func (r reader) Read(from, to slo.Minute) slo.Reading {
	out := slo.Reading{Minutes: int64(to - from)}
	r.Each(from, to, func(c slo.MinuteCounts) bool {
		out.Counts = out.Counts.Add(c.Counts)
		if c.Observed {
			out.Observed++
		}
		return true
	})
	return out
}

func (r reader) Each(from, to slo.Minute, f func(slo.MinuteCounts) bool) {
	i, _ := slices.BinarySearchFunc(r, from+1, func(c slo.MinuteCounts, m slo.Minute) int { return cmp.Compare(c.Minute, m) })
	for _, c := range r[i:] {
		if c.Minute > to || !f(c) {
			return
		}
	}
}

func (r reader) Revision() uint64 { return 0 }

func (r reader) LastSample() time.Time {
	if len(r) == 0 {
		return time.Time{}
	}
	return r[len(r)-1].Minute.Time()
}
