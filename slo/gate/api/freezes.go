package api

import (
	"context"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// Freezes are the freezes in their present state. A service and environment that is not among them is open.
type Freezes struct {
	Freezes []gate.State `json:"freezes"`
}

// FreezesResponse holds freezes.
type FreezesResponse struct {
	Body Freezes
}

// Freezes lists the freezes.
func (h *Handlers) Freezes(ctx context.Context, _ *struct{}) (*FreezesResponse, error) {
	states, err := h.Gate.Freezes(ctx)
	if err != nil {
		return nil, err
	}
	return &FreezesResponse{Body: Freezes{Freezes: orEmpty(states)}}, nil
}

// ManualRequest freezes or thaws by hand.
type ManualRequest struct {
	Body Manual
}

// Manual is a freeze or thaw by hand.
type Manual struct {
	Service     string    `json:"service" example:"video-api"`
	Environment string    `json:"environment" example:"production"`
	Reason      string    `json:"reason" doc:"Why, in one line; it is shown to everybody whom the freeze stops"`
	Until       time.Time `json:"until" doc:"When it ends by itself; at most 31 days from now"`
}

// ManualResponse is what happened.
type ManualResponse struct {
	Body gate.Event
}

// Freeze freezes releases by hand. No check that begins after the answer allows.
func (h *Handlers) Freeze(ctx context.Context, in *ManualRequest) (*ManualResponse, error) {
	return manual(ctx, h.Gate.Freeze, in.Body)
}

// Thaw lifts a freeze by hand.
func (h *Handlers) Thaw(ctx context.Context, in *ManualRequest) (*ManualResponse, error) {
	return manual(ctx, h.Gate.Thaw, in.Body)
}

type commandFunc func(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error)

func manual(ctx context.Context, do commandFunc, m Manual) (*ManualResponse, error) {
	e, err := do(ctx, identity.From(ctx).Subject, m.Service, m.Environment, m.Reason, m.Until)
	if err != nil {
		return nil, problem(err, "the freeze was not changed; ask again")
	}
	return &ManualResponse{Body: e}, nil
}
