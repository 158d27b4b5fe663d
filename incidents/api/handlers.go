package api

import (
	"context"
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
	Versions(ctx context.Context, v incidents.Viewer, ref incidents.Ref, number int) ([]incidents.TimelineEntry, error)
	List(ctx context.Context, v incidents.Viewer, f incidents.Filter) ([]incidents.Incident, error)
	Search(ctx context.Context, v incidents.Viewer, text string) ([]incidents.Incident, error)
	Declared(ctx context.Context, v incidents.Viewer, from, to time.Time) ([]incidents.Incident, error)
	Absorbed(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.Incident, error)
}

// ledger knows the objectives and their events.
type ledger interface {
	Objectives() []*slo.Objective
	Status(key slo.Key, at time.Time) (slo.Status, bool)
	ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool)
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
	read(api, "search-incidents", "/search", "Search titles, services and timelines, best first", h.Search)
	read(api, "incident-statistics", "/statistics", "Measure how long incidents took: means, medians and 90th percentiles", h.Statistics)
	read(api, "list-severities", "/severities", "List the severities and what they mean", h.Severities)
	read(api, "get-incident", "/{ref}", "Get one incident with its timeline", h.Get)
	read(api, "get-timeline-versions", "/{ref}/timeline/{number}", "Get every version of one entry", h.Versions)
	read(api, "get-incident-budget", "/{ref}/budget", "Measure the error budget that it spent, by objective", h.Budget)
	read(api, "get-message-template", "/{ref}/template", "Write what a message to an audience would say", h.Template)
	read(api, "draft-postmortem", "/{ref}/postmortem/draft", "Write the postmortem that would be begun now, as Markdown", h.Postmortem)

	h.registerLifecycle(api)
	h.registerResponse(api)
}

func (h *Handlers) registerLifecycle(api huma.API) {
	change(api, "declare-incident", http.MethodPost, "", "Declare an incident", h.Declare)
	change(api, "acknowledge-incident", http.MethodPost, "/{ref}/acknowledge", "Say that you work on it", h.Acknowledge)
	change(api, "command-incident", http.MethodPost, "/{ref}/command", "Take command; this also acknowledges", h.Command)
	change(api, "assign-role", http.MethodPost, "/{ref}/roles", "Give a role to somebody, or hand it off", h.Assign)
	change(api, "set-severity", http.MethodPost, "/{ref}/severity", "Set or change the severity", h.Severity)
	change(api, "set-time", http.MethodPost, "/{ref}/times", "Correct when something happened", h.Time)
	change(api, "mitigate-incident", http.MethodPost, "/{ref}/mitigate", "Say that customers no longer notice it", h.Mitigate)
	change(api, "resolve-incident", http.MethodPost, "/{ref}/resolve", "Say that its cause is gone or contained", h.Resolve)
	change(api, "reopen-incident", http.MethodPost, "/{ref}/reopen", "Say that it was not over, or no part of another", h.Reopen)
	change(api, "cancel-incident", http.MethodPost, "/{ref}/cancel", "Say that it was no incident", h.Cancel)
	change(api, "close-incident", http.MethodPost, "/{ref}/close", "End a resolved incident for good", h.Close)
	change(api, "merge-incident", http.MethodPost, "/{ref}/merge", "Say that it is a part of another, where it goes on", h.Merge)
}

func (h *Handlers) registerResponse(api huma.API) {
	change(api, "note-on-incident", http.MethodPost, "/{ref}/notes", "Put a note among responders on the timeline", h.Note)
	change(api, "update-on-incident", http.MethodPost, "/{ref}/updates", "Tell everybody else how it goes", h.Update)
	change(api, "pin-message", http.MethodPost, "/{ref}/pins", "Keep a message from elsewhere on the timeline", h.Pin)
	change(api, "record-event", http.MethodPost, "/{ref}/events", "Put an alert, a deploy or a decision on the timeline", h.Event)
	change(api, "amend-timeline", http.MethodPut, "/{ref}/timeline/{number}", "Correct or retract what somebody wrote; every version is kept", h.Amend)
	change(api, "change-impact", http.MethodPost, "/{ref}/impact", "Say what else is affected, or is not after all", h.Impact)
	change(api, "add-task", http.MethodPost, "/{ref}/tasks", "Ask for something to be done", h.AddTask)
	change(api, "finish-task", http.MethodPost, "/{ref}/tasks/{number}/done", "Say that a task is done", h.FinishTask)
	change(api, "link-incidents", http.MethodPost, "/{ref}/links", "Say that it has to do with another", h.Link)
	change(api, "draft-message", http.MethodPost, "/{ref}/messages", "Write a message to stakeholders", h.Draft)
	change(api, "approve-message", http.MethodPost, "/{ref}/messages/{number}/approve", "Let a message of somebody else go out", h.Approve)
	change(api, "reject-message", http.MethodPost, "/{ref}/messages/{number}/reject", "Keep a message of somebody else from going out", h.Reject)
	change(api, "record-deliveries", http.MethodPost, "/{ref}/messages/{number}/deliveries", "Record where an approved message went", h.Deliveries)
	change(api, "invite-member", http.MethodPost, "/{ref}/members", "Let somebody see it while it is private", h.Invite)
	change(api, "change-privacy", http.MethodPost, "/{ref}/privacy", "Show it to its members only, or to everybody", h.Privacy)
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
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, f)
}

