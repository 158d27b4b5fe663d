package slo

import (
	"math/big"
	"time"
)

// defaultMinBad is how many bad events a budget must have seen to be judged if its objective does not say. Fewer say too little: the
// standard error of a count of n is √n, so that ten failures tell the rate of failures to within a third, and one of them nothing. A
// fresh installation would otherwise freeze every release at its first failed request.
const defaultMinBad = 10

// Guard returns what the objective must have seen before its budget counts as spent, or as burning, in units of its [Measure]. Where its
// definition says nothing that is ten bad events; of slices no more than what spends the budget of a whole window, for their number is
// bounded: of thirty days at 95 %, two bad ones have to be enough.
func (o *Objective) Guard() LowTraffic {
	if o.LowTraffic != (LowTraffic{}) || o.Method == Composite {
		return o.LowTraffic
	}
	guard := LowTraffic{MinBad: defaultMinBad}
	if o.Slice.Length > 0 {
		allowed := int64(o.Window.Length/o.Slice.Length) * int64(o.Budget())
		if o.Method == Timeslices { // which are bad as a whole or not at all
			allowed += int64(One) - 1
		}
		guard.MinBad = min(guard.MinBad, allowed/int64(One))
	}
	return guard
}

// enough reports whether c are enough to judge o by.
func (o *Objective) enough(c Counts) bool {
	guard, measure := o.Guard(), o.Measure()
	return c.Bad() >= measure.whole(guard.MinBad) && c.Total >= measure.whole(guard.MinTotal)
}

// Judged reports whether the window holds enough to judge its budget by; see [Objective.Guard]. A composite is judged by its components.
func (s Status) Judged() bool {
	if s.Objective.Method != Composite {
		return s.Objective.enough(s.Window.Counts)
	}
	for _, p := range s.Parts {
		if p.Status.Judged() {
			return true
		}
	}
	return false
}

// Spent reports whether the budget is spent and there is enough to say so. In a composite, what a component has spent counts
// only if that is so for the component itself.
func (s Status) Spent() bool {
	if s.Objective.Method != Composite {
		return s.Budget.Spent && s.Judged()
	}
	return s.Budget.Spent && s.share(Status.Judged).Cmp(big.NewRat(1, 1)) >= 0
}

// JudgedOver reports whether there is enough in a lookback to say that the budget is burning. The lookback is one of [Lookbacks].
func (s Status) JudgedOver(lookback time.Duration) bool {
	if s.Objective.Method == Composite {
		for _, p := range s.Parts {
			if p.Status.JudgedOver(lookback) {
				return true
			}
		}
		return false
	}
	for _, b := range s.Burn {
		if b.Lookback == lookback {
			return s.Objective.enough(b.Counts)
		}
	}
	return false
}
