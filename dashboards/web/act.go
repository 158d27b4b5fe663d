package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

// act is a command that a form of an incident's page gives. Its name is the last part of the form's address.
type act struct {
	name string
	read func(f url.Values) (incidents.Command, error)
}

// acts are all of them. What a form does not say is left to the command to ask for.
var acts = []act{
	{"acknowledge", func(url.Values) (incidents.Command, error) { return incidents.Acknowledge{}, nil }},
	{"assign", func(f url.Values) (incidents.Command, error) {
		return incidents.Assign{Role: incidents.Role(f.Get("role")), To: f.Get("to")}, nil
	}},
	{"severity", func(f url.Values) (incidents.Command, error) {
		s, err := incidents.ParseSeverity(f.Get("severity"))
		return incidents.SetSeverity{Severity: s, Reason: f.Get("reason")}, err
	}},
	{"note", func(f url.Values) (incidents.Command, error) { return incidents.Note{Text: f.Get("text")}, nil }},
	{"update", func(f url.Values) (incidents.Command, error) {
		next, err := minutes(f.Get("next"))
		return incidents.Update{Text: f.Get("text"), NextIn: next}, err
	}},
	{"mitigate", func(f url.Values) (incidents.Command, error) { return incidents.Mitigate{How: f.Get("how")}, nil }},
	{"resolve", func(f url.Values) (incidents.Command, error) { return incidents.Resolve{How: f.Get("how")}, nil }},
	{"close", func(url.Values) (incidents.Command, error) { return incidents.Close{}, nil }},
	{"reopen", func(f url.Values) (incidents.Command, error) { return incidents.Reopen{Reason: f.Get("reason")}, nil }},
	{"cancel", func(f url.Values) (incidents.Command, error) { return incidents.Cancel{Reason: f.Get("reason")}, nil }},
	{"time", func(f url.Values) (incidents.Command, error) {
		at, err := instant("at", f.Get("at"))
		return incidents.SetTime{Event: incidents.Event(f.Get("event")), At: at}, err
	}},
	{"impact", func(f url.Values) (incidents.Command, error) {
		services, objectives := affected(f)
		return incidents.Impact{Services: services, Objectives: objectives, Remove: f.Get("remove") != ""}, nil
	}},
	{"task", func(f url.Values) (incidents.Command, error) {
		due, err := instant("due", f.Get("due"))
		return incidents.AddTask{Kind: incidents.TaskKind(f.Get("kind")), Text: f.Get("text"), Owner: f.Get("owner"), Due: due}, err
	}},
	{"done", func(f url.Values) (incidents.Command, error) {
		n, err := number("task", f.Get("number"))
		return incidents.FinishTask{Number: n}, err
	}},
	{"message", func(f url.Values) (incidents.Command, error) {
		return incidents.DraftMessage{Audience: incidents.Audience(f.Get("audience")), Text: f.Get("text")}, nil
	}},
	{"decide", func(f url.Values) (incidents.Command, error) {
		n, err := number("message", f.Get("number"))
		return incidents.DecideMessage{Number: n, Approve: f.Get("approve") != "", Reason: f.Get("reason")}, err
	}},
	{"link", func(f url.Values) (incidents.Command, error) {
		to, err := incidents.ParseRef(f.Get("to"))
		return incidents.Link{To: to}, err
	}},
	{"merge", func(f url.Values) (incidents.Command, error) {
		into, err := incidents.ParseRef(f.Get("into"))
		return incidents.Merge{Into: into}, err
	}},
	{"invite", func(f url.Values) (incidents.Command, error) { return incidents.Invite{Who: f.Get("who")}, nil }},
	{"privacy", func(f url.Values) (incidents.Command, error) {
		return incidents.SetPrivate{Private: f.Get("private") != ""}, nil
	}},
}

func (w *Web) mountActs(r chi.Router) {
	if w.cfg.Incidents == nil || w.cfg.Sessions == nil {
		return
	}
	r.Get("/incidents/new", w.declarePage)
	r.Post("/incidents/new", w.declare)
	r.Post("/incidents/{ref}/amend", w.amend)
	r.Post("/incidents/{ref}/{act}", w.act)
	r.Get("/incidents/{ref}/{act}", func(rw http.ResponseWriter, r *http.Request) { // where the script asks for the page after a form
		http.Redirect(rw, r, backTo(r), http.StatusSeeOther)
	})
}

// caller is on whose behalf a form is sent. The same form, sent twice from the same look at the incident, is one request: a
// double click does nothing twice.
func caller(r *http.Request) incidents.Caller {
	who := identity.From(r.Context()).Subject
	sum := sha256.Sum256([]byte(who + "\n" + r.URL.Path + "\n" + r.PostForm.Encode()))
	return incidents.Caller{Subject: who, RequestID: "page/" + hex.EncodeToString(sum[:])}
}

// form reads what was sent; false if the answer is given: nobody has signed in, who has may not, or it is no form.
func (w *Web) form(rw http.ResponseWriter, r *http.Request) bool {
	switch who := identity.From(r.Context()); {
	case who.Anonymous():
		http.Redirect(rw, r, "/login?"+url.Values{"next": {backTo(r)}}.Encode(), http.StatusSeeOther)
		return false
	case who.Narrowly() != "":
		w.render(rw, r, http.StatusForbidden, "message", page{Title: "Not yours to change", Body: message{"That is not yours to change", "You are " + who.Narrowly() + "."}})
		return false
	}
	if err := parseForm(rw, r); err != nil {
		w.render(rw, r, http.StatusBadRequest, "message", page{Title: "Not understood", Body: message{"That form was not understood", "It is too long, or not one of ours."}})
		return false
	}
	return true
}

