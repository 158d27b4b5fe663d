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

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/attestation"
	keyspg "plimsoll/slo/gate/attestation/postgres"
	"plimsoll/slo/gate/postgres"
	"plimsoll/slo/slotest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

type server struct {
	handler http.Handler
	pool    *pgxpool.Pool
	gate    *postgres.Gate
}

// newServer serves a gate over video-api/availability, of which a hundredth of the budget is spent.
func newServer(t *testing.T, requireIdentity bool) *server {
	t.Helper()
	objective := slotest.Objective("video-api", "availability", "Availability", slo.One/1000*999, 30*24*time.Hour)
	ledger := slotest.New(objective)
	ledger.Add(objective.Key, noon, 99_999, 100_000)
	policy, err := gate.ParsePolicy("default.yaml", []byte("service: \"*\"\nclauses:\n- budget: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	policies, err := gate.NewPolicies([]*gate.Policy{policy})
	if err != nil {
		t.Fatal(err)
	}
	pool := pgtest.New(t, postgres.Migrations, keyspg.Migrations)
	g, err := postgres.New(postgres.Config{Pool: pool, Policies: func() *gate.Policies { return policies }, Ledger: ledger,
		Now: func() time.Time { return noon }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"a": {Subject: "ada"}, "g": {Subject: "grace"},
		"ci":    {Subject: "github:acme/api", Roles: []string{identity.Deployer}, Grants: []identity.Grant{{Services: []string{"video-*"}, Environments: []string{"production"}}}},
		"other": {Subject: "search-team", Roles: []string{identity.Member}, Grants: []identity.Grant{{Services: []string{"search"}}}},
	})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	keys, err := attestation.OpenSigner(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	published, err := keyspg.New(keyspg.Config{Pool: pool, Replica: "here", Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	if err := published.Publish(t.Context(), keys.Ring()); err != nil {
		t.Fatal(err)
	}
	(&api.Handlers{Gate: g, Keys: keys, Published: published, RequireIdentity: requireIdentity}).Register(web.Huma)
	return &server{web.Mux, pool, g}
}

// call sends one request, fails unless the status is as wanted, and decodes the answer.
func (s *server) call(t *testing.T, status int, token, method, path, body string, out any) string {
	t.Helper()
	r := httptest.NewRequest(method, "/v1/gate"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
	}
	return w.Body.String()
}

const question = `{"service":"video-api","environment":"production","commit":"c0ffee"}`

func TestCheck(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	var d gate.Decision
	s.call(t, 200, "", "POST", "/checks", question, &d)
	if d.Outcome != gate.Allow || d.Seq != 2 || d.By != "anonymous" || d.Change.Class != gate.Feature || len(d.Message) != 3 || len(d.Clauses) != 6 {
		t.Errorf("%+v", d)
	}
	s.call(t, 200, "a", "POST", "/checks", strings.Replace(question, "video-api", "vidoe-api", 1), &d)
	if d.Outcome != gate.Hold || d.By != "ada" || !strings.Contains(d.Message[1], `did you mean "video-api"?`) {
		t.Errorf("%+v", d)
	}
	var list api.Decisions
	s.call(t, 200, "", "GET", "/decisions?service=video-api&from=2026-11-24T12:00:00Z&to=2026-11-24T12:00:01Z&limit=5", "", &list)
	if len(list.Decisions) != 1 || list.Decisions[0].Seq != 2 || list.Decisions[0].Objectives[0].Target != slo.One/1000*999 {
		t.Errorf("%+v", list)
	}
	s.call(t, 200, "", "GET", "/decisions?outcome=deny", "", &list)
	if len(list.Decisions) != 0 {
		t.Errorf("%+v", list)
	}
	var v gate.Verification
	s.call(t, 401, "", "GET", "/verification", "", nil)
	s.call(t, 200, "a", "GET", "/verification", "", &v)
	if v.Entries != 3 || v.Broken != nil {
		t.Errorf("%+v", v)
	}
}

func TestCheckNeedsIdentityWhereConfigured(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	s.call(t, 401, "", "POST", "/checks", question, nil)
	s.call(t, 200, "a", "POST", "/checks", question, nil)
}

func TestProblems(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	manual := func(service, environment, reason, until string) string {
		return fmt.Sprintf(`{"service":%q,"environment":%q,"reason":%q,"until":%q}`, service, environment, reason, until)
	}
	const later = "2026-11-24T13:00:00Z"
	for _, tc := range []struct {
		name, token, method, path, body string
		status                          int
		says                            string
	}{
		{"class", "", "POST", "/checks", strings.Replace(question, "}", `,"class":"feture"}`, 1), 422, `did you mean \"feature\"?`},
		{"empty service", "", "POST", "/checks", strings.Replace(question, "video-api", "", 1), 422, "body.service"},
		{"unknown field", "", "POST", "/checks", strings.Replace(question, "commit", "sha", 1), 422, "body.sha"},
		{"bad time", "", "GET", "/decisions?from=yesterday", "", 422, "query.from"},
		{"bad outcome", "", "GET", "/decisions?outcome=no", "", 422, "query.outcome"},
		{"freeze of nobody", "", "POST", "/freezes", manual("video-api", "production", "x", later), 401, "token"},
		{"freeze without reason", "a", "POST", "/freezes", manual("video-api", "production", "", later), 422, "body.reason"},
		{"freeze that is over", "a", "POST", "/freezes", manual("video-api", "production", "x", "2026-11-24T11:00:00Z"), 422, "body.until"},
		{"freeze of a stranger", "a", "POST", "/freezes", manual("vidoe-api", "production", "x", later), 404, `did you mean \"video-api\"?`},
		{"thaw elsewhere", "a", "POST", "/thaws", manual("video-api", "prodution", "x", later), 404, `did you mean \"production\"?`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if body := s.call(t, tc.status, tc.token, tc.method, tc.path, tc.body, nil); !strings.Contains(body, tc.says) {
				t.Errorf("%s, want %s", body, tc.says)
			}
		})
	}
}

func TestUndecidable(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	s.pool.Close()
	if body := s.call(t, 503, "", "POST", "/checks", question, nil); !strings.Contains(body, "do not take this as an allow") {
		t.Error(body)
	}
}

func TestFreezeByHand(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	var list api.Freezes
	if body := s.call(t, 200, "", "GET", "/freezes", "", &list); !strings.Contains(body, `"freezes":[]`) {
		t.Error(body)
	}
	const body = `{"service":"video-api","environment":"production","reason":"cup final","until":"2026-11-24T13:00:00Z"}`
	var e gate.Event
	s.call(t, 200, "a", "POST", "/freezes", body, &e)
	if e.Kind != gate.Frozen || e.By != "ada" || e.Seq != 1 {
		t.Errorf("%+v", e)
	}
	var d gate.Decision
	s.call(t, 200, "", "POST", "/checks", question, &d)
	if d.Reason != gate.FrozenByHand || !strings.Contains(d.Message[1], "by ada until Tue 24 Nov 13:00 UTC: cup final") {
		t.Errorf("%+v", d)
	}
	s.call(t, 200, "a", "POST", "/thaws", body, &e)
	s.call(t, 200, "", "POST", "/checks", question, &d)
	if d.Outcome != gate.Allow {
		t.Errorf("%+v", d)
	}
	s.call(t, 200, "", "GET", "/freezes", "", &list)
	var events api.Events
	s.call(t, 200, "", "GET", "/events", "", &events)
	if len(list.Freezes) != 1 || len(events.Events) != 2 || events.Events[0].Kind != gate.ManualEnded {
		t.Errorf("%+v %+v", list, events)
	}
}
