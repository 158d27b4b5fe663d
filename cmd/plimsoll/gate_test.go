package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/deploy"
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

// gateServer serves a gate over two services: video-api has most of its budget, search has overspent it.
func gateServer(t *testing.T) (url string, pool *pgxpool.Pool) {
	t.Helper()
	video := slotest.Objective("video-api", "availability", "API availability", slo.One/1000*999, 30*24*time.Hour)
	search := slotest.Objective("search", "availability", "Search availability", slo.One/1000*999, 30*24*time.Hour)
	ledger := slotest.New(video, search)
	ledger.Add(video.Key, time.Now(), 99_990, 100_000)
	ledger.Add(search.Key, time.Now(), 109_848, 110_000)
	files, err := deploy.Policies()
	if err != nil {
		t.Fatal(err)
	}
	policies, err := gate.ParsePolicies(files...)
	if err != nil {
		t.Fatal(err)
	}
	pool = pgtest.New(t, postgres.Migrations, keyspg.Migrations)
	g, err := postgres.New(postgres.Config{Pool: pool, Ledger: ledger, Policies: func() *gate.Policies { return policies },
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"t": {Subject: "ada"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	keys, err := attestation.OpenSigner(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	published, err := keyspg.New(keyspg.Config{Pool: pool, Replica: "here"})
	if err != nil {
		t.Fatal(err)
	}
	if err := published.Publish(t.Context(), keys.Ring()); err != nil {
		t.Fatal(err)
	}
	(&api.Handlers{Gate: g, Keys: keys, Published: published}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL, pool
}

// plimsoll runs one command line and returns its exit code and all that it printed.
func plimsoll(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(context.Background(), args, &o, &e)
	return code, o.String(), e.String()
}

// TestGateCommands types every command of the gate and reads what is printed.
func TestGateCommands(t *testing.T) {
	t.Parallel()
	url, pool := gateServer(t)
	dir := t.TempDir()
	signed, public, other := filepath.Join(dir, "decision.json"), filepath.Join(dir, "keys.pem"), filepath.Join(dir, "other.pem")
	_, ours, _ := plimsoll("--url", url, "gate", "keys")
	stranger, err := attestation.OpenKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	strict := filepath.Join(dir, "policy.yaml")
	for file, text := range map[string]string{strict: "service: search\nclauses:\n- budget: {spent: hold}\n", public: ours, other: string(stranger.PEM())} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(service string, more ...string) []string {
		return append([]string{"check", "--service", service, "--env", "production", "--sha", "c0ffee"}, more...)
	}
	for _, s := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"freezes"}, 0, "No freezes: every service is open."},
		{[]string{"log"}, 0, "No decisions."},
		{[]string{"log", "--verify"}, 0, "All 0 entries of the audit log hold."},
		{check("video-api"), 0, "ALLOW feature c0ffee of video-api to production: the budget allows it.\n" +
			"API availability: budget 90.0 %: 10 bad of 100 allowed, 100,000 events over 30d.\n" +
			"Next: go ahead. 91 more bad events of API availability would spend the budget.\n"},
		{check("search"), 2, "DENY feature c0ffee of search to production: an error budget is spent.\n" +
			"Search availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d.\n" +
			"Next: only rollbacks, security fixes and reliability fixes with an open reference (--ref) go out. The budget is back above 0 about "},
		{check("search"), 2, "The answer would turn with: 42,001 more good events of Search availability without a bad one."},
		{check("search"), 2, `asked by ada, policy of service "*" version`},
		{check("search", "--class", "rollback"), 0, "ALLOW rollback"},
		{check("search", "--class", "reliability", "--ref", "INC-9"), 2, "only with an open incident or action item: INC-9 is not known"},
		{check("vidoe-api"), 3, `did you mean "video-api"?`},
		{check("video-api", "--class", "feture"), 1, `did you mean "feature"?`},
		{check("video-api", "--shaa", "x"), 1, "--shaa"},
		{[]string{"check", "--service", "video-api"}, 1, "missing flags: --env=STRING, --sha=STRING"},
		{[]string{"freeze", "--service", "video-api", "--env", "production", "--reason", "cup final", "--for", "2h"}, 0, "frozen by hand by ada until"},
		{[]string{"freezes"}, 0, "frozen    freeze by ada until"},
		{check("video-api"), 2, "releases are frozen by hand"},
		{[]string{"thaw", "--service", "video-api", "--env", "production", "--reason", "won", "--for", "2h"}, 0, "manual ended by ada: won"},
		{check("video-api"), 0, "ALLOW"},
		{[]string{"freeze", "--service", "video-api", "--env", "production", "--reason", "x", "--for=-2h"}, 1, `until "`},
		{[]string{"log", "--service", "search", "--outcome", "deny"}, 0, "deny     BUDGET_SPENT  search   production"},
		{[]string{"log", "--outcome", "no"}, 1, "--outcome"},
		{[]string{"log", "--verify"}, 0, "All 13 entries of the audit log hold."},
		{[]string{"why", "2"}, 0, "ALLOW feature c0ffee of video-api to production"},
		{[]string{"why", "1"}, 1, "entry 1 of the audit log is not a decision"},
		{[]string{"simulate", strict}, 0, "would come out otherwise"},
		{[]string{"simulate", strict}, 0, "deny  hold      BUDGET_SPENT"},
		{[]string{"simulate", public}, 1, "the policy is not valid"},
		{check("search", "--wait", "10ms"), 2, "waiting for at most"},
		{check("video-api", "--wait", "1h"), 0, "ALLOW"},
		{[]string{"replay"}, 0, "Decided again as recorded: "},
		{[]string{"overrides"}, 0, "No override was asked for in the last 30 days."},
		{[]string{"override", "--service", "video-api", "--sha", "decade", "--reason", "customers cannot pay"}, 0, "plimsoll gate approve 1"},
		{[]string{"override", "--service", "video-api", "--commit", "decade", "-r", "x", "--for", "5h"}, 1, "at most 4h later"},
		{[]string{"approve", "1"}, 1, "second person"},
		{[]string{"overrides"}, 0, "asked for  video-api  production   decade"},
		{[]string{"attest", "1"}, 1, "entry 1 of the audit log is not a decision"},
		{[]string{"attest", "2", "--out", signed}, 0, ""},
		{[]string{"verify", signed, "--keys", public}, 0, "ALLOW feature c0ffee of video-api to production"},
		{[]string{"verify", signed, "--keys", other}, 1, "no known key has signed this"},
	} {
		code, out, errs := plimsoll(append([]string{"--url", url, "--token", "t", "gate"}, s.args...)...)
		if said := out + errs; code != s.code || !strings.Contains(said, s.says) {
			t.Errorf("gate %q: exit %d\n%s\nwant %d with %q", s.args, code, said, s.code, s.says)
		}
	}
	if _, err := pool.Exec(t.Context(), `ALTER TABLE gate_audit DISABLE TRIGGER gate_audit_append_only; DELETE FROM gate_audit WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := plimsoll("--url", url, "--token", "t", "gate", "log", "--verify"); code != 1 || !strings.Contains(out, "broken at entry 2: the entry is missing; the next is 3") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestGateUndecidable proves that nothing but an allow of a gate exits with 0.
func TestGateUndecidable(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	answers := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	for _, tc := range []struct {
		name, url string
		says      string
	}{
		{"no server", gone.URL, "no server answers at " + gone.URL},
		{"problem", answers(503, `{"code":"unavailable","detail":"the gate cannot decide now"}`), "the gate cannot decide now"},
		{"another server", answers(404, "nothing here"), "404"},
		{"no answer of a gate", answers(200, `{"hello":"world"}`), `outcome ""`},
		{"not JSON", answers(200, `<html>`), "decode answer"},
	} {
		code, out, errs := plimsoll("--url", tc.url, "gate", "check", "--service", "a", "--env", "b", "--sha", "c")
		if code != 3 || !strings.HasPrefix(out, "HOLD feature c of a to b: the gate did not answer, which is never an allow.\n") ||
			!strings.Contains(out, tc.says) || strings.Count(out, "\n") != 3 || errs != "" {
			t.Errorf("%s: exit %d\n%s%s", tc.name, code, out, errs)
		}
		code, out, _ = plimsoll("--url", tc.url, "--output", "json", "gate", "check", "--service", "a", "--env", "b", "--sha", "c")
		var d gate.Decision
		if err := json.Unmarshal([]byte(out), &d); err != nil || code != 3 || d.Outcome != gate.Hold || d.Reason != gate.NoAnswer {
			t.Errorf("%s: exit %d, %v: %s", tc.name, code, err, out)
		}
	}
}

func TestGateLint(t *testing.T) {
	t.Parallel()
	code, out, errs := plimsoll("gate", "lint", "../../deploy/policies/default.yaml", "../../deploy/policies/video-api.yaml")
	if code != 0 || !strings.Contains(out, `fine: service "video-api" in production, enforce, version `) {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("service: a\nclauses:\n- budget: {spent: dny}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs = plimsoll("gate", "lint", bad, "../../deploy/policies/default.yaml")
	if code != 1 || !strings.Contains(errs, bad+`:3: clauses[0].budget.spent: must be one of deny, hold, allow, found "dny" (did you mean "deny"?)`) ||
		!strings.Contains(out, "default.yaml: fine") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}
