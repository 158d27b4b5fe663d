package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/attestation"
	"plimsoll/slo/gate/postgres"
	"plimsoll/slo/slotest"
)

// codeRedServer serves a gate over a service in Code Red whose incident has a commander. ada holds the token t; grace, a release manager, g.
func codeRedServer(t *testing.T) string {
	t.Helper()
	search := slotest.Objective("search", "availability", "Search availability", slo.One/1000*999, 30*24*time.Hour)
	ledger := slotest.New(search)
	ledger.Add(search.Key, time.Now(), 109_848, 110_000)
	p, err := gate.ParsePolicy("policy.yaml", []byte("tier: 2\nclauses: [{freeze: {}}, {budget: {}}]\nfreeze: {exit: [{commander: named}, {plan: filed}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	tiers, err := gate.ParseTiers("tiers.yaml", []byte("tiers: {2: [search]}"))
	if err != nil {
		t.Fatal(err)
	}
	policies, err := gate.NewPolicies([]*gate.Policy{p}, tiers)
	if err != nil {
		t.Fatal(err)
	}
	g, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Ledger: ledger, Policies: func() *gate.Policies { return policies },
		Response: func(context.Context, gate.State) (gate.Response, error) {
			return gate.Response{Incident: "INC-3", Commander: "ada"}, nil
		},
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"t": {Subject: "ada"}, "g": {Subject: "grace", Roles: []string{identity.ReleaseManager}}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	keys, err := attestation.OpenSigner(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	(&api.Handlers{Gate: g, Keys: keys}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestCodeRedCommands types what people do about a Code Red, and reads what is printed.
func TestCodeRedCommands(t *testing.T) {
	t.Parallel()
	url := codeRedServer(t)
	on := func(args ...string) []string { return append(args, "--service", "search", "--env", "production") }
	for _, s := range []struct {
		token string
		args  []string
		code  int
		says  string
	}{
		{"t", on("status"), 0, "search in production (policy of tier 2): code red since "},
		{"t", on("status"), 0, "spent      Search availability: budget −38.2 %"},
		{"t", on("status"), 0, "incident   INC-3, commander ada"},
		{"t", on("status"), 0, "owed       the daily update, due at "},
		{"t", on("status"), 0, "criterion  not met: no action plan is filed"},
		{"t", []string{"status", "--service", "serach"}, 0, "No policy covers such a service"},
		{"g", on("thaw", "--criteria", "--reason", "done"), 1, "the exit criteria of Code Red are not met: no action plan is filed"},
		{"t", on("plan"), 1, "must say what will be done"},
		{"t", on("plan", "--text", "drain the queue sooner", "--link", "https://wiki.example.com/plan"), 0, "plan filed by ada: drain the queue sooner https://wiki.example.com/plan"},
		{"t", on("status"), 0, "plan       by ada at "},

		{"t", on("exempt", "--because", "bad_luck", "--reason", "x", "--for", "1h"), 1, "must be one of cause_outside, dependency_frozen"},
		{"t", on("exempt", "--because", "cause_outside", "--incident", "INC-7", "--reason", "the network was down"), 1, "--until"},
		{"t", on("exempt", "--because", "cause_outside", "--incident", "INC-7", "--reason", "the network was down", "--for", "1h"), 0, "Exemption 1 of search in production counts until "},
		{"t", on("check", "--sha", "c0ffee"), 0, "exempt because the cause lay outside the team (INC-7), by the word of ada until "},
		{"t", on("status"), 0, "exemption  1, in force: exempt because"},
		{"t", []string{"exempt-end", "1"}, 0, "Exemption 1 of search in production has ended."},
		{"t", []string{"exempt-end", "1"}, 1, "has ended already"},
		{"t", []string{"exemptions"}, 0, "1  search in production, ended by ada at "},
		{"t", []string{"exemptions", "--service", "other"}, 0, "No exemption was in force"},
		{"t", []string{"exempt-end", "9"}, 1, "no such exemption"},
		{"t", on("check", "--sha", "c0ffee"), 2, "or by a release manager once its incident has a commander and an action plan is filed"},

		{"t", on("override", "--sha", "decade", "--reason", "customers cannot pay"), 0, "plimsoll gate approve 1"},
		{"t", []string{"follow-up", "1", "--evidence", "none"}, 1, "owes no follow-up"},
		{"g", []string{"approve", "1"}, 0, "decade of search may go to production once"},
		{"t", on("check", "--sha", "decade"), 0, "a follow-up is owed"},
		{"t", []string{"overrides"}, 0, "follow-up owed by ada until "},
		{"t", []string{"follow-up", "1", "--evidence", "the alert came too late"}, 0, "The follow-up of override 1 is done: the alert came too late"},

		{"t", on("thaw", "--criteria", "--reason", "done"), 1, "only a release manager may"},
		{"g", on("thaw", "--criteria", "--for", "1h", "--reason", "done"), 1, "can't be used together"},
		{"g", on("thaw", "--reason", "done"), 1, "--criteria ends a Code Red"},
		{"g", on("thaw", "--criteria", "--reason", "the queue drains again"), 0, "entered thawing by grace: the exit criteria are met: the queue drains again"},
		{"t", on("check", "--sha", "c0ffee"), 0, "excused since Code Red was ended by its exit criteria"},
		{"t", on("check", "--sha", "facade"), 3, "changes go out one at a time after a freeze"},
		{"g", on("thaw", "--criteria", "--reason", "again"), 1, "there is no Code Red in production of search"},
		{"t", []string{"log", "--verify"}, 0, "of the audit log hold"},
	} {
		code, out, errs := plimsoll(append([]string{"--url", url, "--token", s.token, "gate"}, s.args...)...)
		if said := out + errs; code != s.code || !strings.Contains(said, s.says) {
			t.Errorf("gate %q: exit %d\n%s\nwant %d with %q", s.args, code, said, s.code, s.says)
		}
	}
}
