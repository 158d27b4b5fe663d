package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/slo"
)

// incidentPage is the body of the page of one incident.
type incidentPage struct {
	incidentRow
	Reminders  []incidents.Reminder
	Milestones []milestone
	Durations  []duration
	People     []person
	Timeline   []event // newest first
	Absorbed   []incidents.Incident
	Spent      []spent
	Postmortem bool // there is one

	// For whoever has signed in.
	Who     string          // empty for others
	Can     map[string]bool // names of acts that are possible now
	Problem string          // why the last form changed nothing
	Drafts  []draft
}

// event is one entry of a timeline.
type event struct {
	incidents.TimelineEntry
	What string
}

// Class is the kind as a part of a name in the style sheet.
func (e event) Class() string { return strings.ReplaceAll(string(e.Kind), " ", "-") }

// Elsewhere is where a pinned message stands; empty if that is nowhere on the web.
func (e event) Elsewhere() string {
	if u, err := url.Parse(e.Became); e.Kind == incidents.KindPinned && err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		return e.Became
	}
	return ""
}

// Written is when this version was written, and Writer by whom.
func (e event) Written() time.Time {
	if e.Version > 1 {
		return e.EditedAt
	}
	return e.At
}

// Writer is who wrote this version.
func (e event) Writer() string {
	if e.Version > 1 {
		return e.EditedBy
	}
	return e.By
}

type milestone struct {
	Name string
	At   time.Time
}

type duration struct {
	Name string
	Took time.Duration
}

type person struct {
	Role, Holder string
}

// draft is a message as it would be proposed.
type draft struct {
	Audience incidents.Audience
	Text     string
}

// spent is what one objective lost during the incident.
type spent struct {
	Objective *slo.Objective
	Bad, Part string
}

// Severities, RoleChoices and Events are what the forms offer.
func (incidentPage) Severities() []incidents.Severity { return incidents.Severities() }

// RoleChoices are the roles that may be given.
func (incidentPage) RoleChoices() []incidents.Role { return incidents.Roles() }

// Events are the times that may be corrected.
func (incidentPage) Events() []incidents.Event { return incidents.Events() }

// Authored are the entries that may be corrected.
func (p incidentPage) Authored() []event {
	return slices.DeleteFunc(slices.Clone(p.Timeline), func(e event) bool {
		_, err := incidents.Amend(e.TimelineEntry, "x", p.Now, "somebody")
		return err != nil
	})
}

func (w *Web) incident(rw http.ResponseWriter, r *http.Request) {
	ref, err := incidents.ParseRef(chi.URLParam(r, "ref"))
	if err != nil || w.cfg.Incidents == nil {
		w.notFound(rw, r, fmt.Sprintf("There is no incident %q.", chi.URLParam(r, "ref")))
		return
	}
	w.showIncident(rw, r, ref, http.StatusOK, "")
}

// showIncident writes the page of an incident, with why a form changed nothing if one did not.
func (w *Web) showIncident(rw http.ResponseWriter, r *http.Request, ref incidents.Ref, status int, problem string) {
	v, err := w.incidentPage(r.Context(), ref)
	switch {
	case errors.Is(err, incidents.ErrNotFound):
		w.notFound(rw, r, fmt.Sprintf("There is no incident %s.", ref))
	case err != nil:
		w.unavailable(rw, r, err)
	default:
		v.Problem = problem
		w.render(rw, r, status, "incident", page{Title: ref.String() + " " + v.Title, Nav: "incidents", Body: v})
	}
}

func (w *Web) incidentPage(ctx context.Context, ref incidents.Ref) (incidentPage, error) {
	who, now := viewer(ctx), w.cfg.Now()
	i, err := w.cfg.Incidents.Get(ctx, who, ref)
	if err != nil {
		return incidentPage{}, err
	}
	timeline, err := w.cfg.Incidents.Timeline(ctx, who, ref)
	if err != nil {
		return incidentPage{}, err
	}
	absorbed, err := w.cfg.Incidents.Absorbed(ctx, who, ref)
	if err != nil {
		return incidentPage{}, err
	}
	v := incidentPage{incidentRow: incidentRow{i, now}, Reminders: incidents.Reminders(i, now), Milestones: milestones(i.Times),
		Durations: durations(i.Times), Absorbed: absorbed, Spent: w.spentBy(i)}
	if w.cfg.Postmortems != nil {
		_, err := w.cfg.Postmortems.Get(ctx, who, ref)
		v.Postmortem = err == nil
		if err != nil && !errors.Is(err, postmortem.ErrNotFound) {
			return incidentPage{}, err
		}
	}
	for n := len(timeline) - 1; n >= 0; n-- {
		v.Timeline = append(v.Timeline, event{timeline[n], timeline[n].Sentence(nil)})
	}
	for _, role := range incidents.Roles() {
		if holder := i.Roles[role]; holder != "" || role == incidents.Commander {
			v.People = append(v.People, person{role.Title(), holder})
		}
	}
	if w.cfg.Sessions != nil && who.Subject != "" {
		v.Who, v.Can = who.Subject, possible(i, now)
		for _, a := range incidents.Audiences() {
			v.Drafts = append(v.Drafts, draft{a, incidents.Template(a, i, now)})
		}
	}
	return v, nil
}

