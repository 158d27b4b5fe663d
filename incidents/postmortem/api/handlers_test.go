package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem/api"
	"plimsoll/incidents/postmortem/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
)

// server is the API over a database of its own with one incident that is over, INC-1, and a private one, INC-2.
type server struct {
	t       *testing.T
	handler http.Handler
}

func newServer(t *testing.T) *server {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }
	pool := pgtest.New(t, incidentspg.Migrations, postgres.Migrations)
	known, err := incidentspg.New(incidentspg.Config{Pool: pool, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	store, err := postgres.New(postgres.Config{Pool: pool, Incidents: known, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for n, title := range []string{"Playback stalls", "Films leak"} {
		i, _, err := known.Declare(t.Context(), incidents.Declare{Title: title, Severity: 2, Services: []string{"films"}, Source: incidents.SourceAPI, Private: n == 1},
			incidents.Caller{Subject: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := known.Do(t.Context(), i.Ref, incidents.Resolve{How: "rolled back"}, incidents.Caller{Subject: "ada"}); err != nil {
			t.Fatal(err)
		}
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"a": {Subject: "ada"}, "b": {Subject: "bob"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	(&api.Handlers{Store: store, Incidents: known, Now: now}).Register(web.Huma)
	return &server{t, web.Mux}
}

func (s *server) call(token, method, path, body string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(method, "/v1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func (s *server) must(token, method, path, body, says string) string {
	s.t.Helper()
	code, answer := s.call(token, method, path, body)
	if code != http.StatusOK || !strings.Contains(answer, says) {
		s.t.Fatalf("%s %s: %d %s, want 200 with %q", method, path, code, answer, says)
	}
	return answer
}

const of = "/incidents/INC-1/postmortem"

// whole is content with every section that a review needs.
const whole = `{"summary":"Viewers saw stalls after a release.","impact":{"text":"Films stopped.","users":120},"trigger":{"kind":"binary"},
	"rootCauses":[{"label":"cold cache","text":"The release emptied the cache."}],"detection":"An alert.","response":"The dashboard showed the region.",
	"recovery":"The release was rolled back.","wentWell":["The alert came early."],"wentWrong":["ada should have tested it."],"lessons":["A cold cache takes ten minutes."],"links":{"risks":["RISK-1"]}}`

func TestFromDraftToClosed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", of, "", `"state":"draft"`)
	s.must("a", "POST", of, "", `"version":1,`)
	s.must("a", "PUT", of, fmt.Sprintf(`{"version":1,"content":%s,"reason":"first words"}`, whole), `"missing":["an action item is missing"]`)
	s.must("b", "PUT", of, `{"version":1,"content":{"summary":"Playback stalls. It was resolved: rolled back.","background":"The origin is one machine.","impact":{},"trigger":{},"links":{}}}`, `"background":"The origin is one machine."`)
	s.must("a", "POST", of+"/items", `{"kind":"prevent","text":"Fill the cache before traffic comes","owner":"video","priority":1,"tracker":"https://tracker.example/1"}`, `"id":"AI-1"`)
	s.must("a", "PUT", "/action-items/AI-1", `{"kind":"prevent","text":"Fill the cache","owner":"video","priority":2}`, `"due":"2026-03-09T12:00:00Z"`)
	s.must("a", "POST", of+"/reviewers", `{"reviewers":["bob"]}`, `"pending":["bob"]`)
	s.must("a", "POST", of+"/owner", `{}`, `"owner":"ada"`)
	s.must("a", "POST", of+"/due", `{"due":"2026-03-05T00:00:00Z","reason":"holiday"}`, `"dueSet":true`)
	s.must("a", "POST", of+"/refresh", "", `"version"`)
	s.must("a", "POST", of+"/submit", "", `"state":"in_review"`)
	s.must("b", "POST", of+"/review", `{"approve":false,"note":"more on the cache"}`, `"state":"draft"`)
	s.must("a", "POST", of+"/submit", "", `"in_review"`)
	s.must("b", "POST", of+"/review", `{"approve":true,"note":"clear"}`, `"state":"reviewed"`)
	s.must("a", "POST", "/action-items/1/close", `{"evidence":[{"kind":"commit","ref":"3f2a9c1","words":"warms the cache"}]}`, `"state":"closed"`)
	s.must("b", "POST", "/action-items/1/verify", `{"note":"seen"}`, `"verifiedBy":"bob"`)
	s.must("a", "POST", of+"/close", "", `"state":"closed"`)
	s.must("b", "POST", "/action-items/1/reopen", `{"reason":"it came back"}`, `"state":"open"`)
	s.must("b", "POST", of+"/return", `{"reason":"the cause is another"}`, `"state":"draft"`)

	s.must("", "GET", of+"/versions", "", `"verb":"close an action item"`)
	s.must("", "GET", of+"/versions/2", "", `"The release emptied the cache."`)
	s.must("", "GET", of+"/document", "", "# Postmortem of INC-1: Playback stalls")
	s.must("", "GET", of+"/document?format=html", "", "<!doctype html>")
	s.must("", "GET", "/postmortems?state=open&service=films", "", `"spent":0,"items":1,"openItems":1`)
	s.must("", "GET", "/postmortems/similar?text=emptied+caches", "", `"incident":"INC-1"`)
	s.must("", "GET", of+"/similar", "", `"similar":[]`)
	s.must("", "GET", "/postmortems/learning", "", `{"name":"binary","count":1}`)
	s.must("", "GET", "/action-items?state=open&owner=video", "", `"id":"AI-1"`)
	s.must("", "GET", "/action-items?overdue=true", "", `"items":[]`)
	s.must("", "GET", "/action-items/ai-1", "", `"Fill the cache"`)
	var advice api.CheckResponse
	if err := json.Unmarshal([]byte(s.must("", "GET", of+"/check", "", "findings")), &advice.Body); err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, f := range advice.Body.Findings {
		rules = append(rules, fmt.Sprint(f.Field, " ", f.Rule, " ", f.Found))
	}
	if got := strings.Join(rules, "; "); got != "wentWrong[0] name ada; wentWrong[0] should_have should have; rootCauses[0].evidence unsupported The release emptied the cache." {
		t.Error(got)
	}
	s.must("a", "POST", "/postmortems/check", `{"text":"It was human error.","names":[]}`, `"rule":"human_error","start":7`)
}

// TestIdempotencyKey: a change that is sent again changes nothing, for the same person only.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", of, "", "draft")
	for n, want := range []string{`"id":"AI-1"`, `"id":"AI-1"`, `"id":"AI-2"`} {
		r := httptest.NewRequest("POST", "/v1"+of+"/items", strings.NewReader(`{"kind":"prevent","text":"Fill the cache","owner":"video","priority":1}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "once")
		r.Header.Set("Authorization", "Bearer "+[]string{"a", "a", "b"}[n])
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("sending %d: %d %s, want %s", n+1, w.Code, w.Body, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", of, "", "draft")
	s.must("a", "PUT", of, fmt.Sprintf(`{"version":1,"content":%s}`, whole), "")
	s.must("a", "POST", of+"/items", `{"kind":"prevent","text":"Fill the cache","owner":"video","priority":1}`, "")
	s.must("a", "POST", of+"/submit", "", "")
	for _, tc := range []struct {
		name, token, method, path, body string
		status                          int
		says                            string
	}{
		{"nobody begins", "", "POST", of, "", 401, "needs a token"},
		{"no such incident", "a", "POST", "/incidents/99/postmortem", "", 404, "INC-99"},
		{"no reference", "a", "GET", "/incidents/last/postmortem", "", 422, "path.ref"},
		{"not begun", "a", "GET", "/incidents/99/postmortem", "", 404, "there is no such postmortem: that of INC-99"},
		{"the only author", "a", "POST", of + "/review", `{"approve":true}`, 403, "ada is the only author"},
		{"no reason", "b", "POST", of + "/review", `{"approve":false}`, 422, "reason is missing"},
		{"not in this state", "a", "POST", of + "/submit", "", 409, "is in review, so it is not possible to submit it"},
		{"a section that both changed", "b", "PUT", of, `{"version":1,"content":{"summary":"Other.","impact":{},"trigger":{},"links":{}}}`, 409, "both changed summary; read it again"},
		{"a misspelt section", "b", "PUT", of, `{"version":2,"content":{"sumary":"x","impact":{},"trigger":{},"links":{}}}`, 422, "sumary"},
		{"an unknown trigger", "b", "PUT", of, `{"version":2,"content":{"impact":{},"trigger":{"kind":"binery"},"links":{}}}`, 422, "binary"},
		{"no risk", "b", "PUT", of, `{"version":2,"content":{"impact":{},"trigger":{},"links":{"risks":["x"]}}}`, 422, "body.content.links.risks[0]"},
		{"no evidence", "a", "POST", "/action-items/1/close", `{"evidence":[]}`, 422, "what shows that it is done"},
		{"no such item", "a", "POST", "/action-items/9/close", `{"evidence":[]}`, 404, "AI-9"},
		{"a script as tracker", "a", "PUT", "/action-items/1", `{"kind":"prevent","text":"x","owner":"y","priority":1,"tracker":"javascript:1"}`, 422, "body.tracker"},
		{"no such version", "a", "GET", of + "/versions/99", "", 404, "no such version"},
		{"an unknown state", "a", "GET", "/postmortems?state=open_", "", 422, "query.state"},
	} {
		code, answer := s.call(tc.token, tc.method, tc.path, tc.body)
		if code != tc.status || !strings.Contains(answer, tc.says) {
			t.Errorf("%s: %d %s, want %d with %q", tc.name, code, answer, tc.status, tc.says)
		}
	}
}

// TestOutsiders: of a private incident nothing is answered but that there is no such thing.
func TestOutsiders(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const private = "/incidents/INC-2/postmortem"
	s.must("a", "POST", private, "", "Films leak")
	s.must("a", "POST", private+"/items", `{"kind":"prevent","text":"Close the leak","owner":"video","priority":1}`, "AI-1")
	body := `{"evidence":[],"approve":true,"reason":"x","reviewers":[],"due":"2026-03-05T00:00:00Z","kind":"prevent","text":"x","owner":"y","priority":1,"version":1,"content":{"impact":{},"trigger":{},"links":{}}}`
	for path, fields := range map[string]string{
		"GET " + private: "", "GET " + private + "/versions": "", "GET " + private + "/versions/1": "", "GET " + private + "/document": "",
		"GET " + private + "/check": "", "GET " + private + "/similar": "", "GET /action-items/1": "",
		"POST " + private: "", "POST " + private + "/refresh": "", "POST " + private + "/submit": "", "POST " + private + "/close": "",
		"PUT " + private: "version content", "POST " + private + "/owner": "owner", "POST " + private + "/due": "due", "POST " + private + "/reviewers": "reviewers",
		"POST " + private + "/review": "approve", "POST " + private + "/return": "reason", "POST " + private + "/items": "kind text owner priority",
		"PUT /action-items/1": "kind text owner priority", "POST /action-items/1/close": "evidence", "POST /action-items/1/verify": "none", "POST /action-items/1/reopen": "reason",
	} {
		method, path, _ := strings.Cut(path, " ")
		code, answer := s.call("b", method, path, only(t, body, fields))
		if code != http.StatusNotFound || strings.Contains(answer, "leak") || !strings.Contains(answer, "there is no such") {
			t.Errorf("%s %s: %d %s", method, path, code, answer)
		}
	}
	for _, path := range []string{"/postmortems", "/postmortems/learning", "/postmortems/similar?text=films+leak", "/action-items"} {
		if answer := s.must("b", "GET", path, "", ""); strings.Contains(answer, "INC-2") || strings.Contains(answer, "leak") || strings.Contains(answer, "prevent") {
			t.Errorf("%s tells of it: %s", path, answer)
		}
	}
}

// only keeps some members of a body; none gives an empty object.
func only(t *testing.T, body, fields string) string {
	t.Helper()
	if fields == "" {
		return ""
	}
	var all, some = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatal(err)
	}
	for _, f := range strings.Fields(fields) {
		if v, ok := all[f]; ok {
			some[f] = v
		}
	}
	b, err := json.Marshal(some)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
