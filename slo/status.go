package slo

import "time"

// Status is everything that is known of one objective at one instant. Every surface (API, pages, metrics, gate, report)
// reads its numbers from here, so that no two of them can disagree.
type Status struct {
	Objective *Objective
	At        time.Time
	Window    Reading // over the objective's window, ending in the minute of At
	SLI       float64 // good / total over the window; 1 without events
	Budget    Budget
	Burn      []Burn // one per lookback, shortest first
	// Revision of the objective's ledger; see [Reader].
	Revision uint64
	// LastSample is when the source was last heard; zero if never.
	LastSample time.Time
}

// HasData reports whether any event or observation is in the window.
func (s Status) HasData() bool { return s.Window.Observed > 0 || s.Window.Total > 0 }

// Evaluate computes the status of o at an instant from its events.
func Evaluate(o *Objective, r Reader, at time.Time) Status {
	now := MinuteOf(at)
	w := r.Read(now-Minute(o.Window.Minutes()), now)
	s := Status{
		Objective:  o,
		At:         at,
		Window:     w,
		SLI:        1,
		Budget:     BudgetOf(o.Target, w.Counts),
		Burn:       make([]Burn, 0, len(lookbacks)),
		Revision:   r.Revision(),
		LastSample: r.LastSample(),
	}
	if w.Total > 0 {
		s.SLI = float64(w.Good) / float64(w.Total)
	}
	for _, l := range lookbacks {
		reading := r.Read(now-Minute(l/time.Minute), now)
		s.Burn = append(s.Burn, Burn{Lookback: l, Reading: reading, Rate: BurnRate(o.Target, reading.Counts)})
	}
	return s
}
