package slo

import (
	"math/bits"
	"slices"
	"time"
)

// Budget is what an objective may still spend over its window.
//
//	allowed   = (1 − target) × total
//	remaining = 1 − bad / allowed
//
// Source: Google SRE Workbook, "Implementing SLOs" and "Error Budget Policy".
type Budget struct {
	Counts
	// Allowed is the number of events that may be bad; rarely whole.
	Allowed float64 `json:"allowed"`
	// Remaining is the share of the budget that is left: 1 is untouched, 0 is spent, below 0 is overspent.
	// Without events it is 1.
	Remaining float64 `json:"remaining"`
	// Spent is decided in integers: bad events are at least what is allowed, and there is at least one.
	Spent bool `json:"spent"`
}

// BudgetOf computes the budget of c under target, which is below 1.
func BudgetOf(target Ratio, c Counts) Budget {
	b := Budget{Counts: c, Allowed: (One - target).Float() * float64(c.Total), Remaining: 1, Spent: spent(target, c)}
	if c.Total > 0 {
		b.Remaining = 1 - float64(c.Bad())/b.Allowed
		b.Remaining = onSide(b.Remaining, b.Spent)
	}
	return b
}

// onSide returns what remains of a budget on the side of 0 where it is, exactly, if it is so close that rounding fell on the other.
func onSide(remaining float64, spent bool) float64 {
	switch {
	case spent:
		return min(remaining, 0)
	case remaining <= 0:
		return closest
	}
	return remaining
}

// closest is what remains of a budget that is not spent and of which a float64 would say so.
const closest = 1e-16

// spent reports bad ≥ (1 − target) × total, exactly. Without events, or without bad ones, nothing is spent.
func spent(target Ratio, c Counts) bool {
	if c.Bad() <= 0 || c.Total <= 0 {
		return false
	}
	badHigh, badLow := bits.Mul64(uint64(c.Bad()), uint64(One))
	allowedHigh, allowedLow := bits.Mul64(uint64(c.Total), uint64(One-target))
	return badHigh > allowedHigh || badHigh == allowedHigh && badLow >= allowedLow
}

// BurnRate is how many times faster than sustainable the budget is being spent over a lookback:
//
//	(bad / total) / (1 − target)
//
// A burn rate of 1 spends exactly the budget in one window. Without events it is 0.
// Source: Google SRE Workbook, "Alerting on SLOs".
func BurnRate(target Ratio, c Counts) float64 {
	if c.Total <= 0 {
		return 0
	}
	return float64(c.Bad()) / float64(c.Total) / (One - target).Float()
}

// Burn is the burn rate over one lookback.
type Burn struct {
	Lookback time.Duration `json:"-"`
	Reading
	Rate float64 `json:"rate"`
}

// lookbacks are the windows over which burn rates are shown and alerted on.
// Source: Google SRE Workbook, "Alerting on SLOs", table 5-8 with its short windows.
var lookbacks = []time.Duration{
	5 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour,
	24 * time.Hour, 3 * 24 * time.Hour,
}

// Lookbacks returns the lookbacks of every [Status], shortest first.
func Lookbacks() []time.Duration { return append([]time.Duration(nil), lookbacks...) }

// Lookbacks returns the lookbacks of the statuses of o, shortest first: those of every status, those that its alerts ask for, and others.
func (o *Objective) Lookbacks(others ...time.Duration) []time.Duration {
	tiers := o.tierLookbacks()
	if len(o.Alerts) == 0 && len(others) == 0 && len(tiers) == 0 {
		return lookbacks
	}
	all := append(append(Lookbacks(), others...), tiers...)
	for _, p := range o.Alerts {
		all = append(all, p.Condition.Lookback)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