// backTo is the page whose form was sent.
func backTo(r *http.Request) string {
	if ref := chi.URLParam(r, "ref"); ref != "" {
		return "/incidents/" + ref
	}
	return r.URL.Path
}

// act carries out a command and leads back to the incident, or shows it with what is wrong.
func (w *Web) act(rw http.ResponseWriter, r *http.Request) {
	if !w.form(rw, r) {
		return
	}
	n := slices.IndexFunc(acts, func(a act) bool { return a.name == chi.URLParam(r, "act") })
	ref, err := incidents.ParseRef(chi.URLParam(r, "ref"))
	if err != nil || n < 0 {
		w.notFound(rw, r, "There is nothing to do here.")
		return
	}
	cmd, err := acts[n].read(r.PostForm)
	if err == nil {
		_, _, err = w.cfg.Incidents.Do(r.Context(), ref, cmd, caller(r))
	}
	w.done(rw, r, ref, err)
}

// amend replaces the text of an entry of the timeline.
func (w *Web) amend(rw http.ResponseWriter, r *http.Request) {
	if !w.form(rw, r) {
		return
	}
	ref, err := incidents.ParseRef(chi.URLParam(r, "ref"))
	if err != nil {
		w.notFound(rw, r, "There is nothing to do here.")
		return
	}
	n, err := number("entry", r.PostForm.Get("number"))
	if err == nil {
		_, err = w.cfg.Incidents.Amend(r.Context(), ref, n, r.PostForm.Get("text"), caller(r))
	}
	w.done(rw, r, ref, err)
}

// done answers a form about an incident.
func (w *Web) done(rw http.ResponseWriter, r *http.Request, ref incidents.Ref, err error) {
	switch status, said := refusal(err); {
	case err == nil:
		http.Redirect(rw, r, "/incidents/"+ref.String(), http.StatusSeeOther)
	case errors.Is(err, incidents.ErrNotFound):
		w.notFound(rw, r, fmt.Sprintf("There is no incident %s.", ref))
	case said == "":
		w.unavailable(rw, r, err)
	default:
		w.showIncident(rw, r, ref, status, said)
	}
}

// refusal says what a person can put right, and the status of the answer; nothing for what is our fault.
func refusal(err error) (status int, said string) {
	var state *incidents.StateError
	var input *incidents.InputError
	var refused *identity.Refusal
	switch {
	case errors.As(err, &state):
		return http.StatusConflict, state.Error()
	case errors.As(err, &input):
		return http.StatusUnprocessableEntity, input.Error()
	case errors.Is(err, incidents.ErrNoEntry):
		return http.StatusUnprocessableEntity, incidents.ErrNoEntry.Error()
	case errors.Is(err, incidents.ErrNoMember):
		return http.StatusForbidden, incidents.ErrNoMember.Error()
	case errors.As(err, &refused):
		return http.StatusForbidden, refused.Error()
	}
	return http.StatusServiceUnavailable, ""
}

// declaration is the body of the page "/incidents/new".
type declaration struct {
	Severities []incidents.Severity
	Form       url.Values
	Problem    string
	Request    string // tells this declaration from a later one in the same words
}

func (w *Web) declarePage(rw http.ResponseWriter, r *http.Request) {
	if identity.From(r.Context()).Anonymous() {
		http.Redirect(rw, r, "/login?"+url.Values{"next": {r.URL.Path}}.Encode(), http.StatusSeeOther)
		return
	}
	w.showDeclaration(rw, r, http.StatusOK, "")
}

func (w *Web) showDeclaration(rw http.ResponseWriter, r *http.Request, status int, problem string) {
	w.render(rw, r, status, "declare", page{Title: "Declare an incident", Nav: "incidents",
		Body: declaration{Severities: incidents.Severities(), Form: r.PostForm, Problem: problem, Request: rand.Text()}})
}

func (w *Web) declare(rw http.ResponseWriter, r *http.Request) {
	if !w.form(rw, r) {
		return
	}
	f := r.PostForm
	d := incidents.Declare{Title: f.Get("title"), Source: incidents.SourceAPI, Private: f.Get("private") != "", Drill: f.Get("drill") != ""}
	d.Services, d.Objectives = affected(f)
	var err, err2 error
	if f.Get("severity") != "" {
		d.Severity, err = incidents.ParseSeverity(f.Get("severity"))
	}
	d.Started, err2 = instant("started", f.Get("started"))
	var i incidents.Incident
	if err = errors.Join(err, err2); err == nil {
		i, _, err = w.cfg.Incidents.Declare(r.Context(), d, caller(r))
	}
	switch status, said := refusal(err); {
	case err == nil:
		http.Redirect(rw, r, "/incidents/"+i.Ref.String(), http.StatusSeeOther)
	case said == "":
		w.unavailable(rw, r, err)
	default:
		w.showDeclaration(rw, r, status, said)
	}
}

// affected reads services and objectives, apart by blanks or commas: what has a slash is an objective.
func affected(f url.Values) (services []string, objectives []slo.Key) {
	for _, one := range strings.FieldsFunc(f.Get("affected"), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }) {
		if strings.Contains(one, "/") {
			objectives = append(objectives, slo.Key(one))
		} else {
			services = append(services, one)
		}
	}
	return services, objectives
}

// instant reads a time as browsers send it, in UTC to the minute or second; zero if nothing was given.
func instant(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, &incidents.InputError{Field: field, Found: text, Want: "a time in UTC such as 2026-03-02T14:05"}
}

func minutes(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	n, err := number("next update", text)
	return time.Duration(n) * time.Minute, err
}

func number(field, text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1_000_000 {
		return 0, &incidents.InputError{Field: field, Found: text, Want: "a number"}
	}
	return n, nil
}
