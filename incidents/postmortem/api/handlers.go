package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

// reader and writer are what keeps postmortems.
type reader interface {
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (postmortem.Record, error)
	Versions(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]postmortem.Version, error)
	Version(ctx context.Context, v incidents.Viewer, ref incidents.Ref, number int) (postmortem.Version, error)
	List(ctx context.Context, v incidents.Viewer, f postmortem.Filter) ([]postmortem.Record, error)
	Item(ctx context.Context, v incidents.Viewer, id postmortem.ItemRef) (postmortem.ActionItem, error)
	Items(ctx context.Context, v incidents.Viewer, f postmortem.ItemFilter) ([]postmortem.ActionItem, error)
	Similar(ctx context.Context, v incidents.Viewer, text string, itself incidents.Ref) ([]postmortem.Match, error)
}

type writer interface {
	Begin(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error)
	Refresh(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error)
	Do(ctx context.Context, ref incidents.Ref, cmd postmortem.Command, by incidents.Caller) (postmortem.Record, error)
	DoItem(ctx context.Context, id postmortem.ItemRef, cmd postmortem.Command, by incidents.Caller) (postmortem.ActionItem, error)
}

// incidentStore knows the incidents and who may see them.
type incidentStore interface {
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error)
	Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error)
}

// Handlers are the operations on postmortems. All fields are required.
type Handlers struct {
	Store interface {
		reader
		writer
	}
	Incidents incidentStore
	Now       func() time.Time
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	const of = "/v1/incidents/{ref}/postmortem"
	read(api, "get-postmortem", of, "Get the postmortem of an incident", h.Get)
	read(api, "list-postmortem-versions", of+"/versions", "List the versions of a postmortem", h.Versions)
	read(api, "get-postmortem-version", of+"/versions/{version}", "Get one version of a postmortem, whole", h.Version)
	read(api, "export-postmortem", of+"/document", "Write a postmortem as Markdown or HTML", h.Document)
	read(api, "check-postmortem", of+"/check", "Advise on blame and on what is missing", h.Check)
	read(api, "similar-incidents", of+"/similar", "Find postmortems of similar incidents", h.SimilarTo)
	read(api, "list-postmortems", "/v1/postmortems", "List postmortems, that of the latest incident first", h.List)
	read(api, "learn-from-postmortems", "/v1/postmortems/learning", "Sum up what postmortems teach: repeated causes, triggers, action items", h.Learn)
	read(api, "search-postmortems", "/v1/postmortems/similar", "Find postmortems that share words with a text", h.Similar)
	read(api, "list-action-items", "/v1/action-items", "List action items, the one that is due first first", h.Items)
	read(api, "get-action-item", "/v1/action-items/{id}", "Get one action item", h.Item)

	change(api, "begin-postmortem", http.MethodPost, of, "Begin a postmortem with what is known; one that was begun stays", h.Begin)
	change(api, "edit-postmortem", http.MethodPut, of, "Replace what people wrote; every version is kept", h.Edit)
	change(api, "refresh-postmortem", http.MethodPost, of+"/refresh", "Take the facts of a draft again", h.Refresh)
	change(api, "assign-postmortem", http.MethodPost, of+"/owner", "Give a postmortem to somebody", h.Assign)
	change(api, "schedule-postmortem", http.MethodPost, of+"/due", "Set when a postmortem is to be reviewed", h.Schedule)
	change(api, "invite-reviewers", http.MethodPost, of+"/reviewers", "Say whose approval a postmortem needs", h.Invite)
	change(api, "submit-postmortem", http.MethodPost, of+"/submit", "Say that a postmortem is complete", h.Submit)
	change(api, "review-postmortem", http.MethodPost, of+"/review", "Approve a postmortem, or return it with a reason", h.Review)
	change(api, "return-postmortem", http.MethodPost, of+"/return", "Send a postmortem back to its authors", h.Return)
	change(api, "close-postmortem", http.MethodPost, of+"/close", "Close a postmortem whose action items are done", h.Close)
	change(api, "add-action-item", http.MethodPost, of+"/items", "Add an action item", h.AddItem)
	change(api, "edit-action-item", http.MethodPut, "/v1/action-items/{id}", "Replace what is said of an open action item", h.EditItem)
	change(api, "close-action-item", http.MethodPost, "/v1/action-items/{id}/close", "Close an action item with evidence", h.CloseItem)
	change(api, "verify-action-item", http.MethodPost, "/v1/action-items/{id}/verify", "Say that you looked at the evidence", h.VerifyItem)
	change(api, "reopen-action-item", http.MethodPost, "/v1/action-items/{id}/reopen", "Say that an action item is not done", h.ReopenItem)
	change(api, "check-text", http.MethodPost, "/v1/postmortems/check", "Advise on blame in a text that is kept nowhere", h.CheckText)
}

