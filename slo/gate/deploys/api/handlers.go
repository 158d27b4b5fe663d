package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

// recorder takes down what is told.
type recorder interface {
	Record(ctx context.Context, r deploys.Report) (deploys.Deploy, bool, error)
}

// reader reads the record.
type reader interface {
	Get(ctx context.Context, ref deploys.Ref) (deploys.Deploy, []deploys.Event, error)
	List(ctx context.Context, f deploys.Filter) ([]deploys.Deploy, error)
	Measures(ctx context.Context, service, environment string, from, to time.Time) ([]deploys.Measures, error)
}

// Handlers are the operations on deploys. All is required.
type Handlers struct {
	Store interface {
		recorder
		reader
	}
	Now func() time.Time
}

var tags = []string{"deploys"}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "deploy-record", Method: http.MethodPost, Path: "/v1/deploys", Tags: tags, Security: httpapi.Deployers,
		Summary: "Tell what happened to a deploy",
		Description: "The deploy is named by deploy, or else by key, or else it is the newest of the commit in the environment. A start makes one where none " +
			"is under way; so does a finish or fail of what nobody has started. What is known already may be told again and changes nothing.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, h.Record)
	read(api, "deploys", "/v1/deploys", "List deploys, the one that was told of last first", h.List)
	read(api, "deploy", "/v1/deploys/{deploy}", "Get a deploy with what was told of it", h.Get)
	read(api, "dora", "/v1/dora", "Get the four measures of DORA of each service and environment", h.Measures)
}

func read[I, O any](api huma.API, id, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: tags,
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity}}, f)
}

// RecordRequest tells of a deploy.
type RecordRequest struct {
	Body Report
}

// Report is what somebody tells of a deploy.
type Report struct {
	Event       deploys.Kind `json:"event" doc:"start, finish, fail or rollback"`
	Deploy      string       `json:"deploy,omitempty" doc:"Reference of the deploy, such as DEP-7"`
	Key         string       `json:"key,omitempty" doc:"How you call the deploy, such as the number of a run; the same for all its events"`
	Service     string       `json:"service,omitempty" doc:"Service, as in the keys of its objectives" example:"video-api"`
	Environment string       `json:"environment,omitempty" example:"production"`
	Commit      string       `json:"commit,omitempty" doc:"Commit that goes out" example:"4f2c1d9"`
	Version     string       `json:"version,omitempty" doc:"Version that people know it by"`
	Author      string       `json:"author,omitempty" doc:"Who made the change"`
	Class       gate.Class   `json:"class,omitempty" doc:"feature (default), reliability, security, rollback or config"`
	Decision    int64        `json:"decision,omitempty" minimum:"1" doc:"Place in the audit log of the decision that let it out; by default the newest allow of the commit there"`
	Committed   time.Time    `json:"committed,omitzero" doc:"When the change was committed, for its lead time"`
	At          time.Time    `json:"at,omitzero" doc:"When it happened; now by default, at most 90 days ago"`
	Reason      string       `json:"reason,omitempty" doc:"Why it failed or was rolled back"`
	Source      string       `json:"source,omitempty" enum:"api,cli,gitlab" doc:"Over which road it is told; api by default"`
}

// Recorded is what came of a report.
type Recorded struct {
	Changed bool           `json:"changed" doc:"Whether it was news"`
	Deploy  deploys.Deploy `json:"deploy"`
}

// RecordResponse holds that.
type RecordResponse struct {
	Body Recorded
}

const defaultSource = "api"

// Record takes down what somebody tells.
func (h *Handlers) Record(ctx context.Context, in *RecordRequest) (*RecordResponse, error) {
	b := in.Body
	r := deploys.Report{
		Kind: b.Event, Key: b.Key, Decision: b.Decision, Committed: b.Committed.UTC(), At: b.At, By: identity.From(ctx).Name(), Source: b.Source, Reason: b.Reason,
		Change: gate.Change{Service: b.Service, Environment: b.Environment, Commit: b.Commit, Version: b.Version, Author: b.Author, Class: b.Class},
	}
	if r.Source == "" {
		r.Source = defaultSource
	}
	if b.Deploy != "" {
		var err error
		if r.Ref, err = deploys.ParseRef(b.Deploy); err != nil {
			return nil, problem(err)
		}
	}
	d, changed, err := h.Store.Record(ctx, r)
	if err != nil {
		return nil, problem(err)
	}
	return &RecordResponse{Body: Recorded{changed, d}}, nil
}

// ListRequest picks deploys.
type ListRequest struct {
	Service     string        `query:"service" doc:"Only those of this service"`
	Environment string        `query:"environment" doc:"Only those to this environment"`
	State       deploys.State `query:"state" enum:"started,finished,failed,rolled_back" doc:"Only those in this state"`
	From        time.Time     `query:"from" doc:"Started at this instant or later"`
	To          time.Time     `query:"to" doc:"Started before this instant"`
	Before      int64         `query:"before" minimum:"0" doc:"Only those with a lower number, for paging"`
	Limit       int           `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// List are deploys, the one that was told of last first.
type List struct {
	Deploys []deploys.Deploy `json:"deploys"`
}

// ListResponse holds deploys.
type ListResponse struct {
	Body List
}

// List lists deploys.
func (h *Handlers) List(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	found, err := h.Store.List(ctx, deploys.Filter{Service: in.Service, Environment: in.Environment, State: in.State, From: in.From, To: in.To,
		Before: deploys.Ref(in.Before), Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &ListResponse{Body: List{Deploys: append([]deploys.Deploy{}, found...)}}, nil
}

// GetRequest names a deploy.
type GetRequest struct {
	Deploy string `path:"deploy" doc:"Reference of the deploy, such as DEP-7"`
}

// Detail is a deploy with what was told of it, oldest first.
type Detail struct {
	deploys.Deploy
	Events []deploys.Event `json:"events"`
}

// GetResponse holds a deploy.
type GetResponse struct {
	Body Detail
}

// Get returns a deploy.
func (h *Handlers) Get(ctx context.Context, in *GetRequest) (*GetResponse, error) {
	ref, err := deploys.ParseRef(in.Deploy)
	if err != nil {
		return nil, problem(err)
	}
	d, events, err := h.Store.Get(ctx, ref)
	if err != nil {
		return nil, problem(err)
	}
	return &GetResponse{Body: Detail{d, events}}, nil
}
