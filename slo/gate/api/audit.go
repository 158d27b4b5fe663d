package api

import (
	"context"
	"time"

	"plimsoll/slo/gate"
)

// Span picks entries of the audit log.
type Span struct {
	Service     string    `query:"service" doc:"Only those of this service"`
	Environment string    `query:"environment" doc:"Only those of this environment"`
	From        time.Time `query:"from" doc:"At this instant or later"`
	To          time.Time `query:"to" doc:"Before this instant"`
	Before      int64     `query:"before" minimum:"0" doc:"Only entries before this place in the log, for paging"`
	Limit       int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s Span) filter() gate.Filter {
	return gate.Filter{Service: s.Service, Environment: s.Environment, From: s.From, To: s.To, Before: s.Before, Limit: s.Limit}
}

// DecisionsRequest picks decisions.
type DecisionsRequest struct {
	Span
	Outcome gate.Outcome `query:"outcome" enum:"allow,deny,hold" doc:"Only decisions with this outcome"`
}

// Decisions are decisions, newest first.
type Decisions struct {
	Decisions []gate.Decision `json:"decisions"`
}

// DecisionsResponse holds decisions.
type DecisionsResponse struct {
	Body Decisions
}

// Decisions lists decisions.
func (h *Handlers) Decisions(ctx context.Context, in *DecisionsRequest) (*DecisionsResponse, error) {
	f := in.filter()
	f.Outcome = in.Outcome
	found, err := h.Gate.Decisions(ctx, f)
	if err != nil {
		return nil, err
	}
	return &DecisionsResponse{Body: Decisions{Decisions: orEmpty(found)}}, nil
}

// EventsRequest picks what happened to freezes.
type EventsRequest struct {
	Span
}

// Events are what happened to freezes, newest first.
type Events struct {
	Events []gate.Event `json:"events"`
}

// EventsResponse holds events.
type EventsResponse struct {
	Body Events
}

// Events lists what happened to freezes.
func (h *Handlers) Events(ctx context.Context, in *EventsRequest) (*EventsResponse, error) {
	found, err := h.Gate.Events(ctx, in.filter())
	if err != nil {
		return nil, err
	}
	return &EventsResponse{Body: Events{Events: orEmpty(found)}}, nil
}

// VerifyResponse is what a walk along the audit log found.
type VerifyResponse struct {
	Body gate.Verification
}

// Verify walks the audit log.
func (h *Handlers) Verify(ctx context.Context, _ *struct{}) (*VerifyResponse, error) {
	v, err := h.Gate.Verify(ctx)
	if err != nil {
		return nil, err
	}
	return &VerifyResponse{Body: v}, nil
}

// orEmpty makes an empty list of none, so that clients always get a list.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
