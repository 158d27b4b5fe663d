package gate

import (
	"fmt"
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
}

// coverageLookback is the span over which coverage is judged. The objective's own window would hold every release for
// weeks after a new service is first watched.
const coverageLookback = time.Hour

// FiguresOf takes what the gate reads out of a status and its forecast.
func FiguresOf(s slo.Status, f slo.Forecast) Figures {
	figures := Figures{
		Objective: s.Objective.Key, Name: s.Objective.DisplayName, Owner: s.Objective.Owner,
		Target: s.Objective.Target, Window: s.Objective.Window.String(),
		Counts: s.Window.Counts, Allowed: s.Budget.Allowed, Remaining: s.Budget.Remaining, Spent: s.Budget.Spent,
		LastSample: s.LastSample, Revision: s.Revision, RecoversAt: f.RecoversAt,
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
	if f.Total == 0 {
		return fmt.Sprintf("%s: budget untouched: no events over %s", f.Name, f.Window)
	}
	return fmt.Sprintf("%s: budget %s: %s bad of %s allowed, %s events over %s", f.Name, slo.FormatPercent(f.Remaining),
		slo.FormatCount(f.Bad()), slo.FormatAmount(f.Allowed), slo.FormatCount(f.Total), f.Window)
}

// badToSpend is how many more bad events would spend the budget: the least n ≥ 1 with bad + n ≥ (1 − target) · (total + n).
func (f Figures) badToSpend() int64 {
	left := f.left()
	left.Add(left, big.NewInt(int64(f.Target)-1)) // rounds up
	return max(left.Div(left, big.NewInt(max(int64(f.Target), 1))).Int64(), 1)
}

// goodToRecover is how many more good events, with no bad one, would bring a spent budget back: the least n ≥ 1 with
// bad < (1 − target) · (total + n), ignoring what rolls out of the window. It is negative where nothing can, at a target of 1.
func (f Figures) goodToRecover() int64 {
	budget := slo.One - f.Target
	if budget <= 0 {
		return -1
	}
	over := f.left()
	over.Neg(over)
	return max(over.Div(over, big.NewInt(int64(budget))).Int64()+1, 1)
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
