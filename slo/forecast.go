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
// no events are expected. A calendar window loses nothing until its period ends, and everything then.
//
// r is what the objective is judged by; see [View]. It reads every minute of the window, so it is asked for where a person or the gate
// wants it and is not part of [Evaluate]. A composite has no reader of its own: see [PredictComposite].
func Predict(s Status, r Reader) Forecast {
	return forecast(s, []*projection{project(s, r)}, func(ps []*projection) bool {
		return spent(ps[0].target, ps[0].window)
	})
}

// PredictComposite replays the windows of all components forward together. readers are what the components are judged by, in the order
// of s.Parts; nil for one whose spent share is to stay what it is.
func PredictComposite(s Status, readers []Reader) Forecast {
	ps := make([]*projection, len(s.Parts))
	for i, p := range s.Parts {
		if readers[i] != nil {
			ps[i] = project(p.Status, readers[i])
		} else {
			ps[i] = &projection{target: p.Status.Objective.Target, window: p.Status.Window.Counts, still: true}
		}
	}
	return forecast(s, ps, func(ps []*projection) bool { return s.spentWith(ps) })
}

// spentWith reports whether a composite is spent with the windows that its components have in ps: in floating point where that is clear,
// and exactly near the edge.
func (s Status) spentWith(ps []*projection) bool {
	const clear = 1e-6
	sum, weights := 0.0, 0.0
	for i, p := range s.Parts {
		w := p.Weight.Float()
		weights += w
		if total := ps[i].window.Total; total > 0 {
			sum += w * float64(ps[i].window.Bad()) / (float64(total) * (One - ps[i].target).Float())
		}
	}
	if share := sum / weights; weights > 0 && (share < 1-clear || share > 1+clear) {
		return share > 1
	}
	exact := Status{Objective: s.Objective}
	for i, p := range s.Parts {
		o := p.Status.Objective
		exact.Parts = append(exact.Parts, Part{p.Component, Status{Objective: o, Budget: Budget{Counts: ps[i].window}}})
	}
	return exact.share(anyStatus).Cmp(big.NewRat(1, 1)) >= 0
}

// forecast moves copies of ps forward until spent changes sides.
func forecast(s Status, ps []*projection, spent func([]*projection) bool) Forecast {
	now := s.To
	horizon := now + Minute(s.Objective.Window.Minutes())
	var end Minute // the first minute of the next period
	if s.Objective.Window.Calendar != nil {
		_, last := s.Objective.Window.Period(s.At)
		end = last + 1
		horizon = end
	}
	first := func(want, withErrors bool, until Minute) *time.Time {
		moved := make([]*projection, len(ps))
		for i, p := range ps {
			c := *p
			moved[i] = &c
		}
		for m := now + 1; m <= until; m++ {
			for _, p := range moved {
				p.step(m, withErrors)
			}
			if spent(moved) == want {
				at := m.Time()
				return &at
			}
		}
		return nil
	}
	if !s.Budget.Spent {
		if end > 0 {
			horizon = end - 1
		}
		return Forecast{ExhaustedAt: first(true, true, horizon)}
	}
	return Forecast{RecoversAt: first(false, false, horizon), RecoversAtPresentRate: first(false, true, horizon)}
}
