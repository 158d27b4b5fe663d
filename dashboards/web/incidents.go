package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/internal/identity"
)

// incidentList is the body of the page "/incidents".
type incidentList struct {
	Headline     string
	Query, State string // what it is filtered by
	Chips        []chip
	Found        []incidentRow // what a filter selects, instead of the next two
	Open, Over   []incidentRow
	Older        string // address of the older ones; empty for none
	CanDeclare   bool
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
	for _, t := range []time.Time{i.Times.Resolved, i.Times.Cancelled, i.Times.Merged} {
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

// viewer is whoever looks at the page. Everybody may; somebody who has signed in sees what they are a member of.
func viewer(ctx context.Context) incidents.Viewer {
	return incidents.Viewer{Subject: identity.From(ctx).Subject}
}

// incidents lists the open ones and the newest others, or those that a search or a state selects.
func (w *Web) incidents(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v := incidentList{Query: strings.TrimSpace(q.Get("q")), State: q.Get("state")}
	if w.cfg.Incidents != nil {
		if err := w.listIncidents(r, &v); err != nil {
			w.unavailable(rw, r, err)
			return
		}
	}
	v.Chips = stateChips(v.State)
	v.CanDeclare = w.cfg.Sessions != nil
	w.render(rw, r, http.StatusOK, "incidents", page{Title: "Incidents", Nav: "incidents", Body: v})
}

func (w *Web) listIncidents(r *http.Request, v *incidentList) error {
	ctx, who := r.Context(), viewer(r.Context())
	rows := func(list []incidents.Incident, err error) ([]incidentRow, error) {
		var out []incidentRow
		for _, i := range list {
			out = append(out, incidentRow{i, w.cfg.Now()})
		}
		return out, err
	}
	var err error
	if v.Query != "" {
		v.Found, err = rows(w.cfg.Incidents.Search(ctx, who, v.Query))
		v.Found = slices.DeleteFunc(v.Found, func(i incidentRow) bool { return v.State != "" && string(i.State) != v.State })
		v.Headline = plural(len(v.Found), "incident") + " found"
		return err
	}
	before, _ := incidents.ParseRef(cmp.Or(r.URL.Query().Get("before"), "0")) // none if it is not one
	if v.State != "" || before != 0 {
		f := incidents.Filter{Before: before, Limit: newestIncidents}
		if v.State != "" {
			f.States = []incidents.State{incidents.State(v.State)}
		}
		v.Found, err = rows(w.cfg.Incidents.List(ctx, who, f))
		v.Headline = cmp.Or(v.State, "Older") + " incidents"
		v.Older = olderThan(v.Found, v.State)
		return err
	}
	if v.Open, err = rows(w.cfg.Incidents.List(ctx, who, newestOpen())); err != nil {
		return err
	}
	all, err := rows(w.cfg.Incidents.List(ctx, who, newest()))
	for _, i := range all {
		if !i.State.Open() {
			v.Over = append(v.Over, i)
		}
	}
	v.Older = olderThan(all, "")
	switch len(v.Open) {
	case 0:
		v.Headline = "No incident is open"
	case 1:
		v.Headline = "1 incident is open"
	default:
		v.Headline = fmt.Sprintf("%d incidents are open", len(v.Open))
	}
	return err
}

// olderThan is the address of those that come after a full list; empty if it was not full.
func olderThan(list []incidentRow, state string) string {
	if len(list) < newestIncidents {
		return ""
	}
	q := url.Values{"before": {list[len(list)-1].Ref.String()}}
	if state != "" {
		q.Set("state", state)
	}
	return "/incidents?" + q.Encode()
}

// stateChips lead to the incidents of one state, and back to all.
func stateChips(current string) []chip {
	chips := []chip{{Label: "open and newest", URL: "/incidents", Current: current == ""}}
	for _, s := range incidents.States() {
		chips = append(chips, chip{Label: string(s), URL: "/incidents?" + url.Values{"state": {string(s)}}.Encode(), Current: current == string(s)})
	}
	return chips
}
