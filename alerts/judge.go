package alerts

import "plimsoll/slo"

// Reason is why a tier burns or does not.
type Reason string

// The reasons that a pace gives; see [slo.Pace.Judge].
const (
	Burning       = Reason(slo.PaceBurning)
	Calm          = Reason(slo.PaceCalm)
	Over          = Reason(slo.PaceOver)
	TooFew        = Reason(slo.PaceTooFew)
	TooLittleSeen = Reason(slo.PaceTooLittleSeen)
	Unreachable   = Reason(slo.PaceUnreachable)
)

// Removed: the objective or the tier is no longer there.
const Removed Reason = "removed"

// Guard is what must have been seen before a burn rate is believed.
type Guard struct {
	Coverage float64 // least share of the minutes of both lookbacks, from 0 to 1; see [slo.Pace.Judge]
}

// DefaultGuard believes what the pages believe.
func DefaultGuard() Guard { return Guard{Coverage: slo.MinCoverage} }

// Verdict is what a tier says of an objective at an instant.
type Verdict struct {
	Tier   Tier
	Factor float64
	Reason Reason
	Long   slo.Burn
	Short  slo.Burn
	// Condition is that of a policy, in words; empty of a tier.
	Condition string
	Detail    string // in words, of an alert about data and of one that can never fire
}

// Burning reports whether somebody is to be told.
func (v Verdict) Burning() bool { return bearings[v.Reason] == burns }

// Judge decides whether a tier burns. The status is that of the use [slo.ForAlert] where the objective says what gaps mean.
func Judge(s slo.Status, t Tier, g Guard) Verdict {
	v := t.Pace.Judge(s, g.Coverage)
	return Verdict{Tier: t, Factor: v.Factor, Reason: Reason(v.Reason), Long: v.Long, Short: v.Short, Detail: t.Unreachable(s.Objective)}
}
