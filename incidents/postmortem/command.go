package postmortem

import (
	"time"
)

// Command is one thing that may be done to a postmortem; [Apply] does it.
type Command interface {
	// Verb names the command in messages and in the history, such as "edit".
	Verb() string
	apply(*change) error
}

// Refresh takes the facts again. It changes a draft only: what was submitted stays as it was read. Facts that are older than those of
// the record change nothing.
type Refresh struct{ Facts Facts }

// Edit replaces what people have written. Whoever edits becomes an author. In review it takes approvals back.
type Edit struct {
	Content Content
	From    int    // the version that it was made from, or [ErrChanged]; 0 for whatever stands
	Reason  string // may be empty
}

// Assign gives the postmortem to somebody who sees to it that it gets done.
type Assign struct{ Owner string }

// Schedule sets when it is to be reviewed.
type Schedule struct {
	Due    time.Time
	Reason string // may be empty
}

// Invite says whose approval it needs; empty for anybody's.
type Invite struct{ Reviewers []string }

// Submit says that it is complete. It needs every section of [Record.Missing].
type Submit struct{}

// Approve agrees with the text as it stands. Whoever has written all of it cannot.
type Approve struct{ Note string }

// Return sends it back to its authors, and says why.
type Return struct{ Reason string }

// Close ends a reviewed postmortem of which each action item is done.
type Close struct{}

// AddItem adds an action item. Its ID is the next number of all.
type AddItem struct {
	ID       ItemRef
	Kind     ItemKind
	Text     string
	Owner    string
	Priority Priority
	Due      time.Time // zero for what the priority allows
	Tracker  string    // may be empty
	FollowUp bool      // of the response; whoever has it taken over has written nothing
}

// EditItem replaces what is said of an action item that is open.
type EditItem struct {
	ID       ItemRef
	Kind     ItemKind
	Text     string
	Owner    string
	Priority Priority
	Due      time.Time
	Tracker  string
}

// CloseItem says that an item is done, and shows it.
type CloseItem struct {
	ID       ItemRef
	Evidence []Evidence // at least one
}

// VerifyItem says that somebody else has looked at the evidence.
type VerifyItem struct {
	ID   ItemRef
	Note string // may be empty
}

// ReopenItem says that an item is not done after all. A postmortem that was closed is then only reviewed again.
type ReopenItem struct {
	ID     ItemRef
	Reason string
}

func (Refresh) Verb() string    { return "refresh" }
func (Edit) Verb() string       { return "edit" }
func (Assign) Verb() string     { return "assign" }
func (Schedule) Verb() string   { return "schedule" }
func (Invite) Verb() string     { return "invite reviewers" }
func (Submit) Verb() string     { return "submit" }
func (Approve) Verb() string    { return "approve" }
func (Return) Verb() string     { return "return" }
func (Close) Verb() string      { return "close" }
func (AddItem) Verb() string    { return "add an action item" }
func (EditItem) Verb() string   { return "edit an action item" }
func (CloseItem) Verb() string  { return "close an action item" }
func (VerifyItem) Verb() string { return "verify an action item" }
func (ReopenItem) Verb() string { return "reopen an action item" }
