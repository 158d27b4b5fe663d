package slo

import (
	"fmt"
	"time"
)

// Lookbacks returns the two lookbacks of the pace for an objective. Where its slices are longer than the short one, that is the shortest of
// [Lookbacks] in which at least one slice ends; false if that is no shorter than the long one.
func (p Pace) Lookbacks(o *Objective) (long, short time.Duration, ok bool) {
	short = p.Short
	if slice := o.Slice.Length; slice > short {
		for _, l := range lookbacks {
			if short = l; l >= slice {
				break
			}
		}
	}
	return p.Lookback, short, short < p.Lookback
}

// Unreachable says why an objective can never burn at the pace, whatever happens; empty if it can: when every event is bad, it burns at
//
//	1 / (1 − target)
//
// and slices can only be as many as fit into a lookback. How fast a composite can burn is known from its components alone; see [Pace.Judge].
func (p Pace) Unreachable(o *Objective) string {
	if _, short, ok := p.Lookbacks(o); !ok {
		return fmt.Sprintf("its slices of %s leave nothing shorter to look back over than %s", ShortDuration(o.Slice.Length), ShortDuration(short))
	}
	if factor := p.Factor(o.Window); o.Method != Composite && factor*o.Budget().Float() >= 1 {
		return fmt.Sprintf("it begins at a burn rate of %.6g, and with a target of %s %% no budget burns faster than %.6g, when every %s is bad",
			factor, o.Target.Percent(), 1/o.Budget().Float(), o.Measure().One)
	}
	return o.unmeetable(p.Lookback)
}

// unmeetable says why a lookback can never hold what the guard against low traffic asks for; empty if it can.
func (o *Objective) unmeetable(lookback time.Duration) string {
	if o.Slice.Length == 0 {
		return ""
	}
	guard, fit := o.GuardOver(lookback), o.slicesIn(lookback)
	if need := max(guard.MinBad, guard.MinTotal); need > fit {
		return fmt.Sprintf("the guard against low traffic asks for %d slices, and only %d of %s end in %s", need, fit, ShortDuration(o.Slice.Length), ShortDuration(lookback))
	}
	return ""
}

// fastest is the highest burn rate that a composite can have: the mean of those of its components by their weights.
func (s Status) fastest() float64 {
	var sum float64
	for _, p := range s.Parts {
		sum += p.Weight.Float() / p.Status.Objective.Budget().Float() / s.weight()
	}
	return sum
}
