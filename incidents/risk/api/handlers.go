package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/incidents/risk"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

// reader and writer are what keeps the register.
type reader interface {
	Get(ctx context.Context, ref risk.Ref) (risk.Item, error)
	List(ctx context.Context, f risk.Filter) ([]risk.Item, error)
	History(ctx context.Context, ref risk.Ref) ([]risk.Entry, error)
}

type writer interface {
	Add(ctx context.Context, c risk.Content, by, reason string) (risk.Item, error)
	Edit(ctx context.Context, ref risk.Ref, version int, c risk.Content, by, reason string) (risk.Item, error)
	Move(ctx context.Context, ref risk.Ref, version int, to risk.State, by, reason string) (risk.Item, error)
	Import(ctx context.Context, contents []risk.Content, by, reason string) (risk.Outcome, error)
}

// ledger knows the objectives and how their budgets stood.
type ledger interface {
	Objectives() []*slo.Objective
	Status(key slo.Key, at time.Time) (slo.Status, bool)
}

// Handlers are the operations on risks.
type Handlers struct {
	Store interface { // required
		reader
		writer
	}
	Ledger ledger           // nil where nothing can be suggested
	Now    func() time.Time // required
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	read(api, "list-risks", "", "List risks, the one to do first first", h.List)
	read(api, "suggest-risks", "/suggestions", "Suggest risks from objectives that keep spending their budgets", h.Suggest)
	read(api, "get-risk", "/{ref}", "Get one risk with its history", h.Get)
	read(api, "justify-risk", "/{ref}/justification", "Explain a risk on one page, in plain words", h.Justify)

	change(api, "add-risk", http.MethodPost, "", "Add a risk", h.Add)
	change(api, "edit-risk", http.MethodPut, "/{ref}", "Replace what is said of a risk; every version is kept", h.Edit)
	change(api, "move-risk", http.MethodPost, "/{ref}/state", "Plan, accept, finish or reopen a risk", h.Move)
	bulk := changing("import-risks", http.MethodPost, "/import", "Add or edit many risks, known by their titles; all or none")
	bulk.MaxBodyBytes = maxImport
	huma.Register(api, bulk, h.Import)
}

func read[I, O any](api huma.API, id, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: "/v1/risks" + path, Tags: []string{"risks"},
		Summary: summary, Errors: []int{http.StatusNotFound},
	}, f)
}

// maxImport bounds an import, in bytes: 1,000 risks with some pages of text each.
const maxImport = 16 << 20

func change[I, O any](api huma.API, id, method, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, changing(id, method, path, summary), f)
}

func changing(id, method, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: "/v1/risks" + path, Tags: []string{"risks"},
		Summary: summary, Security: httpapi.Bearer,
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict},
	}
}

// RefRequest names a risk.
type RefRequest struct {
	Ref string `path:"ref" doc:"Such as RISK-7 or 7" example:"RISK-7"`
}

// RiskResponse holds a risk as it is after a change.
type RiskResponse struct {
	Body Risk
}

// ListRequest selects risks.
type ListRequest struct {
	State    string `query:"state" doc:"A state, or live (open or planned), or all" enum:"live,all,open,planned,accepted,done" default:"live"`
	Service  string `query:"service" doc:"Only risks of this service"`
	Quadrant string `query:"quadrant" doc:"Only risks in this part of the matrix" enum:"quick win,plan,schedule,accept"`
}

// ListResponse holds the risks in their ranking.
type ListResponse struct {
	Body RiskList
}

