package api

import (
	"context"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// CheckRequest asks about one change.
type CheckRequest struct {
	Body Change
}

// Change is what somebody wants to bring to an environment of a service.
type Change struct {
	Service     string     `json:"service" doc:"Service, as in the keys of its objectives" example:"video-api"`
	Environment string     `json:"environment" doc:"Environment that a policy covers" example:"production"`
	Commit      string     `json:"commit" doc:"Commit that would go out" example:"4f2c1d9"`
	Version     string     `json:"version,omitempty" doc:"Version that people know it by"`
	Author      string     `json:"author,omitempty" doc:"Who made the change"`
	Class       gate.Class `json:"class,omitempty" doc:"feature (default), reliability, security, rollback or config"`
	Refs        []string   `json:"refs,omitempty" doc:"Incidents or action items that the change serves, such as INC-7"`
	Progressive bool       `json:"progressive,omitempty" doc:"The change rolls out in steps that stop by themselves"`
}

// CheckResponse is the decision.
type CheckResponse struct {
	Body gate.Decision
}

// Check answers whether a change may go out.
func (h *Handlers) Check(ctx context.Context, in *CheckRequest) (*CheckResponse, error) {
	d, err := h.Gate.Check(ctx, identity.From(ctx).Name(), gate.Change(in.Body))
	if err != nil {
		return nil, problem(err, undecidable)
	}
	return &CheckResponse{Body: d}, nil
}

const undecidable = "the gate cannot decide now; do not take this as an allow, ask again"
