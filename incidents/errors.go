package incidents

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNotFound is returned for an incident that does not exist.
	ErrNotFound = errors.New("there is no such incident")
	// ErrNoEntry is returned for an entry that is not on the timeline.
	ErrNoEntry = errors.New("there is no such entry on the timeline")
	// ErrNoMember is returned for what only members of an incident may do, also while it is for everybody.
	ErrNoMember = errors.New("that is for members of the incident: who declared it, took a role in it, or was invited by one of them")
	// ErrPaired is returned by [Apply] for a command that concerns two incidents.
	ErrPaired = errors.New("the command changes two incidents at once")
	// ErrNobody is returned for a command without a subject: every entry of a timeline says whose it is.
	ErrNobody = errors.New("a command on an incident needs somebody who gives it")
)

// InputError is a value that cannot be taken, with what could be.
type InputError struct {
	Field string // which value, such as "severity" or "services[1]"
	Found string
	Want  string // what is allowed, in words
}

// Error says what was found and what is allowed.
func (e *InputError) Error() string {
	if e.Found == "" {
		return fmt.Sprintf("%s is missing: expected %s", e.Field, e.Want)
	}
	return fmt.Sprintf("%s %q is not valid: expected %s", e.Field, e.Found, e.Want)
}

// StateError is a command that the incident's state does not allow.
type StateError struct {
	Ref     Ref
	State   State
	Verb    string
	Allowed []string // verbs that lead on from the state, sorted
}

// Error says where the incident stands and what is possible.
func (e *StateError) Error() string {
	if e.State == "" {
		return fmt.Sprintf("%s is not declared yet: the only thing to do is to declare it", e.Ref)
	}
	if len(e.Allowed) == 0 {
		return fmt.Sprintf("%s is %s, so it is not possible to %s", e.Ref, e.State, e.Verb)
	}
	return fmt.Sprintf("%s is %s, so it is not possible to %s; it is possible to: %s", e.Ref, e.State, e.Verb, strings.Join(e.Allowed, ", "))
}
