package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/incidents"
	"plimsoll/internal/identity"
)

// incidentList is the body of the page "/incidents".
type incidentList struct {
	Headline string
	Open     []incidentRow
	Over     []incidentRow
}

// incidentRow is an incident with what depends on the time of looking.
type incidentRow struct {
	incidents.Incident
	Now time.Time
}

// Lasted is how long it has been going on, or did.
func (i incidentRow) Lasted() time.Duration {
	start := i.Times.Started
	if start.IsZero() {
		start = i.Times.Declared
	}
	end := i.Now
	for _, t := range []time.Time{i.Times.Resolved, i.Times.Cancelled} {
		if !i.State.Open() && !t.IsZero() {
			end = t
		}
	}
	return max(0, end.Sub(start))
}

// Commander is who leads it; empty if nobody does.
func (i incidentRow) Commander() string { return i.Roles[incidents.Commander] }

// Due says when everybody else hears more.
func (i incidentRow) Due() string {
	due, ok := i.UpdateDue()
	switch {
	case !ok:
		return ""
	case due.Before(i.Now):
		return "update overdue since " + due.UTC().Format("15:04 UTC")
	default:
		return "next update by " + due.UTC().Format("15:04 UTC")
	}
}

// Overdue reports whether an update should have come already.
func (i incidentRow) Overdue() bool {
	due, ok := i.UpdateDue()
	return ok && due.Before(i.Now)
}

// viewer is whoever looks at the page.
func viewer(ctx context.Context) incidents.Viewer {
	return incidents.Viewer{Subject: identity.From(ctx).Subject}
}

func (w *Web) incidents(rw http.ResponseWriter, r *http.Request) {
	var v incidentList
	if w.cfg.Incidents != nil {
		open, err := w.cfg.Incidents.List(r.Context(), viewer(r.Context()), newestOpen())
		all, err2 := w.cfg.Incidents.List(r.Context(), viewer(r.Context()), newest())
		if err := errors.Join(err, err2); err != nil {
			w.unavailable(rw, r, err)
			return
		}
		now := w.cfg.Now()
		for _, i := range open {
			v.Open = append(v.Open, incidentRow{i, now})
		}
		for _, i := range all {
			if !i.State.Open() {
				v.Over = append(v.Over, incidentRow{i, now})
			}
		}
	}
	switch len(v.Open) {
	case 0:
		v.Headline = "No incident is open"
	case 1:
		v.Headline = "1 incident is open"
	default:
		v.Headline = fmt.Sprintf("%d incidents are open", len(v.Open))
	}
	w.render(rw, r, http.StatusOK, "incidents", page{Title: "Incidents", Nav: "incidents", Body: v})
}

// incidentPage is the body of the page of one incident.
type incidentPage struct {
	incidentRow
	Milestones []milestone
	People     []person
	Timeline   []event // newest first
}

// event is one entry of a timeline.
type event struct {
	incidents.TimelineEntry
	What string
}

type milestone struct {
	Name string
	At   time.Time
}

type person struct {
	Role, Holder string
}

func (w *Web) incident(rw http.ResponseWriter, r *http.Request) {
	ref, err := incidents.ParseRef(chi.URLParam(r, "ref"))
	if err != nil || w.cfg.Incidents == nil {
		w.notFound(rw, r, fmt.Sprintf("There is no incident %q.", chi.URLParam(r, "ref")))
		return
	}
	i, err := w.cfg.Incidents.Get(r.Context(), viewer(r.Context()), ref)
	if errors.Is(err, incidents.ErrNotFound) {
		w.notFound(rw, r, fmt.Sprintf("There is no incident %s.", ref))
		return
	}
	if err != nil {
		w.unavailable(rw, r, err)
		return
	}
	timeline, err := w.cfg.Incidents.Timeline(r.Context(), viewer(r.Context()), ref)
	if err != nil {
		w.unavailable(rw, r, err)
		return
	}
	v := incidentPage{incidentRow: incidentRow{i, w.cfg.Now()}, Milestones: milestones(i.Times)}
	for n := len(timeline) - 1; n >= 0; n-- {
		v.Timeline = append(v.Timeline, event{timeline[n], timeline[n].Sentence(nil)})
	}
	for _, role := range incidents.Roles() {
		if holder := i.Roles[role]; holder != "" || role == incidents.Commander {
			v.People = append(v.People, person{role.Title(), holder})
		}
	}
	w.render(rw, r, http.StatusOK, "incident", page{Title: ref.String() + " " + i.Title, Nav: "incidents", Body: v})
}

// milestones are the times that are known, in the order of the lifecycle.
func milestones(t incidents.Times) []milestone {
	var out []milestone
	for _, m := range []milestone{
		{"Started", t.Started}, {"Detected", t.Detected}, {"Declared", t.Declared}, {"Acknowledged", t.Acknowledged},
		{"Mitigated", t.Mitigated}, {"Resolved", t.Resolved}, {"Closed", t.Closed}, {"Cancelled", t.Cancelled},
	} {
		if !m.At.IsZero() {
			out = append(out, m)
		}
	}
	return out
}
