package alerts

import (
	"time"

	"plimsoll/slo"
)

// State is where an alert stands.
type State string

const (
	// Inactive: nothing burns, and nobody has to know that anything did.
	Inactive State = "inactive"
	// Pending: it burns, but not yet for as long as [Timing] asks.
	Pending State = "pending"
	// Firing: somebody is to be told, or has been.
	Firing State = "firing"
	// Resolved: it fired and is over; it is inactive once that has been told.
	Resolved State = "resolved"
)

// Alert is the state of one tier of one objective.
type Alert struct {
	Objective slo.Key
	Tier      string
	State     State
	Since     time.Time // of the state; zero while it never left Inactive
	Verdict   Verdict   // the newest; of a resolved alert the one that ended it
	Fired     time.Time // the beginning of the present or last episode
	Quiet     time.Time // since when the verdicts have been quiet; zero while they are not
}

// Timing is how long a verdict must last before it changes an alert.
type Timing struct {
	// Pending is how long a budget must burn before anybody is told. The two lookbacks of a tier already wait, so 0 is usual.
	Pending time.Duration
	// Calm is how long a budget must not burn before the alert is over.
	Calm time.Duration
	// Forget is how long after its end an alert may be taken up again as the same one.
	Forget time.Duration
	// Told is whether somebody was told that the alert fires, and not yet that it is over: until then it is not forgotten.
	Told bool
}

// DefaultTiming ends an alert after two quiet minutes, so that one that hovers about its factor does not come and go.
func DefaultTiming() Timing { return Timing{Calm: 2 * time.Minute, Forget: 15 * time.Minute} }

// Change is what a transition did.
type Change string

// The changes. FiredNow begins an episode, Reopened goes on with the last one.
const (
	Unchanged Change = ""
	Started   Change = "started"   // inactive or resolved → pending
	Subsided  Change = "subsided"  // pending → inactive, or resolved of what was told as firing
	FiredNow  Change = "fired"     // inactive or pending → firing
	Ended     Change = "resolved"  // firing → resolved
	Reopened  Change = "reopened"  // resolved → firing
	Forgotten Change = "forgotten" // resolved → inactive
)

// bearing is what a verdict says to an alert that fires.
type bearing int

const (
	burns bearing = iota
	quiet
	silent // it does not tell: too little was seen, or too few events came to call it over
)

var bearings = map[Reason]bearing{
	Burning: burns, BadData: burns, NoData: burns, FineData: quiet, Calm: quiet, Over: quiet, Unreachable: quiet, Removed: quiet, TooFew: silent, TooLittleSeen: silent,
}

// Transition moves an alert on by a verdict that was reached at an instant.
func Transition(a Alert, v Verdict, at time.Time, t Timing) (Alert, Change) {
	b := bearings[v.Reason]
	a.Verdict = v
	if b != quiet {
		a.Quiet = time.Time{}
	} else if a.Quiet.IsZero() {
		a.Quiet = at
	}
	switch a.State {
	case Pending:
		return a.pending(b, at, t)
	case Firing:
		return a.firing(b, at, t)
	case Resolved:
		return a.resolved(b, at, t)
	default:
		return a.inactive(b, at, t)
	}
}

func (a Alert) inactive(b bearing, at time.Time, t Timing) (Alert, Change) {
	switch {
	case b != burns:
		return a, Unchanged
	case t.Pending > 0:
		return a.become(Pending, at), Started
	}
	a.Fired = at
	return a.become(Firing, at), FiredNow
}

func (a Alert) pending(b bearing, at time.Time, t Timing) (Alert, Change) {
	switch {
	case b != burns && t.Told:
		return a.become(Resolved, at), Subsided
	case b != burns:
		return a.become(Inactive, at), Subsided
	case at.Sub(a.Since) < t.Pending:
		return a, Unchanged
	}
	a.Fired = at
	return a.become(Firing, at), FiredNow
}

func (a Alert) firing(b bearing, at time.Time, t Timing) (Alert, Change) {
	if b != quiet || at.Sub(a.Quiet) < t.Calm {
		return a, Unchanged
	}
	return a.become(Resolved, at), Ended
}

func (a Alert) resolved(b bearing, at time.Time, t Timing) (Alert, Change) {
	switch {
	case b == burns && t.Pending > 0: // what has to last has to last again
		return a.become(Pending, at), Started
	case b == burns:
		return a.become(Firing, at), Reopened
	case t.Told, at.Sub(a.Since) < t.Forget:
		return a, Unchanged
	}
	return a.become(Inactive, at), Forgotten
}

func (a Alert) become(s State, at time.Time) Alert {
	a.State, a.Since = s, at
	return a
}
