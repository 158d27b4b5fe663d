package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/alerts"
	"plimsoll/internal/httpapi"
	"plimsoll/slo"
)

// engine knows the alerts and what was told of them.
type engine interface {
	All(ctx context.Context) ([]alerts.Alert, error)
	Notices(ctx context.Context, group string, limit int) ([]alerts.Notice, error)
}

// letters are the notices that were given up.
type letters interface {
	List(ctx context.Context) ([]alerts.DeadLetter, error)
	Replay(ctx context.Context, id int64) error
}

// Handlers are the operations on alerts. Both fields are required.
type Handlers struct {
	Engine      engine
	DeadLetters letters
}

var tags = []string{"alerts"}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "list-alerts", Method: http.MethodGet, Path: "/v1/alerts", Tags: tags,
		Summary: "List the alerts that are pending, firing or just resolved, or all that there can be",
	}, h.List)
	huma.Register(api, huma.Operation{
		OperationID: "list-alert-notices", Method: http.MethodGet, Path: "/v1/alerts/notices", Tags: tags,
		Summary: "List what was told, newest first", Errors: []int{http.StatusUnprocessableEntity},
	}, h.Notices)
	huma.Register(api, huma.Operation{
		OperationID: "list-alert-dead-letters", Method: http.MethodGet, Path: "/v1/alerts/dead-letters", Tags: tags,
		Summary: "List the notices that were given up, newest first",
	}, h.ListDeadLetters)
	huma.Register(api, huma.Operation{
		OperationID: "replay-alert-dead-letter", Method: http.MethodPost, Path: "/v1/alerts/dead-letters/{id}/replay", Tags: tags,
		Summary: "Try a notice again that was given up", Security: httpapi.Bearer, DefaultStatus: http.StatusNoContent,
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound},
	}, h.Replay)
}

// Alert is one tier of one objective.
type Alert struct {
	Objective slo.Key         `json:"objective"`
	Tier      string          `json:"tier" example:"page-fast"`
	Severity  alerts.Severity `json:"severity" enum:"page,ticket"`
	Policy    string          `json:"policy,omitempty" doc:"Name of the AlertPolicy that it is of; absent if it is of a tier"`
	State     alerts.State    `json:"state" enum:"inactive,pending,firing,resolved"`
	Since     *time.Time      `json:"since,omitempty" doc:"Since when it is in this state; absent if it never left it"`
	Fired     *time.Time      `json:"fired,omitempty" doc:"When the episode began to fire; absent while it is pending"`
	Reason    alerts.Reason   `json:"reason,omitempty" doc:"What is said of the tier now"`
	Detail    string          `json:"detail,omitempty" doc:"What is wrong with the data, or why it can never fire"`
	Factor    float64         `json:"factor" doc:"Burn rate at which it begins"`
	Condition string          `json:"condition,omitempty" doc:"Of a policy" example:"burn rate over 45m above 10 for 5m"`
	Lookback  string          `json:"lookback" example:"1h"`
	Burn      float64         `json:"burn" doc:"Burn rate over the lookback now"`
	Short     string          `json:"shortLookback,omitempty" example:"5m" doc:"Absent of a policy, which has one lookback"`
	ShortBurn float64         `json:"shortBurn" doc:"Burn rate over the short lookback now"`
}

// List are the alerts.
type List struct {
	Alerts []Alert `json:"alerts" nullable:"false"`
}

// ListResponse holds the alerts, by objective and tier.
type ListResponse struct {
	Body List
}

// ListRequest picks alerts.
type ListRequest struct {
	Service string `query:"service" doc:"Only those of this service"`
	All     bool   `query:"all" doc:"Also those that are inactive: every tier, policy and kind of bad data of every objective"`
}

// List returns the alerts that are not inactive, or all.
func (h *Handlers) List(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	all, err := h.Engine.All(ctx)
	if err != nil {
		return nil, httpapi.Problem(httpapi.Unavailable, "the alerts cannot be read now", err)
	}
	out := &ListResponse{Body: List{Alerts: []Alert{}}}
	for _, a := range all {
		if (in.All || a.State != alerts.Inactive) && (in.Service == "" || a.Objective.Service() == in.Service) {
			out.Body.Alerts = append(out.Body.Alerts, alertOf(a))
		}
	}
	return out, nil
}

func alertOf(a alerts.Alert) Alert {
	v := a.Verdict
	out := Alert{
		Objective: a.Objective, Tier: a.Tier, Policy: a.ID().Policy(), Severity: v.Tier.Severity, State: a.State, Reason: v.Reason, Detail: v.Detail,
		Factor: v.Factor, Condition: v.Condition, Lookback: slo.ShortDuration(v.Long.Lookback), Burn: v.Long.Rate, ShortBurn: v.Short.Rate,
	}
	if v.Short.Lookback > 0 {
		out.Short = slo.ShortDuration(v.Short.Lookback)
	}
	if !a.Since.IsZero() {
		out.Since = &a.Since
	}
	if !a.Fired.IsZero() {
		out.Fired = &a.Fired
	}
	return out
}

// NoticesRequest picks notices.
type NoticesRequest struct {
	Service string `query:"service" doc:"Only those about this service"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// Notices are what was told.
type Notices struct {
	Notices []alerts.Notice `json:"notices" nullable:"false"`
}

// NoticesResponse holds notices.
type NoticesResponse struct {
	Body Notices
}

// Notices returns what was told, newest first.
func (h *Handlers) Notices(ctx context.Context, in *NoticesRequest) (*NoticesResponse, error) {
	found, err := h.Engine.Notices(ctx, in.Service, in.Limit)
	if err != nil {
		return nil, httpapi.Problem(httpapi.Unavailable, "the notices cannot be read now", err)
	}
	return &NoticesResponse{Body: Notices{Notices: append([]alerts.Notice{}, found...)}}, nil
}

// DeadLetters are notices that were given up.
type DeadLetters struct {
	DeadLetters []alerts.DeadLetter `json:"deadLetters" nullable:"false"`
}

// DeadLettersResponse holds dead letters.
type DeadLettersResponse struct {
	Body DeadLetters
}

// ListDeadLetters returns the notices that were given up, newest first.
func (h *Handlers) ListDeadLetters(ctx context.Context, _ *struct{}) (*DeadLettersResponse, error) {
	found, err := h.DeadLetters.List(ctx)
	if err != nil {
		return nil, httpapi.Problem(httpapi.Unavailable, "the dead letters cannot be read now", err)
	}
	return &DeadLettersResponse{Body: DeadLetters{DeadLetters: append([]alerts.DeadLetter{}, found...)}}, nil
}

// ReplayRequest names a dead letter.
type ReplayRequest struct {
	ID int64 `path:"id" minimum:"1"`
}

// Replay has a dead letter tried again, at once.
func (h *Handlers) Replay(ctx context.Context, in *ReplayRequest) (*struct{}, error) {
	switch err := h.DeadLetters.Replay(ctx, in.ID); {
	case errors.Is(err, alerts.ErrNoDeadLetter):
		return nil, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("there is no dead letter %d", in.ID), nil)
	case err != nil:
		return nil, httpapi.Problem(httpapi.Unavailable, "the dead letter cannot be replayed now", err)
	}
	return nil, nil
}
