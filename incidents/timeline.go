package incidents

import (
	"cmp"
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

	KindImpact   Kind = "impact"    // Was and Became are what is affected
	KindTask     Kind = "task"      // Field is its number, Became its owner
	KindFollowUp Kind = "followup"  // the same
	KindTaskDone Kind = "task done" // Field is its number
	KindLinked   Kind = "linked"    // Became is the other incident
	KindMerged   Kind = "merged"    // Became is the incident that it went into
	KindAbsorbed Kind = "absorbed"  // Was is the incident that came in
	KindInvited  Kind = "invited"   // Became is who
	KindPrivacy  Kind = "privacy"   // Was and Became are "private" or "public"
	KindDrafted  Kind = "drafted"   // Field is the message, such as "2 to customers"; Text is its text
	KindDecided  Kind = "decided"   // Field is the message, Became "approved" or "rejected"; Text is the reason
	KindSent     Kind = "sent"      // Field is the message; Text says to whom
	KindAlert    Kind = "alert"     // Field is what it was about, Became when it happened if that was told
	KindDeploy   Kind = "deploy"    // the same
	KindDecision Kind = "decision"  // the same, of the gate
	KindPinned   Kind = "pinned"    // a message from elsewhere: Field is its author, Became where it stands
)

// authored reports whether somebody wrote an entry of this kind in their own words, which they may correct.
func (k Kind) authored() bool { return k == KindNote || k == KindUpdate || k == KindPinned }

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

// Amend returns the next version of a note, an update or a pinned message, with another text; an empty text retracts it. What an update
// promised stays promised.
func Amend(e TimelineEntry, text string, at time.Time, by string) (TimelineEntry, error) {
	if by == "" {
		return e, ErrNobody
	}
	if !e.Kind.authored() {
		return e, &InputError{Field: "entry", Found: string(e.Kind), Want: "a note, an update or a pinned message: what happened is corrected by what happens next"}
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
	if tell, ok := sentences[e.Kind]; ok {
		return tell(e, name)
	}
	return withReason(string(e.Kind), e.Text)
}

// sentences tell of each kind that takes more than its name and a reason.
var sentences = map[Kind]func(e TimelineEntry, name func(string) string) string{
	KindDeclared: func(e TimelineEntry, _ func(string) string) string {
		if e.Became == Unset.String() {
			return "declared: " + e.Text
		}
		return fmt.Sprintf("declared as %s: %s", e.Became, e.Text)
	},
	KindAssigned: func(e TimelineEntry, name func(string) string) string {
		if e.Was == "" {
			return fmt.Sprintf("%s is %s", Role(e.Field).Title(), name(e.Became))
		}
		return fmt.Sprintf("%s handed off from %s to %s", Role(e.Field).Title(), name(e.Was), name(e.Became))
	},
	KindNote:   written,
	KindUpdate: written,
	KindPinned: func(e TimelineEntry, name func(string) string) string {
		if e.Retracted() || e.Field == "" {
			return written(e, name)
		}
		return fmt.Sprintf("pinned what %s wrote: %s", name(e.Field), e.Text)
	},
	KindSeverity: func(e TimelineEntry, _ func(string) string) string {
		if e.Was == Unset.String() {
			return withReason("severity set to "+e.Became, e.Text)
		}
		return withReason(fmt.Sprintf("severity changed from %s to %s", e.Was, e.Became), e.Text)
	},
	KindTime: func(e TimelineEntry, _ func(string) string) string {
		if e.Was == "" {
			return fmt.Sprintf("time %s set to %s", e.Field, e.Became)
		}
		return fmt.Sprintf("time %s corrected from %s to %s", e.Field, e.Was, e.Became)
	},
	KindImpact: func(e TimelineEntry, _ func(string) string) string {
		return fmt.Sprintf("affected changed from %s to %s", cmp.Or(e.Was, "nothing"), cmp.Or(e.Became, "nothing"))
	},
	KindTask:     asked("task"),
	KindFollowUp: asked("follow-up"),
	KindTaskDone: func(e TimelineEntry, _ func(string) string) string {
		return fmt.Sprintf("task %s done: %s", e.Field, e.Text)
	},
	KindLinked:   func(e TimelineEntry, _ func(string) string) string { return "linked to " + e.Became },
	KindMerged:   func(e TimelineEntry, _ func(string) string) string { return "merged into " + e.Became },
	KindAbsorbed: func(e TimelineEntry, _ func(string) string) string { return e.Was + " was merged into this one" },
	KindInvited:  func(e TimelineEntry, name func(string) string) string { return name(e.Became) + " invited" },
	KindPrivacy:  func(e TimelineEntry, _ func(string) string) string { return "made " + e.Became },
	KindDrafted: func(e TimelineEntry, _ func(string) string) string {
		return fmt.Sprintf("message %s drafted: %s", e.Field, e.Text)
	},
	KindDecided: func(e TimelineEntry, _ func(string) string) string {
		return withReason(fmt.Sprintf("message %s %s", e.Field, e.Became), e.Text)
	},
	KindSent: func(e TimelineEntry, _ func(string) string) string {
		return fmt.Sprintf("message %s sent: %s", e.Field, e.Text)
	},
	KindAlert:    happened("alert"),
	KindDeploy:   happened("deploy"),
	KindDecision: happened("gate decision"),
}

func written(e TimelineEntry, _ func(string) string) string {
	if e.Retracted() {
		return string(e.Kind) + " retracted"
	}
	return string(e.Kind) + ": " + e.Text
}

func asked(what string) func(TimelineEntry, func(string) string) string {
	return func(e TimelineEntry, name func(string) string) string {
		owner := ""
		if e.Became != "" {
			owner = " for " + name(e.Became)
		}
		return fmt.Sprintf("%s %s%s: %s", what, e.Field, owner, e.Text)
	}
}

func happened(what string) func(TimelineEntry, func(string) string) string {
	return func(e TimelineEntry, _ func(string) string) string {
		told := what
		if e.Field != "" {
			told += " on " + e.Field
		}
		if e.Became != "" {
			told += " at " + e.Became
		}
		return told + ": " + e.Text
	}
}

func withReason(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}
