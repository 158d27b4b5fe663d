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
	Forecast(key slo.Key, at time.Time, use slo.Use) (slo.Forecast, bool)
	ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool)
	Children(parent slo.Key) []*slo.Objective
}

// Handlers are the operations on objectives.
type Handlers struct {
	Ledger ledger           // required
	Now    func() time.Time // required
	// Causes returns what may have spent the budget of an objective in [from, to); nil knows of none. Figures come without
	// an attribution while it fails. [plimsoll/slo/causes.Sources.Of] is one.
	Causes func(ctx context.Context, o *slo.Objective, from, to time.Time) ([]slo.Cause, error)
	// Retention is how far back an instant may be asked for; 0 means that nothing is forgotten.
	Retention time.Duration
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	unknown := []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	operation := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"objectives"}, Summary: summary, Errors: unknown}
	}
	huma.Register(api, operation("list-objectives", "/v1/objectives", "List the objectives with their budgets"), h.List)
	const one, many = "/v1/objectives/{service}/{slo}", "/v1/objectives/{service}/{slo}/{objective}"
	huma.Register(api, operation("get-objective", one, "Get one objective: its budget, burn rates, forecast, what spent it and how that was computed"), h.Get)
	huma.Register(api, operation("get-objective-of-many", many, "Get one objective of an SLO that has several"), h.GetOfMany)
	huma.Register(api, operation("explain-objective", one+"/explanation", "Explain the figures of one objective"), h.Explain)
	huma.Register(api, operation("explain-objective-of-many", many+"/explanation", "Explain the figures of one objective of an SLO that has several"), h.ExplainOfMany)
}

// Instant is the point in time that a request is about.
type Instant struct {
	At time.Time `query:"at" doc:"A past instant for which the numbers are asked; now if absent" example:"2026-11-24T12:00:00Z"`
}

// instant returns what a request is about, or a problem if nothing is known of that.
func (h *Handlers) instant(in Instant) (time.Time, error) {
	now := h.Now()
	switch {
	case in.At.IsZero():
		return now, nil
	case in.At.After(now):
		return now, httpapi.Problem(httpapi.Invalid, fmt.Sprintf("at is %s, which is yet to come: it is %s", in.At.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)), nil)
	case h.Retention > 0 && in.At.Before(now.Add(-h.Retention)):
		return now, httpapi.Problem(httpapi.Invalid, fmt.Sprintf("at is %s; events are kept for %s, so that the earliest instant is %s", in.At.UTC().Format(time.RFC3339),
			slo.ShortDuration(h.Retention), now.Add(-h.Retention).UTC().Format(time.RFC3339)), nil)
	}
	return in.At, nil
}

