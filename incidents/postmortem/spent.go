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
	// Reading is of [From, To], in whole minutes or in the whole slices that these touch and that are over. A composite has no events.
	Reading slo.Reading
	// Allowed is how many events might be bad in the objective's window that ends at To; see [slo.Budget].
	Allowed float64
	// Parts are what the components of a composite lost, by their weights.
	Parts []Part
}

// Part is what a component of a composite lost.
type Part struct {
	Weight slo.Ratio
	Spent
}

// Share is the part of the window's budget that went: bad events of the incident ÷ events that might be bad; of a composite the mean of its
// components' by their weights. False where the window has no events, so that there was no budget to spend.
func (s Spent) Share() (float64, bool) {
	switch {
	case len(s.Parts) > 0:
	case s.Allowed <= 0:
		return 0, false
	default:
		return float64(s.Reading.Bad()) / s.Allowed, true
	}
	sum, weights, known := 0.0, 0.0, false
	for _, p := range s.Parts {
		share, ok := p.Share()
		if known = known || ok; ok {
			sum += p.Weight.Float() * share
		}
		weights += p.Weight.Float()
	}
	return sum / weights, known
}

// Events returns all events and the bad ones in whole units of the objective's measure: those that were bad in part count.
func (s Spent) Events() (total, bad int64) {
	weight := s.Objective.Measure().Weight
	return s.Reading.Total / weight, (s.Reading.Bad() + weight - 1) / weight
}

// Measure reads what o lost from the minute of from to the minute of to, both included.
func Measure(o *slo.Objective, r slo.Reader, from, to time.Time) Spent {
	first, last := slo.MinuteOf(from), o.Slice.End(slo.MinuteOf(to))
	start, _ := o.Window.Span(last.Time())
	return Spent{
		Objective: o, From: from, To: to,
		Reading: r.Read(first-1, last),
		Allowed: slo.BudgetOf(o.Target, r.Read(start, last).Counts).Allowed,
	}
}

// ledger knows the objectives and their events.
type ledger interface {
	Objectives() []*slo.Objective
	Status(key slo.Key, at time.Time) (slo.Status, bool)
	ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool)
}

// MeasureAll reads what the objectives of an incident lost: those that it names, and those of its services. Each is measured by the definition
// that was in force when its customers were hurt last, so that a later change of it changes no postmortem.
func MeasureAll(l ledger, i incidents.Incident, now time.Time) []Spent {
	from, to := Hurt(i.Times, now)
	measure := func(key slo.Key) (Spent, bool) {
		status, ok := l.Status(key, to)
		if !ok {
			return Spent{}, false
		}
		r, ok := l.ReaderAt(key, to)
		if !ok {
			return Spent{}, false
		}
		return Measure(status.Objective, r, from, to), true
	}
	var list []Spent
	for _, o := range l.Objectives() {
		if !slices.Contains(i.Objectives, o.Key) && !slices.Contains(i.Services, o.Service) {
			continue
		}
		s, ok := measure(o.Key)
		if !ok {
			continue
		}
		for _, c := range s.Objective.Components {
			if part, ok := measure(c.Key); ok {
				s.Parts = append(s.Parts, Part{c.Weight, part})
			}
		}
		list = append(list, s)
	}
	return list
}
