package slo

import (
	"slices"
	"time"
)

// Condition is the health of an objective in one word, as the pages, the command line and the API show it.
// It informs; whether a release may go is decided by the gate under its own policy.
type Condition string

const (
	// Spent: bad events are at least what the budget allows, and enough of them to say so; see [Status.Spent].
	Spent Condition = "spent"
	// Burning: budget is left, but it is going at a rate for which somebody is paged.
	Burning Condition = "burning"
	// Low: less than a tenth of the budget is left.
	Low Condition = "low"
	// Unknown: neither an event nor an observation is in the window.
	Unknown Condition = "unknown"
	// Healthy: none of the others.
	Healthy Condition = "healthy"
)

// Conditions returns all conditions, the one that needs a person most first.
func Conditions() []Condition { return []Condition{Spent, Burning, Low, Unknown, Healthy} }

// Rank is the condition's place in [Conditions]; 0 is the worst.
func (c Condition) Rank() int {
	for i, k := range Conditions() {
		if k == c {
			return i
		}
	}
	return len(Conditions())
}

// lowBudget is the remaining share below which a budget counts as low.
const lowBudget = 0.1

// Condition returns the worst condition that holds.
func (s Status) Condition() Condition {
	switch {
	case !s.HasData():
		return Unknown
	case s.Spent():
		return Spent
	case s.burning():
		return Burning
	case s.Budget.Remaining < lowBudget:
		return Low
	default:
		return Healthy
	}
}

func (s Status) burning() bool {
	return slices.ContainsFunc(s.Objective.pages(), func(p Pace) bool { return p.Judge(s, MinCoverage).Reason == PaceBurning })
}

// BurnOver returns the burn over one of [Objective.Lookbacks], and an empty one for any other.
func (s Status) BurnOver(lookback time.Duration) Burn {
	for _, b := range s.Burn {
		if b.Lookback == lookback {
			return b
		}
	}
	return Burn{Lookback: lookback}
}

// BurnRate returns the burn rate over one of [Objective.Lookbacks], and 0 for any other.
func (s Status) BurnRate(lookback time.Duration) float64 { return s.BurnOver(lookback).Rate }
