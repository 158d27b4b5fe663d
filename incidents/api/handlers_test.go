package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/api"
	"plimsoll/incidents/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// server is the API over a database of its own; every request comes a minute after the last.
type server struct {
	t       *testing.T
	handler http.Handler
	store   *postgres.Store
	ledger  *slotest.Ledger
	at      time.Time
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, at: noon}
	now := func() time.Time { return s.at }
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s.store = store
	objective := slotest.Objective("video-api", "availability", "API availability", slo.One/100*99, 24*time.Hour)
	ledger := slotest.New(objective)
	for m := -60; m < 60; m++ {
		ledger.Add(objective.Key, noon.Add(time.Duration(m)*time.Minute), 990, 1000)
	}
	s.ledger = ledger
	tokens := identity.NewTokens(map[string]identity.Principal{"a": {Subject: "ada"}, "b": {Subject: "bob"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	(&api.Handlers{Store: store, Ledger: ledger, Now: now}).Register(web.Huma)
	s.handler = web.Mux
	return s
}

// call sends one request and returns status and body.
func (s *server) call(token, method, path, body string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(method, "/v1/incidents"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	s.at = s.at.Add(time.Minute)
	return w.Code, w.Body.String()
}

func (s *server) must(token, method, path, body string) string {
	s.t.Helper()
	code, answer := s.call(token, method, path, body)
	if code != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
	return answer
}

const declaration = `{"title":"Playback stalls","severity":2,"objectives":["video-api/availability"],"started":"2026-03-02T11:50:00Z"}`

func TestWholeIncident(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", declaration)
	for _, step := range []struct{ token, path, body string }{
		{"b", "/INC-1/acknowledge", ""},
		{"b", "/1/command", ""},
		{"b", "/inc-1/roles", `{"role":"scribe","to":"cy"}`},
		{"b", "/1/notes", `{"text":"origin is slow"}`},
		{"b", "/1/updates", `{"text":"We know the cause","nextIn":"20m"}`},
		{"b", "/1/severity", `{"severity":1,"reason":"everybody"}`},
		{"b", "/1/times", `{"event":"started","at":"2026-03-02T11:48:00Z"}`},
		{"b", "/1/mitigate", `{"how":"rolled back"}`},
		{"b", "/1/reopen", `{"reason":"it came back"}`},
		{"b", "/1/resolve", ""},
		{"b", "/1/close", ""},
	} {
		s.must(step.token, "POST", step.path, step.body)
	}
	s.must("b", "PUT", "/1/timeline/5", `{"text":"origin was slow"}`)

	var got api.IncidentDetail
	if err := json.Unmarshal([]byte(s.must("", "GET", "/INC-1", "")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Ref != 1 || got.State != incidents.Closed || got.Open || got.Roles["commander"] != "bob" || got.Services[0] != "video-api" {
		t.Errorf("incident %+v", got.Incident)
	}
	if got.SecondsToDetect == nil || *got.SecondsToDetect != 12*60 || *got.SecondsToAcknowledge != 60 ||
		*got.SecondsToResolve != *got.SecondsToMitigate || *got.SecondsToResolve != (12+10)*60 {
		t.Errorf("measures %v %v %v %v", got.SecondsToDetect, got.SecondsToAcknowledge, got.SecondsToMitigate, got.SecondsToResolve)
	}
	var told []string
	for _, e := range got.Timeline {
		told = append(told, e.By+" "+e.Sentence(nil))
	}
	if d := cmp.Diff([]string{
		"ada declared as sev2: Playback stalls", "bob acknowledged", "bob incident commander is bob", "bob scribe is cy",
		"bob note: origin was slow", "bob update: We know the cause", "bob severity changed from sev2 to sev1: everybody",
		"bob time started corrected from 2026-03-02 11:50:00 UTC to 2026-03-02 11:48:00 UTC", "bob mitigated: rolled back",
		"bob reopened: it came back", "bob mitigated", "bob resolved", "bob closed",
	}, told); d != "" {
		t.Errorf("timeline (-want +got):\n%s", d)
	}
	draft := s.must("", "GET", "/1/postmortem/draft", "")
	for _, want := range []string{"# Postmortem of INC-1: Playback stalls", "| API availability (video-api/availability) | 23,000 | 230 |", "the scribe"} {
		if !strings.Contains(draft, want) {
			t.Errorf("no %q in\n%s", want, draft)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 3 {
		s.must("a", "POST", "", declaration)
	}
	s.must("a", "POST", "/2/cancel", `{"reason":"none"}`)
	s.must("a", "POST", "", `{"title":"Login fails","severity":1,"services":["auth"]}`)
	for query, want := range map[string][]incidents.Ref{
		"":                         {4, 3, 2, 1},
		"?state=open":              {4, 3, 1},
		"?state=cancelled":         {2},
		"?service=auth":            {4},
		"?service=none":            nil,
		"?limit=2":                 {4, 3},
		"?limit=2&before=INC-3":    {2, 1},
		"?state=open&service=auth": {4},
	} {
		var list api.IncidentList
		if err := json.Unmarshal([]byte(s.must("", "GET", query, "")), &list); err != nil {
			t.Fatal(err)
		}
		var got []incidents.Ref
		for _, i := range list.Incidents {
			got = append(got, i.Ref)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", declaration)
	s.must("a", "POST", "/1/acknowledge", "")
	for _, tc := range []struct {
		name, token, method, path, body string
		status                          int
		says                            string
	}{
		{"nobody declares", "", "POST", "", declaration, 401, "needs a token"},
		{"nobody resolves", "", "POST", "/1/resolve", "", 401, "needs a token"},
		{"no such incident", "a", "POST", "/99/acknowledge", "", 404, "there is no such incident: INC-99"},
		{"no such incident to read", "", "GET", "/99", "", 404, "INC-99"},
		{"no reference", "a", "GET", "/latest", "", 422, "INC-7 or 7"},
		{"not in this state", "a", "POST", "/1/acknowledge", "", 409, "INC-1 is acknowledged, so it is not possible to acknowledge; it is possible to: cancel, merge, mitigate, resolve"},
		{"severity out of range", "a", "POST", "/1/severity", `{"severity":6}`, 422, "body.severity"},
		{"no title", "a", "POST", "", `{"title":"","severity":2}`, 422, "body.title"},
		{"a title of blanks", "a", "POST", "", `{"title":"  ","severity":2}`, 422, "title is missing"},
		{"an unknown field", "a", "POST", "", `{"title":"x","severity":2,"servcies":["x"]}`, 422, "servcies"},
		{"an objective that nobody defined", "a", "POST", "", `{"title":"x","severity":2,"objectives":["video-api/availabilty"]}`, 422, `did you mean \"video-api/availability\"?`},
		{"a service in two words", "a", "POST", "", `{"title":"x","severity":2,"services":["video api"]}`, 422, "body.services[0]"},
		{"no length of time", "a", "POST", "/1/updates", `{"text":"x","nextIn":"soon"}`, 422, "1h30m"},
		{"an unknown role", "a", "POST", "/1/roles", `{"role":"captain"}`, 422, "body.role"},
		{"an unknown state", "", "GET", "?state=opne", "", 422, "query.state"},
		{"no reason", "a", "POST", "/1/cancel", `{"reason":""}`, 422, "body.reason"},
		{"what happened is not rewritten", "a", "PUT", "/1/timeline/1", `{"text":"x"}`, 422, "a note, an update or a pinned message"},
		{"no such entry", "a", "PUT", "/1/timeline/9", `{"text":"x"}`, 404, "entry 9 of INC-1"},
	} {
		code, answer := s.call(tc.token, tc.method, tc.path, tc.body)
		if code != tc.status || !strings.Contains(answer, tc.says) {
			t.Errorf("%s: %d %s, want %d with %q", tc.name, code, answer, tc.status, tc.says)
		}
	}
	if timeline, err := s.store.Timeline(context.Background(), incidents.Viewer{}, 1); err != nil || len(timeline) != 2 {
		t.Errorf("%d entries after the refusals (%v)", len(timeline), err)
	}
}
