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
// present rate enter it. It reads every minute of the window, so it is asked for where a person or the gate
// wants it and is not part of [Evaluate].
func Predict(s Status, r Reader) Forecast {
	o, now := s.Objective, MinuteOf(s.At)
	basis := r.Read(now-Minute(forecastBasis/time.Minute), now)
	rate := perMinute(basis)
	if !s.Budget.Spent {
		return Forecast{ExhaustedAt: rollForward(o, r, now, s.Window.Counts, rate, true)}
	}
	clean := rate
	clean.bad = 0
	return Forecast{
		RecoversAt:            rollForward(o, r, now, s.Window.Counts, clean, false),
		RecoversAtPresentRate: rollForward(o, r, now, s.Window.Counts, rate, false),
	}
}

type flow struct{ bad, total float64 } // events a minute

func perMinute(r Reading) flow {
	if r.Observed == 0 {
		return flow{}
	}
	return flow{bad: float64(r.Bad()) / float64(r.Observed), total: float64(r.Total) / float64(r.Observed)}
}

// rollForward returns the first minute, up to one window ahead, in which "spent" equals want.
func rollForward(o *Objective, r Reader, now Minute, c Counts, in flow, want bool) *time.Time {
	length := o.Window.Minutes()
	allowed := o.Budget().Float()
	bad, total := float64(c.Bad()), float64(c.Total)
	// Between two minutes that leave the window the sides change linearly, so only the minutes with events
	// have to be visited: at each the crossing before it, if any, is solved for.
	margin := func() float64 { return allowed*total - bad } // above 0: not spent
	slope := allowed*in.total - in.bad                      // change of the margin a minute
	var found *time.Time
	at := func(m Minute) { t := m.Time(); found = &t }
	crossed := func(v float64) bool {
		if want {
			return v <= 0
		}
		return v > 0
	}
	last := Minute(0) // minutes ahead of now at which bad and total hold
	advance := func(to Minute) bool {
		for steps := to - last; steps > 0; {
			if crossed(margin() + slope*float64(steps)) {
				if n := firstCrossing(margin(), slope, want); n <= steps {
					at(now + last + n)
					return true
				}
			}
			bad += in.bad * float64(steps)
			total += in.total * float64(steps)
			steps = 0
		}
		last = to
		return false
	}
	r.Each(now-Minute(length), now, func(mc MinuteCounts) bool {
		if mc.Total == 0 && mc.Good == 0 {
			return true
		}
		ahead := mc.Minute + Minute(length) - now // when it has left
		if advance(ahead) {
			return false
		}
		bad -= float64(mc.Bad())
		total -= float64(mc.Total)
		if crossed(margin()) && (bad > 0.5 || !want) {
			at(now + ahead)
			return false
		}
		return true
	})
	if found == nil && advance(Minute(length)) {
		return found
	}
	return found
}

// firstCrossing returns the first whole minute n ≥ 1 at which margin + slope·n is on the wanted side.
func firstCrossing(margin, slope float64, spent bool) Minute {
	if slope == 0 {
		return 1
	}
	n := Minute(-margin / slope)
	for n = max(n-1, 1); ; n++ {
		v := margin + slope*float64(n)
		if (spent && v <= 0) || (!spent && v > 0) {
			return n
		}
	}
}
