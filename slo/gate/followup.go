package gate

import (
	"errors"
	"fmt"
	"time"
)

// FollowUp is what is owed after an override was used: somebody looks at why it was needed, and writes down what was found.
type FollowUp struct {
	Text  string    `json:"text"`
	Owner string    `json:"owner"` // who asked for the override
	Due   time.Time `json:"due"`
	// Ref is where it is worked on as well, such as "INC-7 task 2"; empty if nowhere.
	Ref      string     `json:"ref,omitempty"`
	DoneBy   string     `json:"doneBy,omitempty"`
	DoneAt   *time.Time `json:"doneAt,omitempty"`
	Evidence string     `json:"evidence,omitempty"` // what was found, or where it is written
}

// FollowUpWithin is by when a follow-up is due after its override was used.
const FollowUpWithin = 7 * 24 * time.Hour

// ErrNoFollowUp is returned for an override that was not used, or whose follow-up is done.
var ErrNoFollowUp = errors.New("the override owes no follow-up: it was not used, or the follow-up is done")

// Use returns the override as used up by the decision at a place in the audit log, with the follow-up that it owes.
func (o Override) Use(seq int64, at time.Time) Override {
	o.UsedBy, o.UsedAt = seq, &at
	o.FollowUp = &FollowUp{
		Text:  fmt.Sprintf("Say why %s of %s had to go to %s by override %d: %s", ShortCommit(o.Commit), o.Service, o.Environment, o.ID, o.Reason),
		Owner: o.By, Due: at.Add(FollowUpWithin),
	}
	return o
}

// Attach returns the override with its follow-up worked on elsewhere as well. Nothing changes if that is so already.
func (o Override) Attach(ref string) (Override, error) {
	if o.FollowUp == nil {
		return o, ErrNoFollowUp
	}
	f := *o.FollowUp
	if f.Ref == "" {
		f.Ref = ref
	}
	o.FollowUp = &f
	return o, nil
}

// FollowedUp returns the override with its follow-up done. The error is [ErrNoFollowUp] or an *InputError.
func (o Override) FollowedUp(by, evidence string, at time.Time) (Override, error) {
	if by == "" {
		return o, &InputError{"by", "", "must name who says so"}
	}
	if o.FollowUp == nil || o.FollowUp.DoneAt != nil {
		return o, ErrNoFollowUp
	}
	if validReason(evidence) != nil {
		return o, &InputError{"evidence", evidence, fmt.Sprintf("must say what was found, or where it is written, in at most %d characters on one line", maxReason)}
	}
	f := *o.FollowUp
	f.DoneBy, f.DoneAt, f.Evidence = by, &at, evidence
	o.FollowUp = &f
	return o, nil
}
