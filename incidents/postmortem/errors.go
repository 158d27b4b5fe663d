package postmortem

import (
	"errors"
	"fmt"
	"strings"

	"plimsoll/incidents"
)

var (
	// ErrNotFound is returned for a postmortem that was not begun, and for one of an incident that the viewer may not see.
	ErrNotFound = errors.New("there is no such postmortem")
	// ErrNoItem is returned for an action item that does not exist, or that the viewer may not see.
	ErrNoItem = errors.New("there is no such action item")
	// ErrNoVersion is returned for a version that a postmortem does not have.
	ErrNoVersion = errors.New("there is no such version of the postmortem")
	// ErrChanged is returned for a change that was made from a version that is not the present one.
	ErrChanged = errors.New("somebody changed the postmortem in the meantime")
	// ErrOwnWork is returned where a second person has to look: at a text whose only author asks, or at an item that the
	// same person closed.
	ErrOwnWork = errors.New("a second person has to look at this")
	// ErrNoIncident is returned for a postmortem of something that was none: a cancelled or a merged incident.
	ErrNoIncident = errors.New("a postmortem needs an incident that was one")
)

// StateError is a command that the state of the postmortem or of an item does not allow.
type StateError struct {
	What  string // "the postmortem of INC-7" or "AI-7"
	State string
	Verb  string
	Allow string // what is possible, in words
}

// Error says where it stands and what is possible.
func (e *StateError) Error() string {
	return fmt.Sprintf("%s is %s, so it is not possible to %s; possible: %s", e.What, strings.ReplaceAll(e.State, "_", " "), e.Verb, e.Allow)
}

// MissingError is a postmortem that is not ready for what was asked.
type MissingError struct {
	Ref     incidents.Ref
	Missing []string // what each is, in words
}

// Error names all that is missing.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the postmortem of %s is not ready: %s", e.Ref, strings.Join(e.Missing, "; "))
}

func input(field, found, want string) error {
	return &incidents.InputError{Field: field, Found: found, Want: want}
}
