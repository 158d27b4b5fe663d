package postmortem

import (
	"slices"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

// Spent is what one objective lost while an incident hurt its customers.
type Spent struct {
	Objective *slo.Objective
	From, To  time.Time
	Reading   slo.Reading // the events of [From, To], in whole minutes
	// Allowed is how many events might be bad in the objective's window that ends at To; see [slo.Budget].
	Allowed float64
}

// Share is the part of the window's budget that went: bad events of the incident ÷ events that might be bad.
// False where the window has no events, so that there was no budget to spend.
func (s Spent) Share() (float64, bool) {
	if s.Allowed <= 0 {
		return 0, false
	}
	return float64(s.Reading.Bad()) / s.Allowed, true
}

// Measure reads what o lost from the minute of from to the minute of to, both included.
func Measure(o *slo.Objective, r slo.Reader, from, to time.Time) Spent {
	first, last := slo.MinuteOf(from), slo.MinuteOf(to)
	window := r.Read(last-slo.Minute(o.Window.Minutes()), last)
	return Spent{
		Objective: o, From: from, To: to,
		Reading: r.Read(first-1, last),
		Allowed: slo.BudgetOf(o.Target, window.Counts).Allowed,
	}
}

// ledger knows the objectives and their events.
type ledger interface {
	Objectives() []*slo.Objective
	Reader(key slo.Key) (slo.Reader, bool)
}

// MeasureAll reads what the objectives of an incident lost: those that it names, and those of its services.
func MeasureAll(l ledger, i incidents.Incident, now time.Time) []Spent {
	from, to := Hurt(i.Times, now)
	var list []Spent
	for _, o := range l.Objectives() {
		if !slices.Contains(i.Objectives, o.Key) && !slices.Contains(i.Services, o.Service) {
			continue
		}
		if r, ok := l.Reader(o.Key); ok {
			list = append(list, Measure(o, r, from, to))
		}
	}
	return list
}
