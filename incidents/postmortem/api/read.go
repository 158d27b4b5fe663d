package api

import (
	"context"
	"errors"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// load reads the postmortem that a request names.
func (h *Handlers) load(ctx context.Context, ref string) (postmortem.Record, error) {
	n, err := incidents.ParseRef(ref)
	if err != nil {
		return postmortem.Record{}, problem(err, "path.ref")
	}
	r, err := h.Store.Get(ctx, viewer(ctx), n)
	return r, problem(err, "")
}

// Get returns the postmortem of an incident.
func (h *Handlers) Get(ctx context.Context, in *RefRequest) (*PostmortemResponse, error) {
	r, err := h.load(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	return h.answer(r, nil)
}

// Change is an entry of the history, without the record.
type Change struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Verb    string    `json:"verb"`
	Reason  string    `json:"reason,omitempty"`
	Fields  []string  `json:"fields" nullable:"false"`
}

// HistoryResponse holds the history.
type HistoryResponse struct {
	Body struct {
		Versions []Change `json:"versions" nullable:"false"`
	}
}

// Versions returns the history of a postmortem.
func (h *Handlers) Versions(ctx context.Context, in *RefRequest) (*HistoryResponse, error) {
	ref, err := incidents.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.ref")
	}
	list, err := h.Store.Versions(ctx, viewer(ctx), ref)
	if err != nil {
		return nil, problem(err, "")
	}
	out := &HistoryResponse{}
	for _, v := range list {
		out.Body.Versions = append(out.Body.Versions, Change{v.Number, v.At, v.By, v.Verb, v.Reason, v.Fields})
	}
	return out, nil
}

// VersionRequest names one version.
type VersionRequest struct {
	RefRequest
	Version int `path:"version" minimum:"1"`
}

// VersionResponse holds one version with the whole record.
type VersionResponse struct {
	Body postmortem.Version
}

// Version returns one version of a postmortem.
func (h *Handlers) Version(ctx context.Context, in *VersionRequest) (*VersionResponse, error) {
	ref, err := incidents.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.ref")
	}
	v, err := h.Store.Version(ctx, viewer(ctx), ref, in.Version)
	if err != nil {
		return nil, problem(err, "")
	}
	return &VersionResponse{Body: v}, nil
}

// DocumentRequest asks for a document.
type DocumentRequest struct {
	RefRequest
	Format string `query:"format" enum:"markdown,html" default:"markdown"`
}

