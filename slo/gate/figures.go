package gate

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"time"

	"plimsoll/slo"
)

// Figures are what a decision reads of one objective: enough to decide again and come to the same answer.
type Figures struct {
	Objective slo.Key   `json:"objective"`
	Name      string    `json:"name"`
	Owner     string    `json:"owner,omitempty"`
	Target    slo.Ratio `json:"target"`
	Window    string    `json:"window"` // such as "30d"
	slo.Counts
	Allowed   float64 `json:"allowed"`   // events that may be bad
	Remaining float64 `json:"remaining"` // share of the budget: 1 untouched, 0 spent, below 0 overspent
	Spent     bool    `json:"spent"`
	// Coverage is the share of the last hour's minutes in which the source was seen.
	Coverage float64 `json:"coverage"`
	// LastSample is when the source was last heard; zero if never.
	LastSample time.Time `json:"lastSample,omitzero"`
	// Revision of the objective's ledger.
	Revision uint64 `json:"revision"`
	// RecoversAt is when a spent budget is back if traffic goes on without errors; nil if not spent, or not within a window.
	RecoversAt *time.Time `json:"recoversAt,omitempty"`
	// Guard is what has to be seen before the budget is judged; see [slo.Objective.Guard].
	Guard slo.LowTraffic `json:"guard,omitzero"`
	// Unit is what one of Weight counts stands for, such as "slice"; an event if it is empty. A composite counts nothing.
	Unit      string `json:"unit,omitempty"`
	Weight    int64  `json:"weight,omitempty"` // 1 if it is 0
	Composite bool   `json:"composite,omitempty"`
	// Estimated is whether events were added for minutes without data, as the objective asks.
	Estimated bool `json:"estimated,omitempty"`
	// Hold says why the objective asks to wait for data; empty if it does not.
	Hold slo.Hold `json:"hold,omitempty"`
}

// coverageLookback is the span over which coverage is judged. The objective's own window would hold every release for
// weeks after a new service is first watched.
const coverageLookback = time.Hour

// FiguresOf takes what the gate reads out of a status, to which [slo.Gaps] has been applied, and its forecast.
func FiguresOf(s slo.Status, f slo.Forecast) Figures {
	m := s.Objective.Measure()
	figures := Figures{
		Objective: s.Objective.Key, Name: s.Objective.DisplayName, Owner: s.Objective.Owner,
		Target: s.Objective.Target, Window: s.Objective.Window.String(),
		Counts: s.Window.Counts, Allowed: s.Budget.Allowed, Remaining: s.Budget.Remaining, Spent: s.Spent(),
		LastSample: s.LastSample, Revision: s.Revision, RecoversAt: f.RecoversAt,
		Guard: s.Objective.Guard(), Composite: s.Objective.Method == slo.Composite, Estimated: s.Gaps.Estimated, Hold: s.Gaps.Hold,
	}
	if m.One != "event" {
		figures.Unit, figures.Weight = m.One, m.Weight
	}
	for _, b := range s.Burn {
		if b.Lookback == coverageLookback {
			figures.Coverage = b.Coverage()
		}
	}
	return figures
}

// String writes the figures as people read them:
// "Availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d".
func (f Figures) String() string {
	m := f.measure()
	text := fmt.Sprintf("%s: budget %s: %s bad of %s allowed, %s over %s", f.Name, slo.FormatPercent(f.Remaining),
		m.Bad(f.Bad()), m.Amount(f.Allowed), m.Of(f.Total), f.Window)
	switch {
	case f.Composite:
		return fmt.Sprintf("%s: budget %s, that of its components by their weights", f.Name, slo.FormatPercent(f.Remaining))
	case f.Total == 0:
		return fmt.Sprintf("%s: budget untouched: no %s over %s", f.Name, m.Many, f.Window)
	case f.Estimated:
		text += ", estimated where there was no data"
	}
	if !f.enough() && f.Remaining <= 0 {
		text += "; too few to judge by: " + f.Guard.Describe(m) + " are asked for"
	}
	return text
}

// measure is what the counts stand for.
func (f Figures) measure() slo.Measure {
	unit := cmp.Or(f.Unit, "event")
	return slo.Measure{One: unit, Many: unit + "s", Weight: max(1, f.Weight)}
}

// enough reports whether there is enough to judge the budget by. A composite is judged by its components.
func (f Figures) enough() bool {
	m := f.measure()
	return f.Composite || f.Bad() >= m.Whole(f.Guard.MinBad) && f.Total >= m.Whole(f.Guard.MinTotal)
}

// badToSpend is how many more bad events would spend the budget: the least n ≥ 1 with bad + n ≥ (1 − target) · (total + n) that is enough
// to judge by. Of slices that are judged by their ratios, it is in whole slices.
func (f Figures) badToSpend() int64 {
	m := f.measure()
	n := max(f.badOverBudget(), missing(m.Whole(f.Guard.MinBad), f.Bad()), missing(m.Whole(f.Guard.MinTotal), f.Total))
	return (n-1)/m.Weight + 1
}

func (f Figures) badOverBudget() int64 {
	left := f.left()
	left.Add(left, big.NewInt(int64(f.Target)-1)) // rounds up
	return max(bounded(left.Div(left, big.NewInt(max(int64(f.Target), 1)))), 1)
}

// missing returns want − have, or the largest number if it cannot be held. What is wanted is not negative.
func missing(want, have int64) int64 {
	if have < want-math.MaxInt64 {
		return math.MaxInt64
	}
	return want - have
}

// bounded returns n, or the closest number that an int64 holds.
func bounded(n *big.Int) int64 {
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// goodToRecover is how many more good events, with no bad one, would bring a spent budget back: the least n ≥ 1 with
// bad < (1 − target) · (total + n), ignoring what rolls out of the window. It is negative where nothing can, at a target
// of 1, or no number that can be counted.
func (f Figures) goodToRecover() int64 {
	budget := slo.One - f.Target
	if budget <= 0 {
		return -1
	}
	over := f.left()
	over.Neg(over)
	n := bounded(over.Div(over, big.NewInt(int64(budget))))
	if n == math.MaxInt64 {
		return -1
	}
	return max(n, 0)/max(1, f.Weight) + 1
}

// left is (1 − target) · total − bad, exactly, in parts per billion of an event.
func (f Figures) left() *big.Int {
	product := func(n int64, r slo.Ratio) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(r))) }
	allowed := product(f.Total, slo.One-f.Target)
	return allowed.Sub(allowed, product(f.Bad(), slo.One))
}

// stale says whether the source was last heard more than limit before at, or never.
func (f Figures) stale(at time.Time, limit time.Duration) bool {
	return f.LastSample.IsZero() || at.Sub(f.LastSample) > limit
}
