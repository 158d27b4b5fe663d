package incidents

import (
	"fmt"
	"time"
)

// Kind is what an entry of a timeline tells of.
type Kind string

const (
	KindDeclared     Kind = "declared"
	KindAcknowledged Kind = "acknowledged"
	KindAssigned     Kind = "assigned" // Field is the role, Was and Became its holders
	KindNote         Kind = "note"     // among responders
	KindUpdate       Kind = "update"   // for everybody else; Became is when the next one was promised, if it was
	KindSeverity     Kind = "severity" // Was and Became are severities
	KindTime         Kind = "time"     // Field is the event, Was and Became its times
	KindMitigated    Kind = "mitigated"
	KindResolved     Kind = "resolved"
	KindReopened     Kind = "reopened"
	KindClosed       Kind = "closed"
	KindCancelled    Kind = "cancelled"
)

// TimelineEntry is one line of an incident's timeline. Entries are numbered from 1 without gaps and are never taken away: an edit
// is a new version of the entry, and a retracted one is a version without text.
type TimelineEntry struct {
	Number int       `json:"number"`
	Kind   Kind      `json:"kind"`
	At     time.Time `json:"at"`
	By     string    `json:"by" doc:"Who did it"`
	Text   string    `json:"text,omitempty"`
	Field  string    `json:"field,omitempty" doc:"What changed: a role or the name of a time"`
	Was    string    `json:"was,omitempty"`
	Became string    `json:"became,omitempty"`

	Version  int       `json:"version" doc:"1 as it was written, one more with each edit"`
	EditedBy string    `json:"editedBy,omitempty" doc:"Who wrote this version, if it is an edit"`
	EditedAt time.Time `json:"editedAt,omitzero"`
}

// Retracted reports whether the text of the entry was taken back.
func (e TimelineEntry) Retracted() bool { return e.Version > 1 && e.Text == "" }

// Amend returns the next version of a note or an update, with another text; an empty text retracts it. What an update
// promised stays promised.
func Amend(e TimelineEntry, text string, at time.Time, by string) (TimelineEntry, error) {
	if by == "" {
		return e, ErrNobody
	}
	if e.Kind != KindNote && e.Kind != KindUpdate {
		return e, &InputError{Field: "entry", Found: string(e.Kind), Want: "a note or an update: what happened is corrected by what happens next"}
	}
	text, err := checkText("text", text, MaxText, false)
	if err != nil {
		return e, err
	}
	e.Text, e.EditedBy, e.EditedAt = text, by, exact(at)
	e.Version++
	return e, nil
}

// Sentence says what happened, without when and by whom. People are written by name, or as they are if it is nil.
func (e TimelineEntry) Sentence(name func(subject string) string) string {
	if name == nil {
		name = func(subject string) string { return subject }
	}
	switch e.Kind {
	case KindDeclared:
		return fmt.Sprintf("declared as %s: %s", e.Became, e.Text)
	case KindAssigned:
		if e.Was == "" {
			return fmt.Sprintf("%s is %s", Role(e.Field).Title(), name(e.Became))
		}
		return fmt.Sprintf("%s handed off from %s to %s", Role(e.Field).Title(), name(e.Was), name(e.Became))
	case KindNote, KindUpdate:
		if e.Retracted() {
			return string(e.Kind) + " retracted"
		}
		return string(e.Kind) + ": " + e.Text
	case KindSeverity:
		return withReason(fmt.Sprintf("severity changed from %s to %s", e.Was, e.Became), e.Text)
	case KindTime:
		if e.Was == "" {
			return fmt.Sprintf("time %s set to %s", e.Field, e.Became)
		}
		return fmt.Sprintf("time %s corrected from %s to %s", e.Field, e.Was, e.Became)
	default:
		return withReason(string(e.Kind), e.Text)
	}
}

func withReason(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}
