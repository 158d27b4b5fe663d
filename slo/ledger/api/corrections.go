package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// corrections keeps what was corrected.
type corrections interface {
	Make(ctx context.Context, c slo.Correction) (slo.Correction, error)
	Undo(ctx context.Context, id slo.CorrectionID, by string) (slo.Correction, error)
	Load(ctx context.Context) (all []slo.Correction, version int64, err error)
}

// previewer computes what a correction would do.
type previewer interface {
	CheckCorrection(c slo.Correction) error
	Preview(c slo.Correction, at time.Time) []ledger.Corrected
}

// Corrections are the operations on corrections. All fields are required.
type Corrections struct {
	Store  corrections
	Ledger previewer
	Now    func() time.Time
}

// Register adds the operations to api.
func (h *Corrections) Register(api huma.API) {
	tags := []string{"corrections"}
	huma.Register(api, huma.Operation{
		OperationID: "list-corrections", Method: http.MethodGet, Path: "/v1/corrections", Tags: tags,
		Summary: "List corrections, newest first, with those that were taken back",
	}, h.List)
	huma.Register(api, huma.Operation{
		OperationID: "make-correction", Method: http.MethodPost, Path: "/v1/corrections", Tags: tags, Security: httpapi.Bearer,
		Summary: "Correct what was measured in an interval, or preview that",
		Description: "A correction is retroactive and reversible: the events as they were measured are kept, and shown beside. The answer says what " +
			"changes for each objective. With preview=true nothing is changed.",
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.Make)
	huma.Register(api, huma.Operation{
		OperationID: "undo-correction", Method: http.MethodPost, Path: "/v1/corrections/{id}/undo", Tags: tags, Security: httpapi.Bearer,
		Summary: "Take a correction back; one that has been taken back already stays as it is",
		Errors:  []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.Undo)
}

// Correction is a correction and who answers for it.
type Correction struct {
	ID        slo.CorrectionID `json:"id"`
	Objective slo.Key          `json:"objective,omitempty" doc:"The objective that it is for, with its children; absent if it is for a service or for all"`
	Service   string           `json:"service,omitempty" doc:"The service that it is for; absent if it is for an objective or for all"`
	From      time.Time        `json:"from"`
	To        time.Time        `json:"to" doc:"Exclusive"`
	Effect    slo.Effect       `json:"effect" enum:"exclude,good" doc:"exclude: the interval leaves every window, also in the coverage; good: all its events count as good"`
	Reason    string           `json:"reason"`
	By        string           `json:"by" doc:"Who made it"`
	At        time.Time        `json:"at" doc:"When it was made"`
	UndoneBy  string           `json:"undoneBy,omitempty" doc:"Who took it back; absent while it holds"`
	UndoneAt  *time.Time       `json:"undoneAt,omitempty" doc:"When it was taken back"`
}

func correctionOf(c slo.Correction) Correction {
	out := Correction{
		ID: c.ID, Objective: c.Objective, Service: c.Service, From: c.From.UTC(), To: c.To.UTC(), Effect: c.Effect,
		Reason: c.Reason, By: c.By, At: c.At.UTC(), UndoneBy: c.UndoneBy,
	}
	if !c.Undone.IsZero() {
		undone := c.Undone.UTC()
		out.UndoneAt = &undone
	}
	return out
}

// CorrectionsRequest asks for corrections.
type CorrectionsRequest struct {
	Active bool `query:"active" doc:"Only those that hold"`
}

// CorrectionsResponse holds corrections, newest first.
type CorrectionsResponse struct {
	Body CorrectionList
}

// CorrectionList is the answer to [Corrections.List].
type CorrectionList struct {
	Corrections []Correction `json:"corrections" nullable:"false"`
}

// List returns the corrections, newest first.
func (h *Corrections) List(ctx context.Context, in *CorrectionsRequest) (*CorrectionsResponse, error) {
	all, _, err := h.Store.Load(ctx)
	if err != nil {
		return nil, problem(err, "the corrections could not be read; ask again")
	}
	out := &CorrectionsResponse{Body: CorrectionList{Corrections: []Correction{}}}
	for _, c := range slices.Backward(all) {
		if c.Undone.IsZero() || !in.Active {
			out.Body.Corrections = append(out.Body.Corrections, correctionOf(c))
		}
	}
	return out, nil
}

// MakeRequest makes or previews a correction.
type MakeRequest struct {
	Preview bool `query:"preview" doc:"Only say what would change"`
	Body    NewCorrection
}

// NewCorrection is a correction that is to be made.
type NewCorrection struct {
	Objective slo.Key    `json:"objective,omitempty" doc:"The objective that it is for, with its children" example:"video-api/availability"`
	Service   string     `json:"service,omitempty" doc:"The service that it is for; not together with an objective. With neither it is for all objectives" example:"video-api"`
	From      time.Time  `json:"from" doc:"The first minute" example:"2026-11-24T02:00:00Z"`
	To        time.Time  `json:"to" doc:"The minute after the last one; may lie in the future" example:"2026-11-24T03:00:00Z"`
	Effect    slo.Effect `json:"effect" doc:"exclude: the interval leaves every window, also in the coverage; good: all its events count as good" example:"exclude"`
	Reason    string     `json:"reason" doc:"Why; everybody who sees the numbers reads it" example:"Announced maintenance of the database"`
}

// MakeResponse is what a correction does.
type MakeResponse struct {
	Body Made
}

// Made is a correction and what it does, as of when it was asked for.
type Made struct {
	Correction Correction `json:"correction" doc:"Its id is 0 if it was only previewed"`
	Preview    bool       `json:"preview" doc:"Nothing was changed"`
	At         time.Time  `json:"at" doc:"The instant for which the changes hold"`
	Changes    []Change   `json:"changes" nullable:"false" doc:"Each objective that it is for, and composites of them"`
}

// Change is what a correction does to one objective.
type Change struct {
	Objective slo.Key `json:"objective"`
	Before    Figures `json:"before"`
	After     Figures `json:"after"`
}

// Figures are those of an objective's window that a correction may change.
type Figures struct {
	Unit            string  `json:"unit" enum:"events,samples,slices" doc:"What is counted"`
	Bad             float64 `json:"bad" doc:"total − good; whole but for slices that are judged by their ratios"`
	Total           float64 `json:"total"`
	SLI             float64 `json:"sli" doc:"good ÷ total; 1 without events"`
	Remaining       float64 `json:"remaining" doc:"Of the error budget: 1 is untouched, 0 is spent, below 0 is overspent"`
	Spent           bool    `json:"spent"`
	ObservedMinutes int64   `json:"observedMinutes"`
	Minutes         int64   `json:"minutes" doc:"Minutes in the window"`
}

func figuresOf(s slo.Status) Figures {
	m := s.Objective.Measure()
	return Figures{
		Unit: m.Many, Bad: m.Float(s.Window.Bad()), Total: m.Float(s.Window.Total), SLI: s.SLI, Remaining: s.Budget.Remaining, Spent: s.Budget.Spent,
		ObservedMinutes: s.Window.Observed, Minutes: s.Window.Minutes,
	}
}

// Make makes a correction or only says what it would do.
func (h *Corrections) Make(ctx context.Context, in *MakeRequest) (*MakeResponse, error) {
	c := slo.Correction{
		Objective: in.Body.Objective, Service: in.Body.Service, From: in.Body.From.UTC(), To: in.Body.To.UTC(),
		Effect: in.Body.Effect, Reason: in.Body.Reason, By: identity.From(ctx).Subject, At: h.Now(),
	}
	if err := h.Ledger.CheckCorrection(c); err != nil {
		return nil, problem(err, "the correction could not be checked; ask again")
	}
	out := Made{Preview: in.Preview, At: c.At.UTC(), Changes: []Change{}}
	for _, d := range h.Ledger.Preview(c, c.At) {
		out.Changes = append(out.Changes, Change{d.Before.Objective.Key, figuresOf(d.Before), figuresOf(d.After)})
	}
	if !in.Preview {
		var err error
		if c, err = h.Store.Make(ctx, c); err != nil {
			return nil, problem(err, "it is not known whether the correction was made; list the corrections")
		}
	}
	out.Correction = correctionOf(c)
	return &MakeResponse{Body: out}, nil
}

// UndoRequest takes a correction back.
type UndoRequest struct {
	ID slo.CorrectionID `path:"id" minimum:"1"`
}

// UndoResponse is the correction that was taken back.
type UndoResponse struct {
	Body Correction
}

// Undo takes a correction back.
func (h *Corrections) Undo(ctx context.Context, in *UndoRequest) (*UndoResponse, error) {
	c, err := h.Store.Undo(ctx, in.ID, identity.From(ctx).Subject)
	if err != nil {
		return nil, problem(err, "it is not known whether the correction was taken back; list the corrections")
	}
	return &UndoResponse{Body: correctionOf(c)}, nil
}

// problem tells a caller what an error means. What is not the caller's doing is answered with 503 and the text otherwise.
func problem(err error, otherwise string) error {
	var input *ledger.CorrectionError
	switch {
	case errors.As(err, &input):
		return &httpapi.ProblemError{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: httpapi.Invalid,
			Detail: input.Error(), Errors: []httpapi.FieldError{{Message: input.Message, Location: "body." + input.Field, Value: input.Found}},
		}
	case errors.Is(err, ledger.ErrNoCorrection):
		return httpapi.Problem(httpapi.NotFound, ledger.ErrNoCorrection.Error(), err)
	default:
		return httpapi.Problem(httpapi.Unavailable, otherwise, err)
	}
}