// DocumentResponse holds a document.
type DocumentResponse struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// Document writes a postmortem.
func (h *Handlers) Document(ctx context.Context, in *DocumentRequest) (*DocumentResponse, error) {
	r, err := h.load(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	d := postmortem.Write(r)
	if in.Format == "html" {
		return &DocumentResponse{ContentType: "text/html; charset=utf-8", Body: []byte(d.HTML())}, nil
	}
	return &DocumentResponse{ContentType: "text/markdown; charset=utf-8", Body: []byte(d.Markdown())}, nil
}

// ListRequest selects postmortems.
type ListRequest struct {
	State   string `query:"state" doc:"A state, or open (draft or in review), or all" enum:"open,all,draft,in_review,reviewed,closed" default:"all"`
	Service string `query:"service" doc:"Only those of incidents that affected this service"`
	Overdue bool   `query:"overdue" doc:"Only those that should have been reviewed by now"`
}

// Summary is a postmortem in a list.
type Summary struct {
	Incident incidents.Ref          `json:"incident"`
	Title    string                 `json:"title"`
	Severity incidents.Severity     `json:"severity"`
	State    postmortem.State       `json:"state" enum:"draft,in_review,reviewed,closed"`
	Version  int                    `json:"version"`
	Owner    string                 `json:"owner,omitempty"`
	Due      time.Time              `json:"due,omitzero"`
	Overdue  bool                   `json:"overdue"`
	Required string                 `json:"required,omitempty"`
	Trigger  postmortem.TriggerKind `json:"trigger,omitempty"`
	Spent    float64                `json:"spent" doc:"The largest part of an error budget that went"`
	Items    int                    `json:"items" doc:"Action items"`
	Open     int                    `json:"openItems" doc:"Those that are open"`
}

// ListResponse holds postmortems.
type ListResponse struct {
	Body struct {
		Postmortems []Summary `json:"postmortems" nullable:"false"`
	}
}

// List returns the postmortems that were asked for.
func (h *Handlers) List(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	f := postmortem.Filter{Service: in.Service}
	for _, s := range postmortem.States() {
		if in.State == string(s) || in.State == "open" && (s == postmortem.Draft || s == postmortem.InReview) {
			f.States = append(f.States, s)
		}
	}
	if in.Overdue {
		f.Overdue = h.Now()
	}
	list, err := h.Store.List(ctx, viewer(ctx), f)
	if err != nil {
		return nil, err
	}
	out := &ListResponse{}
	out.Body.Postmortems = []Summary{}
	for _, r := range list {
		s := Summary{Incident: r.Incident, Title: r.Facts.Title, Severity: r.Facts.Severity, State: r.State, Version: r.Version, Owner: r.Owner, Due: r.Due,
			Overdue: r.Overdue(h.Now()), Required: r.Required, Trigger: r.Content.Trigger.Kind, Spent: r.Facts.Worst(), Items: len(r.Items)}
		for _, i := range r.Items {
			if i.State == postmortem.ItemOpen {
				s.Open++
			}
		}
		out.Body.Postmortems = append(out.Body.Postmortems, s)
	}
	return out, nil
}

// LearnRequest selects what to learn from.
type LearnRequest struct {
	Service string    `query:"service" doc:"Only incidents that affected this service"`
	Since   time.Time `query:"since" doc:"Only incidents that began then or later"`
}

// LearnResponse holds what was learnt.
type LearnResponse struct {
	Body postmortem.Learning
}

// Learn sums up what postmortems teach.
func (h *Handlers) Learn(ctx context.Context, in *LearnRequest) (*LearnResponse, error) {
	list, err := h.Store.List(ctx, viewer(ctx), postmortem.Filter{Service: in.Service})
	if err != nil {
		return nil, err
	}
	return &LearnResponse{Body: postmortem.Learn(list, in.Since, h.Now())}, nil
}

// SimilarRequest gives a text.
type SimilarRequest struct {
	Text string `query:"text" required:"true" minLength:"1" maxLength:"2000"`
}

// SimilarResponse holds postmortems that share words.
type SimilarResponse struct {
	Body struct {
		Similar []postmortem.Match `json:"similar" nullable:"false" doc:"The most similar first"`
	}
}

// Similar finds postmortems that share words with a text.
func (h *Handlers) Similar(ctx context.Context, in *SimilarRequest) (*SimilarResponse, error) {
	return h.similar(ctx, in.Text, 0)
}

// SimilarTo finds postmortems of incidents like this one, which need not have a postmortem yet.
func (h *Handlers) SimilarTo(ctx context.Context, in *RefRequest) (*SimilarResponse, error) {
	ref, err := incidents.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.ref")
	}
	r, err := h.Store.Get(ctx, viewer(ctx), ref)
	if errors.Is(err, postmortem.ErrNotFound) {
		var i incidents.Incident
		if i, err = h.Incidents.Get(ctx, viewer(ctx), ref); err == nil {
			r.Facts.Title, r.Facts.Services = i.Title, i.Services
		}
	}
	if err != nil {
		return nil, problem(err, "")
	}
	return h.similar(ctx, r.Words(), ref)
}

func (h *Handlers) similar(ctx context.Context, text string, itself incidents.Ref) (*SimilarResponse, error) {
	list, err := h.Store.Similar(ctx, viewer(ctx), text, itself)
	if err != nil {
		return nil, err
	}
	out := &SimilarResponse{}
	out.Body.Similar = list
	return out, nil
}