// ListRequest selects incidents.
type ListRequest struct {
	State   string `query:"state" doc:"A state, or open (declared, acknowledged or mitigated), or all" enum:"open,all,declared,acknowledged,mitigated,resolved,closed,cancelled,merged" default:"all"`
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
	return listed(found), nil
}

func listed(found []incidents.Incident) *ListResponse {
	out := &ListResponse{Body: IncidentList{Incidents: make([]Incident, 0, len(found))}}
	for _, i := range found {
		out.Body.Incidents = append(out.Body.Incidents, view(i))
	}
	return out
}

// SearchRequest says what to look for.
type SearchRequest struct {
	Text string `query:"q" required:"true" minLength:"1" maxLength:"1000" doc:"Words, \"words that stand together\", OR between choices, and - before what must not be there" example:"playback -search"`
}

// Search returns the 50 incidents that fit best.
func (h *Handlers) Search(ctx context.Context, in *SearchRequest) (*ListResponse, error) {
	found, err := h.Store.Search(ctx, viewer(ctx), in.Text)
	if err != nil {
		return nil, err
	}
	return listed(found), nil
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
	absorbed, err := h.Store.Absorbed(ctx, viewer(ctx), i.Ref)
	if err != nil {
		return nil, err
	}
	d := IncidentDetail{Incident: view(i), Timeline: timeline, Absorbed: []Absorbed{}, Spent: h.budget(i)}
	for _, a := range absorbed {
		d.Absorbed = append(d.Absorbed, Absorbed{a.Ref, a.Title})
	}
	return &DetailResponse{Body: d}, nil
}

// viewer is whoever asks. Whoever holds the operator's token is no exception: private incidents are for their members.
func viewer(ctx context.Context) incidents.Viewer {
	return incidents.Viewer{Subject: identity.From(ctx).Subject}
}

// get reads the incident that a request names.
func (h *Handlers) get(ctx context.Context, text string) (incidents.Incident, error) {
	ref, err := incidents.ParseRef(text)
	if err != nil {
		return incidents.Incident{}, problem(err, "path.ref")
	}
	i, err := h.Store.Get(ctx, viewer(ctx), ref)
	if err != nil {
		return i, problem(err, "")
	}
	return i, nil
}

func (h *Handlers) load(ctx context.Context, text string) (incidents.Incident, []incidents.TimelineEntry, error) {
	i, err := h.get(ctx, text)
	if err != nil {
		return i, nil, err
	}
	timeline, err := h.Store.Timeline(ctx, viewer(ctx), i.Ref)
	if err != nil {
		return i, nil, problem(err, "")
	}
	return i, timeline, nil
}

// EntryRequest names an entry of a timeline.
type EntryRequest struct {
	RefRequest
	Number int `path:"number" minimum:"1" doc:"Number of the entry"`
}

// VersionsResponse holds the versions of an entry.
type VersionsResponse struct {
	Body struct {
		Versions []incidents.TimelineEntry `json:"versions" nullable:"false" doc:"As it was written first, and each edit after"`
	}
}

// Versions returns every version of one entry.
func (h *Handlers) Versions(ctx context.Context, in *EntryRequest) (*VersionsResponse, error) {
	i, err := h.get(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	out := &VersionsResponse{}
	if out.Body.Versions, err = h.Store.Versions(ctx, viewer(ctx), i.Ref, in.Number); err != nil {
		return nil, problem(err, "")
	}
	return out, nil
}
