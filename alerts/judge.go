package alerts

import (
	"time"

	"plimsoll/slo"
)

// Reason is why a tier burns or does not.
type Reason string

const (
	// Burning: both lookbacks are at least as fast as the factor, and enough was seen to say so.
	Burning Reason = "burning"
	// Calm: the long lookback is slower than the factor.
	Calm Reason = "calm"
	// Over: the long lookback is fast enough, the short one no longer is.
	Over Reason = "over"
	// TooFew: fewer events, or fewer bad ones, than the objective's guard against low traffic asks for.
	TooFew Reason = "too few events"
	// TooLittleSeen: less of a lookback was observed than [Guard] asks for.
	TooLittleSeen Reason = "too little observed"
	// Unreachable: the factor is more than the objective can ever burn, or its slices are longer than the tier looks back.
	Unreachable Reason = "unreachable"
	// Removed: the objective or the tier is no longer there.
	Removed Reason = "removed"
)

// Guard is what must have been seen before a burn rate is believed.
type Guard struct {
	Coverage float64 // least share of the minutes of both lookbacks, from 0 to 1
}

// DefaultGuard believes a lookback of which half was observed: a source that missed scrapes still alerts, a half-filled backfill does not.
func DefaultGuard() Guard { return Guard{Coverage: 0.5} }

// Verdict is what a tier says of an objective at an instant.
type Verdict struct {
	Tier   Tier
	Factor float64
	Reason Reason
	Long   slo.Burn
	Short  slo.Burn
	Detail string // in words, of an alert about data
}

// Burning reports whether somebody is to be told.
func (v Verdict) Burning() bool { return bearings[v.Reason] == burns }

// Judge decides whether a tier burns. The status is that of the use [slo.ForAlert] where the objective says what gaps mean. Guards are asked only of a budget that seems to burn, so that their reasons are news.
func Judge(s slo.Status, t Tier, g Guard) Verdict {
	long, short, ok := t.lookbacks(s.Objective)
	v := Verdict{Tier: t, Factor: t.Factor(s.Objective.Window), Long: burn(s, long), Short: burn(s, short)}
	switch {
	case !ok || !t.Reachable(s.Objective):
		v.Reason = Unreachable
	case !t.Reached(s.Objective, v.Long):
		v.Reason = Calm
	case !t.Reached(s.Objective, v.Short):
		v.Reason = Over
	case s.Gaps.Hold != "", v.Long.Coverage() < g.Coverage, v.Short.Coverage() < g.Coverage:
		v.Reason = TooLittleSeen
	case !s.JudgedOver(long):
		v.Reason = TooFew
	default:
		v.Reason = Burning
	}
	return v
}

// burn returns the burn over a lookback, which must be one of [slo.Lookbacks].
func burn(s slo.Status, lookback time.Duration) slo.Burn {
	for _, b := range s.Burn {
		if b.Lookback == lookback {
			return b
		}
	}
	return slo.Burn{Lookback: lookback}
}
