package api

import (
	"context"
	"errors"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// exempter keeps the exemptions.
type exempter interface {
	Exempt(ctx context.Context, e gate.Exemption) (gate.Exemption, error)
	EndExemption(ctx context.Context, by string, id int64) (gate.Exemption, error)
	Exemptions(ctx context.Context, service string) ([]gate.Exemption, error)
}

// ExemptionsRequest picks exemptions.
type ExemptionsRequest struct {
	Service string `query:"service" doc:"Only those of this service"`
}

// Exemptions are the exemptions that have not ended, or did in the last 30 days, newest first.
type Exemptions struct {
	Exemptions []gate.Exemption `json:"exemptions" nullable:"false"`
}

// ExemptionsResponse holds exemptions.
type ExemptionsResponse struct {
	Body Exemptions
}

// Exemptions lists the exemptions that have not ended, or did in the last 30 days.
func (h *Handlers) Exemptions(ctx context.Context, in *ExemptionsRequest) (*ExemptionsResponse, error) {
	found, err := h.Gate.Exemptions(ctx, in.Service)
	if err != nil {
		return nil, problem(err, "the exemptions cannot be read now")
	}
	return &ExemptionsResponse{Body: Exemptions{Exemptions: orEmpty(found)}}, nil
}

// ExemptRequest records an exemption.
type ExemptRequest struct {
	Body Exempt
}

// Exempt says that a spent budget is not the team's to make good.
type Exempt struct {
	Service     string       `json:"service" example:"video-api"`
	Environment string       `json:"environment" example:"production"`
	Because     gate.Because `json:"because" doc:"cause_outside, dependency_frozen, out_of_scope or miscategorized"`
	Dependency  string       `json:"dependency,omitempty" doc:"The service that caused it and is frozen; with dependency_frozen only"`
	Incident    string       `json:"incident,omitempty" doc:"That shows the cause, such as INC-7"`
	Reason      string       `json:"reason" doc:"Why, in one line; it is shown wherever a decision is"`
	Until       time.Time    `json:"until" doc:"When it ends by itself; at most 31 days from now"`
}

// ExemptionResponse is an exemption in its present state.
type ExemptionResponse struct {
	Body gate.Exemption
}

// Exempt records an exemption. It counts at once.
func (h *Handlers) Exempt(ctx context.Context, in *ExemptRequest) (*ExemptionResponse, error) {
	b := in.Body
	e, err := h.Gate.Exempt(ctx, gate.Exemption{
		Service: b.Service, Environment: b.Environment, Because: b.Because, Dependency: b.Dependency, Incident: b.Incident, Reason: b.Reason, Until: b.Until,
		By: identity.From(ctx).Subject,
	})
	return exemptionResponse(e, err)
}

// EndExemptionRequest names an exemption.
type EndExemptionRequest struct {
	ID int64 `path:"id" minimum:"1"`
}

// EndExemption ends an exemption before its time.
func (h *Handlers) EndExemption(ctx context.Context, in *EndExemptionRequest) (*ExemptionResponse, error) {
	e, err := h.Gate.EndExemption(ctx, identity.From(ctx).Subject, in.ID)
	return exemptionResponse(e, err)
}

func exemptionResponse(e gate.Exemption, err error) (*ExemptionResponse, error) {
	switch {
	case err == nil:
		return &ExemptionResponse{Body: e}, nil
	case errors.Is(err, gate.ErrNoExemption):
		return nil, httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	case errors.Is(err, gate.ErrExemptionOver), errors.Is(err, gate.ErrNotFrozen):
		return nil, httpapi.Problem(httpapi.Conflict, err.Error(), nil)
	default:
		return nil, problem(err, "the exemption could not be recorded, so it does not count")
	}
}
