package slo

import (
	"math/big"
	"time"
)

// Forecast says when the budget changes sides, at minute grain. A nil time means: not within one window from now, and of exhaustion in
// a calendar window: not before the period ends.
type Forecast struct {
	// ExhaustedAt is when an unspent budget will be spent if the last hour's traffic and errors go on.
	ExhaustedAt *time.Time `json:"exhaustedAt,omitempty"`
	// RecoversAt is when a spent budget comes back if the last hour's traffic goes on without errors,
	// as old minutes roll out of the window and new good events come in; in a calendar window at the latest when the next period begins.
	RecoversAt *time.Time `json:"recoversAt,omitempty"`
	// RecoversAtPresentRate is the same while the last hour's share of errors goes on.
	RecoversAtPresentRate *time.Time `json:"recoversAtPresentRate,omitempty"`
}

// forecastBasis is the lookback whose rate is carried forward, or that of one slice if a slice is longer.
const forecastBasis = time.Hour

// Predict replays the window forward from s.At: minute by minute the oldest events leave it and events at the
// present rate enter it, slices at their last minute. The rate is that of the observed minutes of the last hour; where none was observed,
// no events are expected. Of what is to come in minutes that a correction excludes nothing enters, and in those that it makes good all is good.
// A calendar window loses nothing until its period ends, and everything then. The windows of the components of a composite move together.
//
// r is what the objective is judged by, see [View]; of a composite it is a [Compound], and the spent share of a component that it does not have
// stays what it is. A status that was seen through [Gaps] is replayed with them: at each minute with the estimate that holds then. Predict reads
// every minute of the window, so it is asked for where a person or the gate wants it and is not part of [Evaluate].
//
// A definition that takes effect later is not looked at: the forecast says what becomes of the budget under the one that is in force.
func Predict(s Status, r Reader) Forecast {
	horizon := s.horizon()
	if s.Objective.Method != Composite {
		return forecast(s, []*projection{project(s, r, horizon)}, func(ps []*projection, m Minute) bool {
			return spent(ps[0].target, ps[0].seen(m))
		})
	}
	ps := make([]*projection, len(s.Parts))
	for i, p := range s.Parts {
		ps[i] = project(p.Status, componentOf(r, p.Key), horizon)
	}
	return forecast(s, ps, s.spentWith)
}

// horizon is the last minute that a forecast looks at: one window from now, or the first minute of the next period.
func (s Status) horizon() Minute {
	if s.Objective.Window.Calendar == nil {
		return s.To + Minute(s.Objective.Window.Minutes())
	}
	_, last := s.Objective.Window.Period(s.At)
	return last + 1
}

// spentWith reports whether a composite is spent with the windows that its components have in ps at a minute: in floating point where that is clear,
// and exactly near the edge.
func (s Status) spentWith(ps []*projection, m Minute) bool {
	const clear = 1e-6
	sum, weights := 0.0, 0.0
	for i, p := range s.Parts {
		w := p.Weight.Float()
		weights += w
		if c := ps[i].seen(m); c.Total > 0 {
			sum += w * float64(c.Bad()) / (float64(c.Total) * (One - ps[i].target).Float())
		}
	}
	if share := sum / weights; weights > 0 && (share < 1-clear || share > 1+clear) {
		return share > 1
	}
	exact := Status{Objective: s.Objective}
	for i, p := range s.Parts {
		o := p.Status.Objective
		exact.Parts = append(exact.Parts, Part{p.Component, Status{Objective: o, Budget: Budget{Counts: ps[i].seen(m)}}})
	}
	return exact.share(anyStatus).Cmp(big.NewRat(1, 1)) >= 0
}

// forecast moves copies of ps forward until spent changes sides.
func forecast(s Status, ps []*projection, spent func([]*projection, Minute) bool) Forecast {
	horizon := s.horizon()
	first := func(want, withErrors bool, until Minute) *time.Time {
		moved := make([]*projection, len(ps))
		for i, p := range ps {
			c := *p
			moved[i] = &c
		}
		for m := s.To + 1; m <= until; m++ {
			for _, p := range moved {
				p.step(m, withErrors)
			}
			if spent(moved, m) == want {
				at := m.Time()
				return &at
			}
		}
		return nil
	}
	switch {
	case s.Budget.Spent:
		return Forecast{RecoversAt: first(false, false, horizon), RecoversAtPresentRate: first(false, true, horizon)}
	case s.Objective.Window.Calendar != nil:
		horizon-- // with the period the budget is whole again
	}
	return Forecast{ExhaustedAt: first(true, true, horizon)}
}
