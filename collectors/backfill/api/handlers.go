package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/promql"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

// store keeps the jobs.
type store interface {
	Create(ctx context.Context, spec backfill.Spec, by string, at time.Time) (backfill.Job, error)
	Get(ctx context.Context, id int64) (backfill.Job, error)
	List(ctx context.Context, limit int) ([]backfill.Job, error)
	Cancel(ctx context.Context, id int64, at time.Time) (backfill.Job, error)
}

// ledger knows the objectives.
type ledger interface {
	Objectives() []*slo.Objective
}

// Handlers are the operations on backfills.
type Handlers struct {
	Store     store                                    // required
	Ledger    ledger                                   // required
	Server    func(name string) (promql.Server, error) // the configured server of a name; required
	Retention time.Duration                            // how long events are kept; required
	Now       func() time.Time                         // required
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	register(api, huma.Operation{
		OperationID: "create-backfill", Method: http.MethodPost, DefaultStatus: http.StatusCreated,
		Summary: "Fill objectives from an existing Prometheus",
		Description: "The job is done by the replica that leads, one after the other, and goes on after a crash. Events that are counted live are " +
			"neither doubled nor left out. Asking again for what is filled already changes nothing.",
		Security: httpapi.Bearer, Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity},
	}, "", h.Create)
	register(api, huma.Operation{OperationID: "list-backfills", Method: http.MethodGet, Summary: "List backfills, newest first"}, "", h.List)
	register(api, huma.Operation{
		OperationID: "get-backfill", Method: http.MethodGet, Summary: "How far has a backfill come?", Errors: []int{http.StatusNotFound},
	}, "/{id}", h.Get)
	register(api, huma.Operation{
		OperationID: "cancel-backfill", Method: http.MethodPost, Summary: "Give a backfill up; what it has filled stays",
		Security: httpapi.Bearer, Errors: []int{http.StatusUnauthorized, http.StatusNotFound},
	}, "/{id}/cancel", h.Cancel)
}

func register[I, O any](api huma.API, op huma.Operation, path string, f func(context.Context, *I) (*O, error)) {
	op.Path, op.Tags = "/v1/backfills"+path, []string{"backfills"}
	huma.Register(api, op, f)
}

// CreateRequest asks for a backfill.
type CreateRequest struct {
	Body Request
}

// JobResponse is one backfill.
type JobResponse struct {
	Body Job
}

// Create adds a job.
func (h *Handlers) Create(ctx context.Context, in *CreateRequest) (*JobResponse, error) {
	r := in.Body
	spec := backfill.Spec{From: r.From, Source: r.Source, URL: r.URL, Service: r.Service, Objectives: r.Objectives}
	now := h.Now().UTC().Truncate(time.Microsecond)
	err := spec.Check(now, h.Retention)
	if err == nil && spec.Source != "" {
		_, err = h.Server(spec.Source)
	}
	if err == nil {
		_, err = backfill.Choose(spec, h.Ledger.Objectives())
	}
	if err != nil {
		return nil, problem(err)
	}
	job, err := h.Store.Create(ctx, spec, identity.From(ctx).Name(), now)
	return answer(job, err)
}

// IDRequest names a backfill.
type IDRequest struct {
	ID int64 `path:"id" minimum:"1"`
}

// Get returns a job.
func (h *Handlers) Get(ctx context.Context, in *IDRequest) (*JobResponse, error) {
	job, err := h.Store.Get(ctx, in.ID)
	return answer(job, err)
}

// Cancel gives a job up.
func (h *Handlers) Cancel(ctx context.Context, in *IDRequest) (*JobResponse, error) {
	job, err := h.Store.Cancel(ctx, in.ID, h.Now())
	return answer(job, err)
}

// ListRequest selects backfills.
type ListRequest struct {
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

// List holds backfills.
type List struct {
	Backfills []Job `json:"backfills"`
}

// ListResponse holds backfills.
type ListResponse struct {
	Body List
}

// List returns the newest jobs.
func (h *Handlers) List(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	jobs, err := h.Store.List(ctx, in.Limit)
	if err != nil {
		return nil, problem(err)
	}
	list := List{Backfills: make([]Job, len(jobs))}
	for i, j := range jobs {
		list.Backfills[i] = FromJob(j)
	}
	return &ListResponse{Body: list}, nil
}

func answer(job backfill.Job, err error) (*JobResponse, error) {
	if err != nil {
		return nil, problem(err)
	}
	return &JobResponse{Body: FromJob(job)}, nil
}

// problem tells a caller what an error means.
func problem(err error) error {
	switch {
	case errors.Is(err, backfill.ErrNotFound):
		return httpapi.Problem(httpapi.NotFound, backfill.ErrNotFound.Error(), err)
	case errors.Is(err, backfill.ErrInvalid), errors.Is(err, promql.ErrUnknownServer):
		return httpapi.Problem(httpapi.Invalid, err.Error(), nil)
	default:
		return httpapi.Problem(httpapi.Unavailable, "the database does not answer; ask again", fmt.Errorf("backfills: %w", err))
	}
}
