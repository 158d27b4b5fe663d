package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/incidents"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

// store keeps the incidents.
type store interface {
	Declare(ctx context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Amend(ctx context.Context, ref incidents.Ref, number int, text string, by incidents.Caller) (incidents.TimelineEntry, error)
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error)
	Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error)
	List(ctx context.Context, v incidents.Viewer, f incidents.Filter) ([]incidents.Incident, error)
}

// ledger knows the objectives and their events.
type ledger interface {
	Objectives() []*slo.Objective
	Reader(key slo.Key) (slo.Reader, bool)
}

// Handlers are the operations on incidents.
type Handlers struct {
	Store  store            // required
	Ledger ledger           // nil where no budget can be measured
	Now    func() time.Time // required
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	read(api, "list-incidents", "", "List incidents, newest first", h.List)
	read(api, "get-incident", "/{ref}", "Get one incident with its timeline", h.Get)
	read(api, "draft-postmortem", "/{ref}/postmortem", "Draft the postmortem as Markdown", h.Postmortem)

	change(api, "declare-incident", http.MethodPost, "", "Declare an incident", h.Declare)
	change(api, "acknowledge-incident", http.MethodPost, "/{ref}/acknowledge", "Say that you work on it", h.Acknowledge)
	change(api, "command-incident", http.MethodPost, "/{ref}/command", "Take command; this also acknowledges", h.Command)
	change(api, "assign-role", http.MethodPost, "/{ref}/roles", "Give a role to somebody, or hand it off", h.Assign)
	change(api, "note-on-incident", http.MethodPost, "/{ref}/notes", "Put a note among responders on the timeline", h.Note)
	change(api, "update-on-incident", http.MethodPost, "/{ref}/updates", "Tell everybody else how it goes", h.Update)
	change(api, "amend-timeline", http.MethodPut, "/{ref}/timeline/{number}", "Correct or retract a note or an update; every version is kept", h.Amend)
	change(api, "set-severity", http.MethodPost, "/{ref}/severity", "Change the severity", h.Severity)
	change(api, "set-time", http.MethodPost, "/{ref}/times", "Correct when something happened", h.Time)
	change(api, "mitigate-incident", http.MethodPost, "/{ref}/mitigate", "Say that customers no longer notice it", h.Mitigate)
	change(api, "resolve-incident", http.MethodPost, "/{ref}/resolve", "Say that its cause is gone or contained", h.Resolve)
	change(api, "reopen-incident", http.MethodPost, "/{ref}/reopen", "Say that it was not over", h.Reopen)
	change(api, "cancel-incident", http.MethodPost, "/{ref}/cancel", "Say that it was no incident", h.Cancel)
	change(api, "close-incident", http.MethodPost, "/{ref}/close", "End a resolved incident for good", h.Close)
}

func read[I, O any](api huma.API, id, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: "/v1/incidents" + path, Tags: []string{"incidents"},
		Summary: summary, Errors: []int{http.StatusNotFound},
	}, f)
}

func change[I, O any](api huma.API, id, method, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: method, Path: "/v1/incidents" + path, Tags: []string{"incidents"},
		Summary: summary, Security: httpapi.Bearer,
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict},
	}, f)
}

// ListRequest selects incidents.
type ListRequest struct {
	State   string `query:"state" doc:"A state, or open (declared, acknowledged or mitigated), or all" enum:"open,all,declared,acknowledged,mitigated,resolved,closed,cancelled" default:"all"`
	Service string `query:"service" doc:"Only incidents that affect this service"`
	Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Before  string `query:"before" doc:"Only incidents with a lower number than this reference, for paging"`
}

// ListResponse holds the incidents, newest first.
type ListResponse struct {
	Body IncidentList
}

// List returns the incidents that were asked for.
func (h *Handlers) List(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	f := incidents.Filter{Service: in.Service, Limit: in.Limit}
	switch in.State {
	case "all":
	case "open":
		f.States = incidents.OpenStates()
	default:
		f.States = []incidents.State{incidents.State(in.State)}
	}
	if in.Before != "" {
		before, err := incidents.ParseRef(in.Before)
		if err != nil {
			return nil, problem(err, "query.before")
		}
		f.Before = before
	}
	found, err := h.Store.List(ctx, viewer(ctx), f)
	if err != nil {
		return nil, err
	}
	out := &ListResponse{Body: IncidentList{Incidents: make([]Incident, 0, len(found))}}
	for _, i := range found {
		out.Body.Incidents = append(out.Body.Incidents, view(i))
	}
	return out, nil
}

// RefRequest names an incident.
type RefRequest struct {
	Ref string `path:"ref" doc:"Such as INC-7 or 7" example:"INC-7"`
}

// DetailResponse holds one incident.
type DetailResponse struct {
	Body IncidentDetail
}

// Get returns one incident with its timeline.
func (h *Handlers) Get(ctx context.Context, in *RefRequest) (*DetailResponse, error) {
	i, timeline, err := h.load(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	return &DetailResponse{Body: IncidentDetail{Incident: view(i), Timeline: timeline}}, nil
}

// viewer is whoever asks. Whoever holds the operator's token is no exception: private incidents are for their members.
func viewer(ctx context.Context) incidents.Viewer {
	return incidents.Viewer{Subject: identity.From(ctx).Subject}
}

func (h *Handlers) load(ctx context.Context, text string) (incidents.Incident, []incidents.TimelineEntry, error) {
	ref, err := incidents.ParseRef(text)
	if err != nil {
		return incidents.Incident{}, nil, problem(err, "path.ref")
	}
	i, err := h.Store.Get(ctx, viewer(ctx), ref)
	if err != nil {
		return i, nil, problem(err, "")
	}
	timeline, err := h.Store.Timeline(ctx, viewer(ctx), ref)
	if err != nil {
		return i, nil, fmt.Errorf("get %s: %w", ref, err)
	}
	return i, timeline, nil
}
