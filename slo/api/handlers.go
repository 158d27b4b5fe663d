package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// ledger is where the numbers come from.
type ledger interface {
	Objectives() []*slo.Objective
	Statuses(at time.Time) []slo.Status
	Status(key slo.Key, at time.Time) (slo.Status, bool)
	Forecast(key slo.Key, at time.Time) (slo.Forecast, bool)
}

// Handlers are the operations on objectives. Both fields are required.
type Handlers struct {
	Ledger ledger
	Now    func() time.Time
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "list-objectives", Method: http.MethodGet, Path: "/v1/objectives", Tags: []string{"objectives"},
		Summary: "List the objectives with their budgets", Errors: []int{http.StatusNotFound},
	}, h.List)
	huma.Register(api, huma.Operation{
		OperationID: "get-objective", Method: http.MethodGet, Path: "/v1/objectives/{service}/{slo}", Tags: []string{"objectives"},
		Summary: "Get one objective: its budget, burn rates, forecast and how they were computed", Errors: []int{http.StatusNotFound},
	}, h.Get)
	huma.Register(api, huma.Operation{
		OperationID: "get-objective-of-many", Method: http.MethodGet, Path: "/v1/objectives/{service}/{slo}/{objective}", Tags: []string{"objectives"},
		Summary: "Get one objective of an SLO that has several", Errors: []int{http.StatusNotFound},
	}, h.GetOfMany)
}

// ListRequest asks for the objectives of one service or of all.
type ListRequest struct {
	Service string `query:"service" doc:"Only the objectives of this service"`
}

// ListResponse holds the objectives, sorted by key.
type ListResponse struct {
	Body List
}

// List is the answer to [Handlers.List].
type List struct {
	At         time.Time   `json:"at" doc:"The instant for which the numbers hold"`
	Objectives []Objective `json:"objectives" nullable:"false"`
}

// List returns the objectives with their numbers now, without forecasts.
func (h *Handlers) List(_ context.Context, in *ListRequest) (*ListResponse, error) {
	at := h.Now()
	out := &ListResponse{Body: List{At: at.UTC(), Objectives: []Objective{}}}
	for _, s := range h.Ledger.Statuses(at) {
		if in.Service == "" || s.Objective.Service == in.Service {
			out.Body.Objectives = append(out.Body.Objectives, objectiveOf(s))
		}
	}
	if in.Service != "" && len(out.Body.Objectives) == 0 {
		return nil, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("no objective of the service %q is defined%s",
			in.Service, nearest.Hint(in.Service, h.services())), nil)
	}
	return out, nil
}

func (h *Handlers) services() []string {
	var names []string
	for _, o := range h.Ledger.Objectives() {
		names = append(names, o.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// GetRequest names an objective by its key, "service/slo".
type GetRequest struct {
	Service string `path:"service" doc:"First part of the key" example:"video-api"`
	SLO     string `path:"slo" doc:"Second part of the key" example:"availability"`
}

// GetOfManyRequest names an objective by its key, "service/slo/objective".
type GetOfManyRequest struct {
	GetRequest
	Objective string `path:"objective" doc:"Third part of the key, where one SLO has several objectives" example:"p99"`
}

// GetResponse holds one objective.
type GetResponse struct {
	Body Detail
}

// Get returns everything that is known of one objective.
func (h *Handlers) Get(_ context.Context, in *GetRequest) (*GetResponse, error) {
	return h.get(slo.Key(in.Service + "/" + in.SLO))
}

// GetOfMany is [Handlers.Get] for a key of three parts.
func (h *Handlers) GetOfMany(_ context.Context, in *GetOfManyRequest) (*GetResponse, error) {
	return h.get(slo.Key(in.Service + "/" + in.SLO + "/" + in.Objective))
}

func (h *Handlers) get(key slo.Key) (*GetResponse, error) {
	at := h.Now()
	s, ok := h.Ledger.Status(key, at)
	if !ok {
		return nil, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("there is no objective %q%s", key, nearest.Hint(string(key), h.keys())), nil)
	}
	f, _ := h.Ledger.Forecast(key, at)
	return &GetResponse{Body: detailOf(s, f)}, nil
}

func (h *Handlers) keys() []string {
	var keys []string
	for _, o := range h.Ledger.Objectives() {
		keys = append(keys, string(o.Key))
	}
	return keys
}
