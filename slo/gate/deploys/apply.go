package deploys

import (
	"fmt"
	"slices"
	"time"

	"plimsoll/slo/gate"
)

// Kind is what is told of a deploy.
type Kind string

// The kinds of events.
const (
	Start    Kind = "start"
	Finish   Kind = "finish"
	Fail     Kind = "fail"
	RollBack Kind = "rollback"
)

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Start, Finish, Fail, RollBack} }

// Event is what happened to a deploy.
type Event struct {
	Kind   Kind      `json:"kind" enum:"start,finish,fail,rollback"`
	At     time.Time `json:"at" doc:"When it happened"`
	By     string    `json:"by" doc:"Who told of it"`
	Source string    `json:"source" doc:"Over which road it was told"`
	Reason string    `json:"reason,omitempty"`
}

// TransitionError says that an event is not possible in the present state.
type TransitionError struct {
	Deploy Deploy
	Kind   Kind
}

// nextSteps say what to do instead, by the state that a deploy is in.
var nextSteps = map[State]string{
	Started:    "finish, fail or roll it back",
	Finished:   "fail it or roll it back, or start another deploy",
	Failed:     "roll it back, or start another deploy",
	RolledBack: "start another deploy",
}

func (e *TransitionError) Error() string {
	return fmt.Sprintf("%s is %s, so it is not possible to %s it: %s", e.Deploy.Ref, e.Deploy.State, e.Kind, nextSteps[e.Deploy.State])
}

// moves are the transitions: from which states an event leads to which.
var moves = map[Kind]struct {
	from []State
	to   State
}{
	Finish:   {[]State{Started, Failed}, Finished},
	Fail:     {[]State{Started, Finished}, Failed},
	RollBack: {[]State{Started, Finished, Failed}, RolledBack},
}

// Apply moves a deploy. What it says already changes nothing and is no error. An event that is not possible is a *[TransitionError], and one
// that would have happened before what is known a *[gate.InputError].
func Apply(d Deploy, e Event) (_ Deploy, changed bool, err error) {
	if e.Kind == Start {
		return d, false, nil // it has started: that is how there is a deploy
	}
	move, ok := moves[e.Kind]
	if !ok {
		return d, false, validKind(e.Kind)
	}
	if d.State == move.to {
		return d, false, nil
	}
	retry := e.Kind == Finish && d.State == Failed
	if !slices.Contains(move.from, d.State) || retry && !d.Finished.IsZero() {
		return d, false, &TransitionError{d, e.Kind}
	}
	if last := d.last(); e.At.Before(last) {
		return d, false, &gate.InputError{Field: "at", Found: e.At.UTC().Format(time.RFC3339),
			Message: fmt.Sprintf("%s has been %s since %s, and nothing happens before that", d.Ref, d.State, last.UTC().Format(time.RFC3339))}
	}
	d.State = move.to
	switch move.to {
	case Finished:
		d.Finished = e.At
	case Failed:
		d.Failed = e.At
	case RolledBack:
		d.RolledBack = e.At
	}
	if e.Reason != "" {
		d.Reason = e.Reason
	}
	return d, true, nil
}

// last is when the deploy last moved.
func (d Deploy) last() time.Time {
	last := d.Started
	for _, t := range []time.Time{d.Finished, d.Failed, d.RolledBack} {
		if t.After(last) {
			last = t
		}
	}
	return last
}
