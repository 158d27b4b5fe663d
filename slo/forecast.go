package slo

import "time"

// Forecast says when the budget changes sides, at minute grain. A nil time means: not within one window from now.
type Forecast struct {
	// ExhaustedAt is when an unspent budget will be spent if the last hour's traffic and errors go on.
	ExhaustedAt *time.Time `json:"exhaustedAt,omitempty"`
	// RecoversAt is when a spent budget comes back if the last hour's traffic goes on without errors,
	// as old minutes roll out of the window and new good events come in.
	RecoversAt *time.Time `json:"recoversAt,omitempty"`
	// RecoversAtPresentRate is the same while the last hour's share of errors goes on.
	RecoversAtPresentRate *time.Time `json:"recoversAtPresentRate,omitempty"`
}

// forecastBasis is the lookback whose rate is carried forward.
const forecastBasis = time.Hour

// Predict replays the window forward from s.At: minute by minute the oldest events leave it and events at the
// present rate enter it. The rate is that of the observed minutes of the last hour; where none was observed, no
// events are expected.
//
// It reads every minute of the window, so it is asked for where a person or the gate wants it and is not part of [Evaluate].
func Predict(s Status, r Reader) Forecast {
	p := project(s, r)
	if !s.Budget.Spent {
		return Forecast{ExhaustedAt: p.first(true, p.rate)}
	}
	clean := Counts{Good: p.rate.Total, Total: p.rate.Total}
	return Forecast{RecoversAt: p.first(false, clean), RecoversAtPresentRate: p.first(false, p.rate)}
}

// projection is a window about to be moved forward. Its counts are in fractions of an event, 1/scale each, so that a rate of
// events a minute is a whole number and every answer exact.
type projection struct {
	target  Ratio
	now     Minute
	window  Counts   // what the window holds now
	leaving []Counts // what leaves it in each of the next minutes
	rate    Counts   // what enters it in each
}

func project(s Status, r Reader) projection {
	now := MinuteOf(s.At)
	length := s.Objective.Window.Minutes()
	start := now - Minute(length)
	basis := r.Read(now-Minute(forecastBasis/time.Minute), now)
	scale := max(1, basis.Observed)
	p := projection{target: s.Objective.Target, now: now, window: s.Window.times(scale), leaving: make([]Counts, length)}
	if basis.Observed > 0 {
		p.rate = basis.Counts
	}
	r.Each(start, now, func(m MinuteCounts) bool {
		p.leaving[m.Minute-start-1] = m.times(scale)
		return true
	})
	return p
}

// first returns the first minute in which the budget is spent, or is not, while events enter at a rate.
func (p projection) first(spentThen bool, rate Counts) *time.Time {
	window := p.window
	for i, out := range p.leaving {
		window = window.Sub(out).Add(rate)
		if spent(p.target, window) == spentThen {
			at := (p.now + Minute(i) + 1).Time()
			return &at
		}
	}
	return nil
}
