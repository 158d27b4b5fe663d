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
	// Plan is the action plan of the present Code Red, from when it is filed until releases are open again.
	Plan *Plan `json:"plan,omitempty"`
	// Excused are the budgets that were spent when a release manager ended Code Red by its criteria. Such a budget is judged as if it were
	// low, until it is back above the threshold or has lost as much again as that threshold.
	Excused []Excused `json:"excused,omitempty"`
	// Reminded holds the duties of the present Code Red that were told as overdue, each with when it was due.
	Reminded map[DutyKind]time.Time `json:"reminded,omitempty"`
	// Shadow is whether the policy was in shadow mode when this was read, in which a freeze stops nothing. It is not stored.
	Shadow bool `json:"shadow,omitempty"`
}

// Plan is what a team has undertaken to do about a spent budget.
type Plan struct {
	URL  string    `json:"url,omitempty"`
	Text string    `json:"text,omitempty"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// Excused is a budget that was spent when Code Red was ended by its criteria.
type Excused struct {
	Objective slo.Key `json:"objective"`
	Remaining float64 `json:"remaining"` // share of the budget then
}

// excuses reports whether a spent budget is excused: it was spent when Code Red was ended by its criteria, and has lost no more than above
// since.
func (s State) excuses(f *Figures, above slo.Ratio) bool {
	for _, e := range s.Excused {
		if e.Objective == f.Objective {
			return f.Remaining >= e.Remaining-above.Float()
		}
	}
	return false
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
	FreezeByHand   CommandKind = "freeze"           // deny changes until the end
	ThawByHand     CommandKind = "thaw"             // lift freeze and spent budgets until the end
	ThawByCriteria CommandKind = "thaw_by_criteria" // end Code Red, since its exit criteria are met
	FilePlan       CommandKind = "file_plan"        // say what will be done about the spent budget
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
	PlanFiled      EventKind = "plan_filed"   // the action plan of a Code Red is there
	DutyOverdue    EventKind = "duty_overdue" // a duty of a Code Red was not done in time
)

// EventKinds returns every kind of event.
func EventKinds() []EventKind {
	return []EventKind{EnteredOpen, EnteredCaution, EnteredCodeRed, EnteredThawing, Frozen, Thawed, ManualEnded, PlanFiled, DutyOverdue}
}

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
	Plan        *Plan      `json:"plan,omitempty"` // of plan_filed
}
