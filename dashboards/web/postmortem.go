package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/blameless"
)

// postmortemStore is where postmortems are kept. [plimsoll/incidents/postmortem/postgres.Store] is one.
type postmortemStore interface {
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (postmortem.Record, error)
	List(ctx context.Context, v incidents.Viewer, f postmortem.Filter) ([]postmortem.Record, error)
	Items(ctx context.Context, v incidents.Viewer, f postmortem.ItemFilter) ([]postmortem.ActionItem, error)
}

func (w *Web) mountPostmortems(r chi.Router) {
	if w.cfg.Postmortems == nil || w.cfg.Incidents == nil {
		return
	}
	r.Get("/postmortems", w.postmortems)
	r.Get("/incidents/{ref}/postmortem", w.postmortem)
}

// postmortemList is the body of the page "/postmortems".
type postmortemList struct {
	Headline    string
	Postmortems []postmortemRow
	Items       []itemRow // those that are not verified yet, the first due first
}

type postmortemRow struct {
	postmortem.Record
	Overdue bool
}

// Stage is the state in words.
func (p postmortemRow) Stage() string { return strings.ReplaceAll(string(p.State), "_", " ") }

type itemRow struct {
	postmortem.ActionItem
	Overdue bool
}

func (w *Web) postmortems(rw http.ResponseWriter, r *http.Request) {
	now := w.cfg.Now()
	records, err := w.cfg.Postmortems.List(r.Context(), viewer(r.Context()), postmortem.Filter{})
	open, err2 := w.cfg.Postmortems.Items(r.Context(), viewer(r.Context()), postmortem.ItemFilter{States: []postmortem.ItemState{postmortem.ItemOpen, postmortem.ItemClosed}})
	if err := errors.Join(err, err2); err != nil {
		w.unavailable(rw, r, err)
		return
	}
	var v postmortemList
	late := 0
	for _, p := range records {
		v.Postmortems = append(v.Postmortems, postmortemRow{p, p.Overdue(now)})
		if p.Overdue(now) {
			late++
		}
	}
	for _, i := range open {
		v.Items = append(v.Items, itemRow{i, i.Overdue(now)})
		if i.Overdue(now) {
			late++
		}
	}
	slices.SortStableFunc(v.Items, func(a, b itemRow) int { return a.Due.Compare(b.Due) })
	v.Headline = plural(len(records), "postmortem")
	if late > 0 {
		v.Headline = fmt.Sprintf("%d of what was agreed is overdue", late)
	}
	w.render(rw, r, http.StatusOK, "postmortems", page{Title: "Postmortems", Nav: "postmortems", Body: v})
}

// postmortemPage is the body of the page of one postmortem.
type postmortemPage struct {
	postmortemRow
	postmortem.Document
	Findings []blameless.Finding
	Pending  []string // reviewers who have not approved the text as it stands
	Looked   time.Time
}

func (w *Web) postmortem(rw http.ResponseWriter, r *http.Request) {
	ref, err := incidents.ParseRef(chi.URLParam(r, "ref"))
	if err != nil {
		w.notFound(rw, r, "There is no such postmortem.")
		return
	}
	v, err := w.postmortemPage(r.Context(), ref)
	switch {
	case errors.Is(err, postmortem.ErrNotFound) || errors.Is(err, incidents.ErrNotFound):
		w.notFound(rw, r, "There is no such postmortem.")
	case err != nil:
		w.unavailable(rw, r, err)
	default:
		w.render(rw, r, http.StatusOK, "postmortem", page{Title: v.Document.Title, Nav: "postmortems", Body: v})
	}
}

func (w *Web) postmortemPage(ctx context.Context, ref incidents.Ref) (postmortemPage, error) {
	record, err := w.cfg.Postmortems.Get(ctx, viewer(ctx), ref)
	if err != nil {
		return postmortemPage{}, err
	}
	i, err := w.cfg.Incidents.Get(ctx, viewer(ctx), ref)
	if err != nil {
		return postmortemPage{}, err
	}
	timeline, err := w.cfg.Incidents.Timeline(ctx, viewer(ctx), ref)
	if err != nil {
		return postmortemPage{}, err
	}
	now := w.cfg.Now()
	return postmortemPage{
		postmortemRow: postmortemRow{record, record.Overdue(now)}, Document: postmortem.Write(record),
		Findings: postmortem.Check(record, postmortem.People(i, timeline)), Pending: record.Pending(), Looked: now,
	}, nil
}