// List returns the risks that were asked for.
func (h *Handlers) List(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	f := risk.Filter{Service: in.Service}
	for _, s := range risk.States() {
		if in.State == string(s) || in.State == "live" && s.Live() {
			f.States = append(f.States, s)
		}
	}
	found, err := h.Store.List(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &ListResponse{Body: RiskList{Risks: make([]Risk, 0, len(found))}}
	for _, i := range risk.Rank(found) {
		if v := view(i); in.Quadrant == "" || in.Quadrant == string(v.Quadrant) {
			out.Body.Risks = append(out.Body.Risks, v)
		}
	}
	return out, nil
}

// DetailResponse holds one risk.
type DetailResponse struct {
	Body RiskDetail
}

func (h *Handlers) load(ctx context.Context, text string) (risk.Item, error) {
	ref, err := risk.ParseRef(text)
	if err != nil {
		return risk.Item{}, problem(err, "path.")
	}
	i, err := h.Store.Get(ctx, ref)
	if err != nil {
		return i, problem(err, "")
	}
	return i, nil
}

// Get returns one risk with its history.
func (h *Handlers) Get(ctx context.Context, in *RefRequest) (*DetailResponse, error) {
	i, err := h.load(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	history, err := h.Store.History(ctx, i.Ref)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", i.Ref, err)
	}
	return &DetailResponse{Body: RiskDetail{Risk: view(i), History: history}}, nil
}

// JustifyRequest asks for the page.
type JustifyRequest struct {
	RefRequest
	Format string `query:"format" enum:"markdown,html" default:"markdown"`
}

// JustifyResponse holds the page.
type JustifyResponse struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// Justify explains a risk to somebody who plans a product.
func (h *Handlers) Justify(ctx context.Context, in *JustifyRequest) (*JustifyResponse, error) {
	i, err := h.load(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	page := risk.Justify(i)
	if in.Format == "html" {
		return &JustifyResponse{ContentType: "text/html; charset=utf-8", Body: []byte(page.HTML())}, nil
	}
	return &JustifyResponse{ContentType: "text/markdown; charset=utf-8", Body: []byte(page.Markdown())}, nil
}

// AddBody is a risk as it is added.
type AddBody struct {
	Content risk.Content `json:"content"`
	Reason  string       `json:"reason,omitempty" doc:"For the history"`
}

// AddRequest adds a risk.
type AddRequest struct {
	Body AddBody
}

// Add adds a risk.
func (h *Handlers) Add(ctx context.Context, in *AddRequest) (*RiskResponse, error) {
	return answer(h.Store.Add(ctx, in.Body.Content, identity.From(ctx).Subject, in.Body.Reason))
}

// EditBody is what a risk says from now on.
type EditBody struct {
	Version int          `json:"version" doc:"That the change was made from; the change is refused if the risk has another one"`
	Content risk.Content `json:"content"`
	Reason  string       `json:"reason,omitempty" doc:"For the history"`
}

// EditRequest replaces what is said of a risk.
type EditRequest struct {
	RefRequest
	Body EditBody
}

// Edit replaces what is said of a risk.
func (h *Handlers) Edit(ctx context.Context, in *EditRequest) (*RiskResponse, error) {
	ref, err := risk.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.")
	}
	return answer(h.Store.Edit(ctx, ref, in.Body.Version, in.Body.Content, identity.From(ctx).Subject, in.Body.Reason))
}

// MoveBody is where a risk stands from now on.
type MoveBody struct {
	Version int        `json:"version" doc:"That the change was made from; the change is refused if the risk has another one"`
	State   risk.State `json:"state" enum:"open,planned,accepted,done"`
	Reason  string     `json:"reason,omitempty" doc:"Needed for accepting and reopening"`
}

// MoveRequest gives a risk another state.
type MoveRequest struct {
	RefRequest
	Body MoveBody
}

// Move gives a risk another state.
func (h *Handlers) Move(ctx context.Context, in *MoveRequest) (*RiskResponse, error) {
	ref, err := risk.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.")
	}
	i, err := h.Store.Move(ctx, ref, in.Body.Version, in.Body.State, identity.From(ctx).Subject, in.Body.Reason)
	if err != nil {
		return nil, problem(err, "body.")
	}
	return &RiskResponse{Body: view(i)}, nil
}

func answer(i risk.Item, err error) (*RiskResponse, error) {
	if err != nil {
		return nil, problem(err, "body.content.")
	}
	return &RiskResponse{Body: view(i)}, nil
}

// ImportBody holds many risks.
type ImportBody struct {
	Risks  []risk.Content `json:"risks" minItems:"1" maxItems:"1000"`
	Reason string         `json:"reason,omitempty" doc:"For the history"`
}

// ImportRequest adds or edits many risks.
type ImportRequest struct {
	Body ImportBody
}

// ImportResponse says what became of them.
type ImportResponse struct {
	Body risk.Outcome
}

// Import adds or edits many risks.
func (h *Handlers) Import(ctx context.Context, in *ImportRequest) (*ImportResponse, error) {
	out, err := h.Store.Import(ctx, in.Body.Risks, identity.From(ctx).Subject, in.Body.Reason)
	if err != nil {
		return nil, problem(err, "body.")
	}
	return &ImportResponse{Body: out}, nil
}