// possible returns the acts that the state of an incident allows. Whether what is typed can be taken shows when it is sent.
func possible(i incidents.Incident, now time.Time) map[string]bool {
	can := map[string]bool{}
	for _, a := range acts {
		cmd, err := a.read(url.Values{"severity": {"1"}, "number": {"0"}, "to": {"1"}, "into": {"1"}})
		if err != nil {
			continue
		}
		if pair, ok := cmd.(incidents.Paired); ok {
			_, err = incidents.ApplyPair(i, incidents.Incident{Ref: i.Ref + 1, State: incidents.Declared}, pair, now, "somebody")
		} else {
			_, _, err = incidents.Apply(i, cmd, now, "somebody")
		}
		var state *incidents.StateError
		can[a.name] = !errors.As(err, &state)
	}
	return can
}

// spentBy measures what the affected objectives lost; nothing of an incident that counts nowhere.
func (w *Web) spentBy(i incidents.Incident) []spent {
	if !i.Counts() {
		return nil
	}
	var out []spent
	for _, m := range postmortem.MeasureAll(w.cfg.Ledger, i, w.cfg.Now()) {
		part := "nothing seen"
		if share, ok := m.Share(); ok {
			part = slo.FormatBadPercent(share)
		}
		bad := m.Objective.Measure().Bad(m.Reading.Bad())
		if m.Parts != nil {
			bad = "–" // a composite has shares only
		}
		out = append(out, spent{m.Objective, bad, part})
	}
	return out
}

// entryPage is the body of the page of one entry of a timeline.
type entryPage struct {
	Ref      incidents.Ref
	Number   int
	Versions []event
}

// entry shows all versions of an entry of the timeline.
func (w *Web) entry(rw http.ResponseWriter, r *http.Request) {
	ref, err := incidents.ParseRef(chi.URLParam(r, "ref"))
	n, err2 := strconv.Atoi(chi.URLParam(r, "number"))
	if err = errors.Join(err, err2); err != nil || w.cfg.Incidents == nil {
		w.notFound(rw, r, "There is no such entry.")
		return
	}
	versions, err := w.cfg.Incidents.Versions(r.Context(), viewer(r.Context()), ref, n)
	switch {
	case errors.Is(err, incidents.ErrNotFound) || errors.Is(err, incidents.ErrNoEntry):
		w.notFound(rw, r, "There is no such entry.")
		return
	case err != nil:
		w.unavailable(rw, r, err)
		return
	}
	v := entryPage{Ref: ref, Number: n}
	for _, e := range slices.Backward(versions) {
		v.Versions = append(v.Versions, event{e, e.Sentence(nil)})
	}
	w.render(rw, r, http.StatusOK, "entry", page{Title: fmt.Sprintf("%s, entry %d", ref, n), Nav: "incidents", Body: v})
}

// milestones are the times that are known, in the order of the lifecycle.
func milestones(t incidents.Times) []milestone {
	var out []milestone
	for _, m := range []milestone{
		{"Started", t.Started}, {"Detected", t.Detected}, {"Declared", t.Declared}, {"Acknowledged", t.Acknowledged},
		{"Mitigated", t.Mitigated}, {"Resolved", t.Resolved}, {"Closed", t.Closed}, {"Cancelled", t.Cancelled}, {"Merged", t.Merged},
	} {
		if !m.At.IsZero() {
			out = append(out, m)
		}
	}
	return out
}

// durations are those that are known.
func durations(t incidents.Times) []duration {
	var out []duration
	for _, d := range []struct {
		name string
		took func() (time.Duration, bool)
	}{
		{"Time to detect", t.TimeToDetect}, {"Time to acknowledge", t.TimeToAcknowledge},
		{"Time to mitigate", t.TimeToMitigate}, {"Time to resolve", t.TimeToResolve},
	} {
		if took, ok := d.took(); ok {
			out = append(out, duration{d.name, took})
		}
	}
	return out
}
