// Package dialecttest is a gate for the tests of its wire formats: the real one, on a database of its own, over two services
// of which one has most of its budget and the other has overspent it.
package dialecttest

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
	"plimsoll/slo/slotest"
)

// Noon is when everything happens.
var Noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// Gate with what is below it.
type Gate struct {
	*postgres.Gate
	Pool *pgxpool.Pool
}

// Policy holds for both services in production; in shadow it is not enforced.
const Policy = `
service: "*"
environments: [production]
clauses:
  - exempt: {classes: [security]}
  - exempt: {classes: [reliability], reference: open}
  - budget: {}
`

// Shadow holds for both services in the environment of that name.
const Shadow = `
service: "*"
environments: [shadow]
mode: shadow
clauses:
  - budget: {}
`

// New makes a gate: video-api may release, and search has spent its budget. The schemas of other components may be added.
func New(t testing.TB, components ...pg.Migrations) *Gate {
	t.Helper()
	video := slotest.Objective("video-api", "availability", "API availability", slo.One/1000*999, 30*24*time.Hour)
	search := slotest.Objective("search", "availability", "Search availability", slo.One/1000*999, 30*24*time.Hour)
	ledger := slotest.New(video, search)
	ledger.Add(video.Key, Noon, 99_990, 100_000)
	ledger.Add(search.Key, Noon, 109_848, 110_000)
	var list []*gate.Policy
	for name, text := range map[string]string{"policy.yaml": Policy, "shadow.yaml": Shadow} {
		p, err := gate.ParsePolicy(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	policies, err := gate.NewPolicies(list)
	if err != nil {
		t.Fatal(err)
	}
	g := &Gate{Pool: pgtest.New(t, append(components, postgres.Migrations)...)}
	g.Gate, err = postgres.New(postgres.Config{Pool: g.Pool, Ledger: ledger, Policies: func() *gate.Policies { return policies }, Now: func() time.Time { return Noon },
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Freeze freezes video-api in production by hand for two hours.
func (g *Gate) Freeze(t testing.TB) {
	t.Helper()
	if _, err := g.Gate.Freeze(t.Context(), "ada", "video-api", "production", "cup final", Noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// Thaw ends that.
func (g *Gate) Thaw(t testing.TB) {
	t.Helper()
	if _, err := g.Gate.Thaw(t.Context(), "ada", "video-api", "production", "won", Noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// Decisions returns what was recorded, newest first.
func (g *Gate) Decisions(t testing.TB) []gate.Decision {
	t.Helper()
	ds, err := g.Gate.Decisions(t.Context(), gate.Filter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// Handler serves rooms of an API as the control plane does. The token "t" is ada's, and "search" that of a job which may
// ask about the service search only.
func Handler(rooms ...interface{ Register(huma.API) }) http.Handler {
	tokens := identity.NewTokens(map[string]identity.Principal{"t": {Subject: "ada"},
		"search": {Subject: "search-ci", Roles: []string{identity.Deployer}, Grants: []identity.Grant{{Services: []string{"search"}}}}})
	api := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	for _, r := range rooms {
		r.Register(api.Huma)
	}
	return api.Mux
}

// Serve does the same on a listener and returns its address.
func Serve(t testing.TB, rooms ...interface{ Register(huma.API) }) string {
	t.Helper()
	s := httptest.NewServer(Handler(rooms...))
	t.Cleanup(s.Close)
	return s.URL
}

// Call makes one request of a handler. Headers are pairs of name and value.
func Call(h http.Handler, method, target, body string, headers ...string) (status int, contentType, answer string) {
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, in)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Header().Get("Content-Type"), w.Body.String()
}
