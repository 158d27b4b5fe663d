package slo

import "time"

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

// pageTiers burn a share of the budget within a lookback, still going on in the short window.
// Source: Google SRE Workbook, "Alerting on SLOs", table 5-8, the tiers that page.
var pageTiers = []struct {
	share           float64
	lookback, short time.Duration
}{
	{0.02, time.Hour, 5 * time.Minute},
	{0.05, 6 * time.Hour, 30 * time.Minute},
}

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
	for _, t := range pageTiers {
		// 14.4 and 6 for a window of 30 days. Below 1 the budget lasts, whatever the window.
		factor := max(1, t.share*float64(s.Objective.Window.Length)/float64(t.lookback))
		if s.BurnRate(t.lookback) >= factor && s.BurnRate(t.short) >= factor && s.JudgedOver(t.lookback) {
			return true
		}
	}
	return false
}

// BurnRate returns the burn rate over one of [Lookbacks], and 0 for any other.
func (s Status) BurnRate(lookback time.Duration) float64 {
	for _, b := range s.Burn {
		if b.Lookback == lookback {
			return b.Rate
		}
	}
	return 0
}
