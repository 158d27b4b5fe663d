package gate

import (
	"time"

	"plimsoll/slo"
)

// Phase of a freeze. The zero value means Open.
type Phase string

const (
	Open    Phase = "open"     // changes go
	Caution Phase = "caution"  // a budget is low
	CodeRed Phase = "code_red" // a budget was spent; non-essential changes are frozen
	Thawing Phase = "thawing"  // budgets are back; changes go one at a time
)

// Phases returns every phase, in the order of a freeze.
func Phases() []Phase { return []Phase{Open, Caution, CodeRed, Thawing} }

// State is the freeze of one service in one environment. The zero value, with both names, is where every freeze begins.
type State struct {
	Service     string    `json:"service"`
	Environment string    `json:"environment"`
	Phase       Phase     `json:"phase"`
	Since       time.Time `json:"since,omitzero"` // when the phase began
	// Freeze is the place in the audit log of the event that began the present or last Code Red.
	Freeze int64 `json:"freeze,omitempty"`
	// Cause lists the objectives whose budgets were spent when Code Red began.
	Cause []slo.Key `json:"cause,omitempty"`
	// RecoveredAt is since when every budget has been back above the threshold; in CodeRed only.
	RecoveredAt *time.Time `json:"recoveredAt,omitempty"`
	// Admitted is the last change that went out while thawing.
	Admitted *Admission `json:"admitted,omitempty"`
	// Manual is a freeze or thaw by hand.
	Manual *Manual `json:"manual,omitempty"`
}

// Admission is a change that took the slot of its hour while thawing.
type Admission struct {
	At     time.Time `json:"at"`
	Commit string    `json:"commit"`
}

// Manual is what a person decided over the phases.
type Manual struct {
	Kind   CommandKind `json:"kind" enum:"freeze,thaw"`
	By     string      `json:"by"`
	Reason string      `json:"reason"`
	At     time.Time   `json:"at"`
	Until  time.Time   `json:"until"`
}

// CommandKind is what a person can do to a freeze.
type CommandKind string

const (
	FreezeByHand CommandKind = "freeze" // deny changes until the end
	ThawByHand   CommandKind = "thaw"   // lift freeze and spent budgets until the end
)

// active returns the manual freeze or thaw that is in force at an instant, or nil.
func (s State) active(at time.Time) *Manual {
	if s.Manual != nil && at.Before(s.Manual.Until) {
		return s.Manual
	}
	return nil
}

// Frozen reports whether changes that are not exempt are denied at an instant.
func (s State) Frozen(at time.Time) bool {
	if m := s.active(at); m != nil {
		return m.Kind == FreezeByHand
	}
	return s.Phase == CodeRed
}

// exemptions are the reasons of an allow that the freeze has no say in.
var exemptions = map[Reason]bool{ExemptRollback: true, ExemptClass: true, Overridden: true}

// Admit returns the state after a decision: while thawing, an allowed change that is not exempt takes the slot.
func (s State) Admit(d Decision) State {
	if s.Phase != Thawing || d.Verdict() != Allow || exemptions[d.Reason] {
		return s
	}
	if s.Admitted == nil || s.Admitted.Commit != d.Change.Commit {
		s.Admitted = &Admission{At: d.At, Commit: d.Change.Commit}
	}
	return s
}

// EventKind names what happened to a freeze.
type EventKind string

const (
	EnteredOpen    EventKind = "entered_open"
	EnteredCaution EventKind = "entered_caution"
	EnteredCodeRed EventKind = "entered_code_red"
	EnteredThawing EventKind = "entered_thawing"
	Frozen         EventKind = "frozen_by_hand"
	Thawed         EventKind = "thawed_by_hand"
	ManualEnded    EventKind = "manual_ended" // the end that a person set has come, or another person ended it
)

// Event is one thing that happened to a freeze, as the audit log keeps it.
type Event struct {
	Seq         int64      `json:"seq"` // place in the audit log
	Kind        EventKind  `json:"kind"`
	At          time.Time  `json:"at"`
	Service     string     `json:"service"`
	Environment string     `json:"environment"`
	From        Phase      `json:"from"`
	To          Phase      `json:"to"`
	By          string     `json:"by,omitempty"` // a person; empty where the budget did it
	Reason      string     `json:"reason"`       // in plain words
	Until       *time.Time `json:"until,omitempty"`
	Objectives  []Figures  `json:"objectives,omitempty"`
}
