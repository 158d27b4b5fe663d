package slo

import (
	"slices"
	"time"
)

// Status is everything that is known of one objective at one instant. Every surface (API, pages, metrics, gate, report)
// reads its numbers from here, so that no two of them can disagree.
type Status struct {
	Objective *Objective
	At        time.Time
	From, To  Minute  // the window is the minutes (From, To]
	Version   int     // of the objective's definition; 0 where none is kept
	Window    Reading // over the objective's window, ending in the minute of At, after corrections
	// Raw is what was measured in the window, as events, before corrections.
	Raw Reading
	// Corrections that touch the window, by number.
	Corrections []CorrectionID
	SLI         float64 // good / total over the window; 1 without events
	Budget      Budget
	Burn        []Burn // one per lookback, shortest first
	// Revision of the objective's ledger; see [Reader].
	Revision uint64
	// LastSample is when the source was last heard; zero if never.
	LastSample time.Time
	// Parts are the components of a composite.
	Parts []Part
	// Dropped counts the samples that came in the window's hours and were too late to be counted.
	Dropped int64
	// Gaps is what minutes without data did to the numbers; see [Gaps]. [Evaluate] leaves it empty.
	Gaps GapEffect
}

// HasData reports whether any event or observation is in the window.
func (s Status) HasData() bool {
	return s.Window.Observed > 0 || s.Window.Total > 0 ||
		slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Status.HasData() })
}

// Evaluate computes the status of o at an instant from what it is judged by; see [View]. Burn rates are over [Objective.Lookbacks], which are
// given those that somebody else asks for, and are not bounded by a calendar window.
func Evaluate(o *Objective, r Reader, at time.Time, others ...time.Duration) Status {
	from, now := o.Window.Span(at)
	windows := endingWith(r, now)
	w := windows.read(from)
	over := o.Lookbacks(others...)
	s := Status{
		Objective:  o,
		At:         at,
		From:       from,
		To:         now,
		Window:     w,
		Raw:        w,
		Burn:       make([]Burn, 0, len(over)),
		Revision:   r.Revision(),
		LastSample: r.LastSample(),
	}
	if l, ok := r.(Layered); ok {
		s.Raw, s.Corrections = l.Raw().Read(from, now), l.Touching(from, now)
	}
	s.setWindow(w.Counts)
	for _, l := range over {
		reading := windows.read(now - Minute(l/time.Minute))
		s.Burn = append(s.Burn, Burn{Lookback: l, Reading: reading, Rate: BurnRate(o.Target, reading.Counts)})
	}
	return s
}

// setWindow makes c the events of the window.
func (s *Status) setWindow(c Counts) {
	s.Window.Counts, s.Budget, s.SLI = c, BudgetOf(s.Objective.Target, c), 1
	if c.Total > 0 {
		s.SLI = float64(c.Good) / float64(c.Total)
	}
}

// cumulative is a [Reader] that says what it holds of all minutes before one.
type cumulative interface {
	Before(m Minute) Reading
}

// windows are those of one reader that have their end in common. Where the reader is cumulative, that end is looked up once for all.
type windows struct {
	reader Reader
	sums   cumulative // nil if it is not
	to     Minute
	end    Reading
}

func endingWith(r Reader, to Minute) windows {
	w := windows{reader: r, to: to}
	if sums, ok := r.(cumulative); ok {
		w.sums, w.end = sums, sums.Before(to+1)
	}
	return w
}

// read returns the events of the minutes (from, to].
func (w *windows) read(from Minute) Reading {
	if w.sums == nil {
		return w.reader.Read(from, w.to)
	}
	start := w.sums.Before(from + 1)
	return Reading{Counts: w.end.Sub(start.Counts), Observed: w.end.Observed - start.Observed, Minutes: int64(w.to - from)}
}
