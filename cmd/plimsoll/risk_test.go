package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"plimsoll/incidents/risk"
	"plimsoll/incidents/risk/api"
	"plimsoll/incidents/risk/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
)

// riskServer serves the risks of a database of its own and returns its address.
func riskServer(t *testing.T) string {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"t": {Subject: "ada"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	(&api.Handlers{Store: store, Now: now}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

// typeRisk types one command of "plimsoll risk".
func typeRisk(t *testing.T, url, output string, args ...string) (code int, out, errs string) {
	t.Helper()
	var cmd riskCmd
	var o, e bytes.Buffer
	parser, err := kong.New(&cmd, kong.Name("risk"), kong.Writers(&o, &e), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err == nil {
		err = parsed.Run(&cli{Ctx: t.Context(), Out: &o, Err: &e, Output: output, flags: &commands{URL: url, Token: "t"}})
	}
	return report(&e, err), o.String(), e.String()
}

// TestRiskCommands types every command of the register once and reads what is printed.
func TestRiskCommands(t *testing.T) {
	t.Parallel()
	url, dir := riskServer(t), t.TempDir()
	file, svg := filepath.Join(dir, "risks.yaml"), filepath.Join(dir, "matrix.svg")
	for _, s := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"list"}, 0, "No risks."},
		{[]string{"add", "Films may be lost"}, 1, "owner is missing: expected 1 to 200 letters"},
		{[]string{"add", "Films may be lost", "--owner", "Ada", "-s", "films", "--days", "8", "--people", "2", "--compliance", "2", "--security", "1", "--blast-radius", "5",
			"--probability", "3", "--currency", "EUR", "--cost", "10000", "--loss-before", "120000", "--loss-after", "20000", "--chance", "0.4",
			"--displaces", "Downloads", "--per-week", "3000", "--weeks", "6", "--incident", "INC-7", "--fmea", "origin, disk", "--reason", "review"}, 0, "RISK-1  quick win  15"},
		{[]string{"add", "films may be lost", "--owner", "Ada", "--days", "1", "--compliance", "1", "--security", "1", "--blast-radius", "1", "--probability", "1"}, 1, "there is a risk with this title already"},
		{[]string{"show", "1"}, 0, "EUR 2400, if “Downloads” waits 0.8 weeks"},
		{[]string{"score", "1", "--probability", "1"}, 0, "RISK-1  schedule  5"},
		{[]string{"score", "1", "--probability", "6"}, 1, `scores.probability "6" is not valid: expected 1 to 5`},
		{[]string{"edit", "1", "--days", "30", "--clear", "displaces", "--clear", "chance"}, 0, "accept"},
		{[]string{"edit", "1", "--clear", "los"}, 1, `did you mean "loss"?`},
		{[]string{"show", "1"}, 0, `cost.personDays: "8" → "30"`},
		{[]string{"edit", "1", "--per-failure", "1000000"}, 1, "--per-failure needs --chance"},
		{[]string{"edit", "1", "--per-failure", "1000000", "--chance", "0.5"}, 0, "EUR 673147"}, // ln 2 of a million, less 20,000
		{[]string{"plan", "1"}, 0, "planned"},
		{[]string{"close", "1", "--as", "accepted"}, 1, "reason is missing"},
		{[]string{"close", "1"}, 0, "done"},
		{[]string{"close", "1"}, 1, "RISK-1 is done, so it cannot become done; possible are: open"},
		{[]string{"reopen", "1", "--reason", "it is back"}, 0, "open"},
		{[]string{"show", "1"}, 0, "because: it is back"},
		{[]string{"matrix", "--svg", svg}, 0, "ACCEPT (1): Live with it"},
		{[]string{"justify", "1"}, 0, "# Why we should put this right: Films may be lost"},
		{[]string{"justify", "RISK-1", "--html"}, 0, "<!doctype html>"},
		{[]string{"justify", "99"}, 1, "there is no such risk: RISK-99"},
		{[]string{"edit", "1", "--title", "The database may be lost"}, 0, "The database may be lost"},
		{[]string{"justify", "1"}, 0, "uses words that not everybody knows: database"},
		{[]string{"suggest"}, 0, "Nothing to suggest"},
		{[]string{"show", "INC-2"}, 1, "a reference such as RISK-7 or 7"},
	} {
		code, out, errs := typeRisk(t, url, "table", s.args...)
		if said := out + errs; code != s.code || !strings.Contains(said, s.says) {
			t.Errorf("risk %q: exit %d\n%s\nwant %d with %q", s.args, code, said, s.code, s.says)
		}
	}
	if drawn, err := os.ReadFile(svg); err != nil || !strings.Contains(string(drawn), ">RISK-1</text>") {
		t.Errorf("%v: %s", err, drawn)
	}
	_, exported, _ := typeRisk(t, url, "table", "export")
	other := riskServer(t)
	for n, want := range []string{"1 added, 0 changed, 0 as they were", "0 added, 0 changed, 1 as they were"} {
		if err := os.WriteFile(file, []byte(exported), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, errs := typeRisk(t, other, "table", "import", file); code != 0 || !strings.Contains(out, want) {
			t.Errorf("import %d: exit %d %s%s, want %q\n%s", n+1, code, out, errs, want, exported)
		}
	}
	if _, again, _ := typeRisk(t, other, "table", "export"); again != exported {
		t.Errorf("export after import:\n%s\nwant\n%s", again, exported)
	}
	_, out, _ := typeRisk(t, other, "json", "show", "1")
	var d api.RiskDetail
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.Ref != 1 || d.Cost.PersonDays != 30 || d.State != risk.Open || d.Links.FMEA[0] != "origin, disk" {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.WriteFile(file, []byte("risks:\n  - title: x\n    onwer: y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := typeRisk(t, other, "table", "import", file); code != 1 || !strings.Contains(errs, `risks.yaml:3: unknown key "risks[0].onwer" (did you mean "owner"?)`) {
		t.Errorf("a file with an unknown key: %d %s", code, errs)
	}
}