// ListRequest asks for the objectives of one service or of all.
type ListRequest struct {
	Instant
	Service  string `query:"service" doc:"Only the objectives of this service"`
	Children bool   `query:"children" doc:"With the children of objectives that are divided by labels"`
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

// List returns the objectives with their numbers at an instant, without forecasts.
func (h *Handlers) List(_ context.Context, in *ListRequest) (*ListResponse, error) {
	at, err := h.instant(in.Instant)
	if err != nil {
		return nil, err
	}
	out := &ListResponse{Body: List{At: at.UTC(), Objectives: []Objective{}}}
	for _, s := range h.Ledger.Statuses(at) {
		if o := s.Objective; (in.Service == "" || o.Service == in.Service) && (in.Children || o.Parent == "") {
			view, _ := h.Ledger.ReaderAt(o.Key, at)
			out.Body.Objectives = append(out.Body.Objectives, objectiveOf(s, view))
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
	Instant
	Service string `path:"service" doc:"First part of the key" example:"video-api"`
	SLO     string `path:"slo" doc:"Second part of the key" example:"availability"`
	Group   string `query:"group" doc:"Labels of a child" example:"{route=\"/videos\"}"`
}

func (in *GetRequest) key() slo.Key { return slo.Key(in.Service + "/" + in.SLO + in.Group) }

// GetOfManyRequest names an objective by its key, "service/slo/objective".
type GetOfManyRequest struct {
	GetRequest
	Objective string `path:"objective" doc:"Third part of the key, where one SLO has several objectives" example:"p99"`
}

func (in *GetOfManyRequest) key() slo.Key {
	return slo.Key(in.Service + "/" + in.SLO + "/" + in.Objective + in.Group)
}

// GetResponse holds one objective.
type GetResponse struct {
	Body Detail
}

// Get returns everything that is known of one objective.
func (h *Handlers) Get(ctx context.Context, in *GetRequest) (*GetResponse, error) {
	return h.get(ctx, in.key(), in.Instant)
}

// GetOfMany is [Handlers.Get] for a key of three parts.
func (h *Handlers) GetOfMany(ctx context.Context, in *GetOfManyRequest) (*GetResponse, error) {
	return h.get(ctx, in.key(), in.Instant)
}

// reading is everything that the ledger says of one objective.
type reading struct {
	status   slo.Status
	view     slo.Reader
	forecast slo.Forecast
}

func (h *Handlers) read(key slo.Key, in Instant) (r reading, err error) {
	at, err := h.instant(in)
	if err != nil {
		return r, err
	}
	var ok bool
	if r.status, ok = h.Ledger.Status(key, at); !ok {
		return r, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("there is no objective %q%s", key, nearest.Hint(string(key), h.keys())), nil)
	}
	r.forecast, _ = h.Ledger.Forecast(key, at, slo.AsMeasured)
	r.view, _ = h.Ledger.ReaderAt(key, at)
	return r, nil
}

func (h *Handlers) get(ctx context.Context, key slo.Key, in Instant) (*GetResponse, error) {
	r, err := h.read(key, in)
	if err != nil {
		return nil, err
	}
	o := r.status.Objective
	d := Detail{
		Objective: objectiveOf(r.status, r.view), At: r.status.At.UTC(), Forecast: r.forecast,
		Outlook: r.forecast.Describe(r.status), Definition: definitionOf(o),
		Explanation: slo.Explain(r.status, r.view, r.forecast),
	}
	for _, child := range h.Ledger.Children(key) {
		d.Children = append(d.Children, child.Key)
	}
	if a, err := h.attribution(ctx, r); err != nil {
		d.Unattributed = "corrections, incidents or releases cannot be read now"
	} else {
		d.Attribution = attributionOf(o, a)
		d.Explanation.Attribute(r.status, a)
	}
	return &GetResponse{Body: d}, nil
}

// causesTimeout bounds the search for what spent a budget: the budget itself is in memory, and must not wait for a database that is away.
const causesTimeout = 3 * time.Second

func (h *Handlers) attribution(ctx context.Context, r reading) (slo.Attribution, error) {
	ctx, cancel := context.WithTimeout(ctx, causesTimeout)
	defer cancel()
	return slo.AttributeWith(r.status, r.view, func(o *slo.Objective, from, until time.Time) ([]slo.Cause, error) {
		if h.Causes == nil {
			return nil, nil
		}
		return h.Causes(ctx, o, from, until)
	})
}

// ExplainResponse holds an explanation.
type ExplainResponse struct {
	Body slo.Explanation
}

// Explain says how the figures of one objective come about.
func (h *Handlers) Explain(ctx context.Context, in *GetRequest) (*ExplainResponse, error) {
	return h.explain(ctx, in.key(), in.Instant)
}

// ExplainOfMany is [Handlers.Explain] for a key of three parts.
func (h *Handlers) ExplainOfMany(ctx context.Context, in *GetOfManyRequest) (*ExplainResponse, error) {
	return h.explain(ctx, in.key(), in.Instant)
}

func (h *Handlers) explain(ctx context.Context, key slo.Key, in Instant) (*ExplainResponse, error) {
	r, err := h.read(key, in)
	if err != nil {
		return nil, err
	}
	e := slo.Explain(r.status, r.view, r.forecast)
	if a, err := h.attribution(ctx, r); err == nil { // the rest does not depend on a database
		e.Attribute(r.status, a)
	}
	return &ExplainResponse{Body: e}, nil
}

func (h *Handlers) keys() []string {
	var keys []string
	for _, o := range h.Ledger.Objectives() {
		keys = append(keys, string(o.Key))
	}
	return keys
}