func read[I, O any](api huma.API, id, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"postmortems"}, Summary: summary, Errors: []int{http.StatusNotFound},
	}, f)
}

func change[I, O any](api huma.API, id, method, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{"postmortems"}, Summary: summary, Security: httpapi.Bearer,
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict},
	}, f)
}

func viewer(ctx context.Context) incidents.Viewer {
	return incidents.Viewer{Subject: identity.From(ctx).Subject}
}

// Once makes a change safe to send again.
type Once struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of your own. A change that is sent again with the same one changes nothing and is answered with what it is about as that is now"`
}

// caller is whoever asks for something. One person's keys are no other's, and a key that is used for something else is another one.
func (o Once) caller(ctx context.Context, what string) incidents.Caller {
	by := incidents.Caller{Subject: identity.From(ctx).Subject}
	if o.Key != "" {
		by.RequestID = fmt.Sprintf("api/%q/%s/%q", by.Subject, what, o.Key)
	}
	return by
}

// RefRequest names an incident.
type RefRequest struct {
	Ref string `path:"ref" doc:"Such as INC-7 or 7" example:"INC-7"`
}

// ChangeRequest names the incident whose postmortem is to change.
type ChangeRequest struct {
	RefRequest
	Once
}

// ItemRequest names an action item.
type ItemRequest struct {
	ID string `path:"id" doc:"Such as AI-7 or 7" example:"AI-7"`
}

// ItemChangeRequest names the action item that is to change.
type ItemChangeRequest struct {
	ItemRequest
	Once
}

// Postmortem is a record with what follows from it.
type Postmortem struct {
	postmortem.Record
	Missing []string `json:"missing" nullable:"false" doc:"What a review needs and is not there, in words"`
	Pending []string `json:"pending" nullable:"false" doc:"Reviewers who have not approved the text as it stands"`
	Overdue bool     `json:"overdue" doc:"Whether it should have been reviewed by now"`
}

func (h *Handlers) view(r postmortem.Record) Postmortem {
	return Postmortem{Record: r, Missing: append([]string{}, r.Missing()...), Pending: append([]string{}, r.Pending()...), Overdue: r.Overdue(h.Now())}
}

// PostmortemResponse holds a postmortem as it is now.
type PostmortemResponse struct {
	Body Postmortem
}

func (h *Handlers) answer(r postmortem.Record, err error) (*PostmortemResponse, error) {
	if err != nil {
		return nil, problem(err, "")
	}
	return &PostmortemResponse{Body: h.view(r)}, nil
}

// do carries out a command on the postmortem that a request names. The field of an error stands below the location.
func (h *Handlers) do(ctx context.Context, to ChangeRequest, cmd postmortem.Command, location string) (*PostmortemResponse, error) {
	r, err := h.run(ctx, to, cmd, location)
	if err != nil {
		return nil, err
	}
	return h.answer(r, nil)
}

func (h *Handlers) run(ctx context.Context, to ChangeRequest, cmd postmortem.Command, location string) (postmortem.Record, error) {
	ref, err := incidents.ParseRef(to.Ref)
	if err != nil {
		return postmortem.Record{}, problem(err, "path.ref")
	}
	r, err := h.Store.Do(ctx, ref, cmd, to.caller(ctx, fmt.Sprintf("%s %s", cmd.Verb(), ref)))
	return r, problem(err, location)
}
