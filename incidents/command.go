package incidents

import (
	"strings"
	"time"
	"unicode/utf8"

	"plimsoll/slo"
)

// Command is one thing that may be done to an incident; [Apply] does it.
type Command interface {
	// Verb names the command in messages and routes, such as "acknowledge".
	Verb() string
	apply(*change) error
}

// Limits on texts, in characters.
const (
	MaxTitle = 200
	MaxText  = 10_000
)

// Declare opens an incident. It is the first command of each and never a later one.
type Declare struct {
	Title      string   // one line
	Severity   Severity // Unset while nobody can tell
	Services   []string
	Objectives []slo.Key
	Started    time.Time // zero if not known yet
	Detected   time.Time // zero for the moment of the declaration
	Source     Source
	DedupKey   string // see [Incident]
	Private    bool   // only members can see it, from the start
	Drill      bool   // an exercise
}

// Acknowledge says that the caller works on it.
type Acknowledge struct{}

// Assign gives a role to somebody, from whoever holds it now. A commander who takes the role acknowledges.
type Assign struct {
	Role Role
	To   string // empty for the caller
}

// Note puts a text among responders on the timeline.
type Note struct{ Text string }

// Update tells everybody else how it goes, and when the next word comes.
type Update struct {
	Text   string
	NextIn time.Duration // 0 for the cadence of the severity
}

// SetSeverity changes the severity. The next update is then due by the new cadence, whatever was promised before.
type SetSeverity struct {
	Severity Severity
	Reason   string // may be empty
}

// SetTime corrects when something happened. Only what has happened has a time.
type SetTime struct {
	Event Event
	At    time.Time
}

// Mitigate says that customers no longer notice. How may be empty.
type Mitigate struct{ How string }

// Resolve says that the cause is gone or contained. How may be empty.
type Resolve struct{ How string }

// Reopen says that it was not over after all, or no part of another, and why. Tasks that merging moved stay where they are.
type Reopen struct{ Reason string }

// Close ends a resolved incident for good.
type Close struct{}

// Cancel says that it was no incident, and why.
type Cancel struct{ Reason string }

func (Declare) Verb() string     { return "declare" }
func (Acknowledge) Verb() string { return "acknowledge" }
func (Assign) Verb() string      { return "assign" }
func (Note) Verb() string        { return "note" }
func (Update) Verb() string      { return "update" }
func (SetSeverity) Verb() string { return "set severity" }
func (SetTime) Verb() string     { return "set time" }
func (Mitigate) Verb() string    { return "mitigate" }
func (Resolve) Verb() string     { return "resolve" }
func (Reopen) Verb() string      { return "reopen" }
func (Close) Verb() string       { return "close" }
func (Cancel) Verb() string      { return "cancel" }

// checkText returns text without space around it, or an error if it is too long, or empty although it is required.
func checkText(field, text string, limit int, required bool) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "" && required:
		return "", &InputError{Field: field, Want: "some words"}
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "", &InputError{Field: field, Found: strings.ToValidUTF8(text, "?"), Want: "text in UTF-8"}
	case utf8.RuneCountInString(text) > limit:
		return "", &InputError{Field: field, Found: string([]rune(text)[:40]) + "…", Want: "at most " + count(limit) + " characters"}
	}
	return text, nil
}
