package api

import (
	"context"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// Begin drafts a postmortem.
func (h *Handlers) Begin(ctx context.Context, in *RefRequest) (*PostmortemResponse, error) {
	ref, err := incidents.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.ref")
	}
	return h.answer(h.Store.Begin(ctx, ref, Once{}.caller(ctx, "")))
}

// Refresh takes the facts again.
func (h *Handlers) Refresh(ctx context.Context, in *RefRequest) (*PostmortemResponse, error) {
	ref, err := incidents.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.ref")
	}
	return h.answer(h.Store.Refresh(ctx, ref, Once{}.caller(ctx, "")))
}

// EditBody is what people write.
type EditBody struct {
	Version int                `json:"version" minimum:"1" doc:"That the change was made from. What somebody else changed since stays, unless both changed the same section: then the change is refused"`
	Content postmortem.Content `json:"content"`
	Reason  string             `json:"reason,omitempty" doc:"For the history"`
}

// EditRequest replaces what people wrote.
type EditRequest struct {
	ChangeRequest
	Body EditBody
}

// Edit replaces what people wrote.
func (h *Handlers) Edit(ctx context.Context, in *EditRequest) (*PostmortemResponse, error) {
	return h.do(ctx, in.ChangeRequest, postmortem.Edit{Content: in.Body.Content, From: in.Body.Version, Reason: in.Body.Reason}, "body.content.")
}

// OwnerRequest gives a postmortem to somebody.
type OwnerRequest struct {
	ChangeRequest
	Body struct {
		Owner string `json:"owner,omitempty" doc:"Absent for whoever asks"`
	}
}

// Assign gives a postmortem to somebody.
func (h *Handlers) Assign(ctx context.Context, in *OwnerRequest) (*PostmortemResponse, error) {
	owner := in.Body.Owner
	if owner == "" {
		owner = viewer(ctx).Subject
	}
	return h.do(ctx, in.ChangeRequest, postmortem.Assign{Owner: owner}, "")
}

// ScheduleRequest sets a date.
type ScheduleRequest struct {
	ChangeRequest
	Body struct {
		Due    time.Time `json:"due"`
		Reason string    `json:"reason,omitempty"`
	}
}

// Schedule sets when a postmortem is to be reviewed.
func (h *Handlers) Schedule(ctx context.Context, in *ScheduleRequest) (*PostmortemResponse, error) {
	return h.do(ctx, in.ChangeRequest, postmortem.Schedule{Due: in.Body.Due, Reason: in.Body.Reason}, "")
}

// InviteRequest names reviewers.
type InviteRequest struct {
	ChangeRequest
	Body struct {
		Reviewers []string `json:"reviewers" nullable:"false" maxItems:"100" doc:"All of them; empty for anybody's approval"`
	}
}

// Invite says whose approval a postmortem needs.
func (h *Handlers) Invite(ctx context.Context, in *InviteRequest) (*PostmortemResponse, error) {
	return h.do(ctx, in.ChangeRequest, postmortem.Invite{Reviewers: in.Body.Reviewers}, "")
}

// Submit says that a postmortem is complete.
func (h *Handlers) Submit(ctx context.Context, in *ChangeRequest) (*PostmortemResponse, error) {
	return h.do(ctx, *in, postmortem.Submit{}, "")
}

// ReviewRequest is the word of a reviewer.
type ReviewRequest struct {
	ChangeRequest
	Body struct {
		Approve bool   `json:"approve" doc:"False returns it to its authors"`
		Note    string `json:"note,omitempty" doc:"Needed to return it"`
	}
}

// Review approves a postmortem or returns it.
func (h *Handlers) Review(ctx context.Context, in *ReviewRequest) (*PostmortemResponse, error) {
	if in.Body.Approve {
		return h.do(ctx, in.ChangeRequest, postmortem.Approve{Note: in.Body.Note}, "")
	}
	return h.do(ctx, in.ChangeRequest, postmortem.Return{Reason: in.Body.Note}, "")
}

// ReturnRequest gives a reason.
type ReturnRequest struct {
	ChangeRequest
	Body struct {
		Reason string `json:"reason"`
	}
}

// Return sends a postmortem back to its authors.
func (h *Handlers) Return(ctx context.Context, in *ReturnRequest) (*PostmortemResponse, error) {
	return h.do(ctx, in.ChangeRequest, postmortem.Return{Reason: in.Body.Reason}, "")
}

// Close closes a postmortem.
func (h *Handlers) Close(ctx context.Context, in *ChangeRequest) (*PostmortemResponse, error) {
	return h.do(ctx, *in, postmortem.Close{}, "")
}
