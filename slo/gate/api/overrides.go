package api

import (
	"context"
	"errors"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// overrider keeps the overrides.
type overrider interface {
	RequestOverride(ctx context.Context, o gate.Override) (gate.Override, error)
	ApproveOverride(ctx context.Context, by string, id int64) (gate.Override, error)
	Overrides(ctx context.Context, service string) ([]gate.Override, error)
	FinishFollowUp(ctx context.Context, by string, id int64, evidence string) (gate.Override, error)
}

// OverridesRequest picks overrides.
type OverridesRequest struct {
	Service string `query:"service" doc:"Only those of this service"`
}

// Overrides are the overrides that count against the quota, newest first.
type Overrides struct {
	Overrides []gate.Override `json:"overrides" nullable:"false"`
}

// OverridesResponse holds overrides.
type OverridesResponse struct {
	Body Overrides
}

// Overrides lists the overrides of the last 30 days.
func (h *Handlers) Overrides(ctx context.Context, in *OverridesRequest) (*OverridesResponse, error) {
	found, err := h.Gate.Overrides(ctx, in.Service)
	if err != nil {
		return nil, problem(err, "the overrides cannot be read now")
	}
	return &OverridesResponse{Body: Overrides{Overrides: append([]gate.Override{}, found...)}}, nil
}

// OverrideRequest asks for an override.
type OverrideRequest struct {
	Body struct {
		Service     string    `json:"service" example:"video-api"`
		Environment string    `json:"environment" example:"production"`
		Commit      string    `json:"commit" example:"8f2c1d0"`
		Reason      string    `json:"reason" doc:"Why, in one line; it is shown wherever the decision is"`
		Until       time.Time `json:"until" doc:"When it ends if it is not used; at most 4 hours from now"`
	}
}

// OverrideResponse is an override in its present state.
type OverrideResponse struct {
	Body gate.Override
}

// RequestOverride asks for an override. It counts once somebody else has approved it.
func (h *Handlers) RequestOverride(ctx context.Context, in *OverrideRequest) (*OverrideResponse, error) {
	b := in.Body
	o, err := h.Gate.RequestOverride(ctx, gate.Override{
		Service: b.Service, Environment: b.Environment, Commit: b.Commit, Reason: b.Reason, Until: b.Until, By: identity.From(ctx).Subject,
	})
	return overrideResponse(o, err)
}

// ApproveRequest names an override.
type ApproveRequest struct {
	ID int64 `path:"id" minimum:"1"`
}

// ApproveOverride lets an override count.
func (h *Handlers) ApproveOverride(ctx context.Context, in *ApproveRequest) (*OverrideResponse, error) {
	o, err := h.Gate.ApproveOverride(ctx, identity.From(ctx).Subject, in.ID)
	return overrideResponse(o, err)
}

// FollowUpRequest says that the follow-up of an override is done.
type FollowUpRequest struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Evidence string `json:"evidence" doc:"What was found, or where it is written, in one line"`
	}
}

// FinishFollowUp says that the follow-up of an override is done.
func (h *Handlers) FinishFollowUp(ctx context.Context, in *FollowUpRequest) (*OverrideResponse, error) {
	o, err := h.Gate.FinishFollowUp(ctx, identity.From(ctx).Subject, in.ID, in.Body.Evidence)
	return overrideResponse(o, err)
}

func overrideResponse(o gate.Override, err error) (*OverrideResponse, error) {
	switch {
	case err == nil:
		return &OverrideResponse{Body: o}, nil
	case errors.Is(err, gate.ErrNoOverride):
		return nil, httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	case errors.Is(err, gate.ErrOwnApproval):
		return nil, httpapi.Problem(httpapi.Forbidden, gate.ErrOwnApproval.Error(), nil)
	case errors.Is(err, gate.ErrOverrideOver), errors.Is(err, gate.ErrQuota), errors.Is(err, gate.ErrNoFollowUp):
		return nil, httpapi.Problem(httpapi.Conflict, err.Error(), nil)
	default:
		return nil, problem(err, "the override could not be recorded, so it does not count")
	}
}
