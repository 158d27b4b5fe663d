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

// enough reports whether c are as many as a guard of o asks for.
func (o *Objective) enough(guard LowTraffic, c Counts) bool {
	measure := o.Measure()
	return c.Bad() >= measure.Whole(guard.MinBad) && c.Total >= measure.Whole(guard.MinTotal)
}

// Judged reports whether the window holds enough to judge its budget by; see [Objective.Guard]. A composite is judged by its components.
func (s Status) Judged() bool {
	if s.Objective.Method != Composite {
		return s.Objective.enough(s.Objective.Guard(), s.Window.Counts)
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

// lookbackShare is the part of the slices of a lookback that may have to be bad before the budget counts as burning.
const lookbackShare = 4

// GuardOver returns what a lookback must hold before the budget counts as burning. That is [Objective.Guard]; of slices, where the definition says
// nothing, no more than a quarter of those that end in the lookback: six slices of ten minutes are an hour, and an outage of half of it must page.
func (o *Objective) GuardOver(lookback time.Duration) LowTraffic {
	guard := o.Guard()
	if o.LowTraffic == (LowTraffic{}) && o.Slice.Length > 0 {
		guard.MinBad = min(guard.MinBad, (o.slicesIn(lookback)+lookbackShare-1)/lookbackShare)
	}
	return guard
}

// slicesIn returns how many slices can end in a lookback.
func (o *Objective) slicesIn(lookback time.Duration) int64 {
	return int64((lookback + o.Slice.Length - 1) / o.Slice.Length)
}

// JudgedOver reports whether there is enough in a lookback to say that the budget is burning; see [Objective.GuardOver]. The lookback is one of
// [Objective.Lookbacks].
func (s Status) JudgedOver(lookback time.Duration) bool {
	if s.Objective.Method == Composite {
		for _, p := range s.Parts {
			if p.Status.JudgedOver(lookback) {
				return true
			}
		}
		return false
	}
	return s.Objective.enough(s.Objective.GuardOver(lookback), s.BurnOver(lookback).Counts)
}
