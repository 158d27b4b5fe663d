package api

import (
	"context"
	"errors"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// responder keeps what people do about a Code Red.
type responder interface {
	Status(ctx context.Context, service string) ([]gate.FreezeStatus, error)
	ThawByCriteria(ctx context.Context, by string, roles []string, service, environment, reason string) (gate.Event, error)
	FilePlan(ctx context.Context, by, service, environment string, plan gate.Plan) (gate.Event, error)
}

// StatusRequest picks freezes.
type StatusRequest struct {
	Service string `query:"service" doc:"Only those of this service"`
}

// Status is how the freezes stand, sorted by service and environment.
type Status struct {
	Status []gate.FreezeStatus `json:"status" nullable:"false"`
}

// StatusResponse holds freezes.
type StatusResponse struct {
	Body Status
}

// Status tells how every freeze stands: what is owed, what ends it, and when that may be.
func (h *Handlers) Status(ctx context.Context, in *StatusRequest) (*StatusResponse, error) {
	found, err := h.Gate.Status(ctx, in.Service)
	if err != nil {
		return nil, problem(err, "the freezes cannot be read now")
	}
	return &StatusResponse{Body: Status{Status: orEmpty(found)}}, nil
}

// CriteriaRequest ends a Code Red by its exit criteria.
type CriteriaRequest struct {
	Body Criteria
}

// Criteria is the word of a release manager.
type Criteria struct {
	Service     string `json:"service" example:"video-api"`
	Environment string `json:"environment" example:"production"`
	Reason      string `json:"reason" doc:"Why, in one line"`
}

// ThawByCriteria ends a Code Red whose exit criteria are met.
func (h *Handlers) ThawByCriteria(ctx context.Context, in *CriteriaRequest) (*ManualResponse, error) {
	b, p := in.Body, identity.From(ctx)
	return codeRedResponse(h.Gate.ThawByCriteria(ctx, p.Subject, p.RolesAt(identity.Place{Service: b.Service, Environment: b.Environment}), b.Service, b.Environment, b.Reason))
}

// PlanRequest files an action plan.
type PlanRequest struct {
	Body Plan
}

// Plan is what a team undertakes to do about a spent budget: an address, or words, or both.
type Plan struct {
	Service     string `json:"service" example:"video-api"`
	Environment string `json:"environment" example:"production"`
	URL         string `json:"url,omitempty" doc:"Where it is written"`
	Text        string `json:"text,omitempty" doc:"What will be done; its first line is shown"`
}

// FilePlan files the action plan of a Code Red, or another one in its place.
func (h *Handlers) FilePlan(ctx context.Context, in *PlanRequest) (*ManualResponse, error) {
	b := in.Body
	return codeRedResponse(h.Gate.FilePlan(ctx, identity.From(ctx).Subject, b.Service, b.Environment, gate.Plan{URL: b.URL, Text: b.Text}))
}

func codeRedResponse(e gate.Event, err error) (*ManualResponse, error) {
	switch {
	case err == nil:
		return &ManualResponse{Body: e}, nil
	case errors.Is(err, gate.ErrNotReleaseManager):
		return nil, httpapi.Problem(httpapi.Forbidden, gate.ErrNotReleaseManager.Error(), nil)
	case errors.Is(err, gate.ErrNoCodeRed), errors.Is(err, gate.ErrCriteria):
		return nil, httpapi.Problem(httpapi.Conflict, err.Error(), nil)
	default:
		return nil, problem(err, "the freeze was not changed; ask again")
	}
}
