package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"plimsoll/dashboards/chart"
	"plimsoll/incidents/risk"
)

// riskStore is where the register is kept. [plimsoll/incidents/risk/postgres.Store] is one.
type riskStore interface {
	List(ctx context.Context, f risk.Filter) ([]risk.Item, error)
	Get(ctx context.Context, ref risk.Ref) (risk.Item, error)
	History(ctx context.Context, ref risk.Ref) ([]risk.Entry, error)
}

func (w *Web) mountRisks(r chi.Router) {
	if w.cfg.Risks == nil {
		return
	}
	r.Get("/risks", w.risks)
	r.Get("/risks/{risk}", w.risk)
}

// riskList is the body of the page "/risks".
type riskList struct {
	Headline string
	Matrix   template.HTML
	Live     []riskRow // the first to do first
	Settled  []riskRow
}

type riskRow struct {
	risk.Item
	Quadrant risk.Quadrant
}

func (w *Web) risks(rw http.ResponseWriter, r *http.Request) {
	all, err := w.cfg.Risks.List(r.Context(), risk.Filter{})
	if err != nil {
		w.unavailable(rw, r, err)
		return
	}
	ranked := risk.Rank(all)
	live := slices.DeleteFunc(slices.Clone(ranked), func(i risk.Item) bool { return !i.State.Live() })
	v := riskList{Headline: plural(len(live), "risk") + " to settle", Matrix: chart.RiskMatrix(live)}
	for _, i := range ranked {
		row := riskRow{i, risk.QuadrantOf(i.Scores, i.Cost)}
		if i.State.Live() {
			v.Live = append(v.Live, row)
		} else {
			v.Settled = append(v.Settled, row)
		}
	}
	w.render(rw, r, http.StatusOK, "risks", page{Title: "Risks", Nav: "risks", Body: v})
}

// riskPage is the body of the page of one risk: what it means to somebody who decides, and how it came to that.
type riskPage struct {
	riskRow
	risk.Document
	History []risk.Entry
}

func (w *Web) risk(rw http.ResponseWriter, r *http.Request) {
	ref, err := risk.ParseRef(chi.URLParam(r, "risk"))
	if err != nil {
		w.notFound(rw, r, "There is no such risk.")
		return
	}
	i, err := w.cfg.Risks.Get(r.Context(), ref)
	if errors.Is(err, risk.ErrNotFound) {
		w.notFound(rw, r, "There is no such risk.")
		return
	}
	history, err2 := w.cfg.Risks.History(r.Context(), ref)
	if err := errors.Join(err, err2); err != nil {
		w.unavailable(rw, r, err)
		return
	}
	v := riskPage{riskRow: riskRow{i, risk.QuadrantOf(i.Scores, i.Cost)}, Document: risk.Justify(i), History: history}
	w.render(rw, r, http.StatusOK, "risk", page{Title: ref.String() + " " + i.Title, Nav: "risks", Body: v})
}
