package gate

import (
	"errors"
	"fmt"
	"time"

	"plimsoll/slo"
)

// Override lets one commit go to one environment of a service whatever else the policy says ("break glass"). It takes two people, ends
// soon, and is used up by the first decision that it turns.
type Override struct {
	ID          int64      `json:"id"`
	Service     string     `json:"service"`
	Environment string     `json:"environment"`
	Commit      string     `json:"commit"`
	Reason      string     `json:"reason"`
	By          string     `json:"by"` // who asks for it
	At          time.Time  `json:"at"`
	Until       time.Time  `json:"until"`
	ApprovedBy  string     `json:"approvedBy,omitempty"` // never By
	ApprovedAt  *time.Time `json:"approvedAt,omitempty"`
	// UsedBy is the place in the audit log of the decision that it turned; 0 while it is unused.
	UsedBy int64      `json:"usedBy,omitempty"`
	UsedAt *time.Time `json:"usedAt,omitempty"`
	// FollowUp is what is owed since it was used.
	FollowUp *FollowUp `json:"followUp,omitempty"`
}

// Limits of overrides.
const (
	// MaxOverride is how long an override may last.
	MaxOverride = 4 * time.Hour
	// OverrideQuota is how many overrides of a service may be asked for in [OverrideSpan], in all its environments.
	OverrideQuota = 3
	OverrideSpan  = 30 * 24 * time.Hour
)

// Errors of overrides.
var (
	ErrOwnApproval  = errors.New("an override needs a second person; whoever asked for it cannot approve it")
	ErrOverrideOver = errors.New("the override has ended, is used, or is approved already")
	ErrQuota        = errors.New("the service has used up its overrides")
	ErrNoOverride   = errors.New("there is no such override")
)

// Validate checks a request at the instant it is made; before are the overrides of the service that were asked for within
// [OverrideSpan]. The error is an *InputError or wraps [ErrQuota].
func (o Override) Validate(before int) error {
	c := Change{Service: o.Service, Environment: o.Environment, Commit: o.Commit}
	if err := c.Validate(); err != nil {
		return err
	}
	switch {
	case o.By == "":
		return &InputError{"by", "", "must name who asks"}
	case validReason(o.Reason) != nil:
		return validReason(o.Reason)
	case validUntil(o.Until, o.At, MaxOverride) != nil:
		return validUntil(o.Until, o.At, MaxOverride)
	case before >= OverrideQuota:
		return fmt.Errorf("%w: %d in the last %s, and no more are allowed; freeze, thaw or change the policy instead",
			ErrQuota, before, slo.ShortDuration(OverrideSpan))
	}
	return nil
}

// Approve returns the override as approved by a second person.
func (o Override) Approve(by string, at time.Time) (Override, error) {
	switch {
	case by == "":
		return o, &InputError{"by", "", "must name who approves"}
	case by == o.By:
		return o, ErrOwnApproval
	case o.ApprovedBy != "" || o.UsedBy != 0 || !at.Before(o.Until):
		return o, ErrOverrideOver
	}
	o.ApprovedBy, o.ApprovedAt = by, &at
	return o, nil
}

// covers reports whether the override lets a change go at an instant.
func (o *Override) covers(c *Change, at time.Time) bool {
	return o != nil && o.ApprovedBy != "" && o.UsedBy == 0 && at.Before(o.Until) &&
		o.Service == c.Service && o.Environment == c.Environment && o.Commit == c.Commit
}

// overrideClause speaks for an approved override. It is part of every policy.
type overrideClause struct{}

func (overrideClause) evaluate(q *question) Result {
	r := Result{Clause: "override", Verdict: Pass, Detail: "no override for this commit"}
	o := q.snapshot.Override
	if !o.covers(q.change, q.snapshot.At) {
		return r
	}
	until := o.Until
	r.Verdict, r.Reason, r.Until = Allow, Overridden, &until
	r.Detail = fmt.Sprintf("override %d by %s, approved by %s, until %s: %s", o.ID, o.By, o.ApprovedBy, instant(o.Until), o.Reason)
	r.Next = "go ahead; the override is used up and recorded, and a follow-up is owed."
	r.Flip = "another commit, or the end of the override"
	return r
}
