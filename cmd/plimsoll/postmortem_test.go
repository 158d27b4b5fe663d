package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem/api"
	"plimsoll/incidents/postmortem/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
)

// postmortemServer serves the postmortems of a database of its own, in which INC-1 is resolved, and returns its address.
func postmortemServer(t *testing.T) string {
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
	for _, title := range []string{"Playback stalls", "Films are dark"} {
		i, _, err := known.Declare(t.Context(), incidents.Declare{Title: title, Severity: 2, Services: []string{"films"}, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"})
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
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestPostmortemCommands types every command of a postmortem, from the draft to the closed record, and reads what is printed.
func TestPostmortemCommands(t *testing.T) {
	t.Parallel()
	url, dir := postmortemServer(t), t.TempDir()
	page, text := filepath.Join(dir, "INC-1.html"), filepath.Join(dir, "text.md")
	sections := filepath.Join(dir, "sections.yaml")
	for file, words := range map[string]string{
		text:     "The engineer forgot to run the tests.\n",
		sections: "summary: Viewers saw stalls after a release.\nimpact:\n  text: Films stopped.\n  users: 120\nresponse: The dashboard showed the region.\n",
	} {
		if err := os.WriteFile(file, []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []struct {
		token string
		args  []string
		code  int
		says  string
	}{
		{"a", []string{"list"}, 0, "No postmortems."},
		{"a", []string{"show", "1"}, 1, "there is no such postmortem: that of INC-1"},
		{"a", []string{"begin", "1"}, 0, "Postmortem of INC-1: Playback stalls\ndraft, version 1"},
		{"a", []string{"submit", "1"}, 1, "a root cause is missing"},
		{"a", []string{"edit", "1", "--file", sections, "--trigger", "binary", "--cause", "cold cache: The release emptied the cache. | commit 3f2a9c1",
			"--detection", "An alert.", "--well", "The alert came early.", "--wrong", "The canary had no traffic.", "--lesson", "A cold cache takes ten minutes.",
			"--moment", "2026-03-02T11:48:00Z the release began", "--risk", "RISK-1", "--reason", "first words"}, 0, "the recovery is missing"},
		{"b", []string{"edit", "1", "--recovery", "The release was rolled back."}, 0, "Authors   ada, bob"},
		{"b", []string{"edit", "1", "--trigger", "binery"}, 1, "binary"},
		{"b", []string{"edit", "1", "--clear", "lesons"}, 1, `did you mean "lessons"?`},
		{"b", []string{"edit", "1", "--moment", "noon"}, 1, "expected an instant"},
		{"b", []string{"item", "add", "1", "--kind", "detect", "--owner", "video", "Alert on the hit ratio"}, 0, "AI-1  INC-1     detect  P2"},
		{"b", []string{"item", "edit", "AI-1", "-p", "1", "--tracker", "https://tracker.example/1"}, 0, "P1"},
		{"a", []string{"invite", "1", "bob"}, 0, "Waits for  bob"},
		{"a", []string{"assign", "1"}, 0, "Owner      ada"},
		{"a", []string{"schedule", "1", "2026-03-05T12:00:00Z"}, 0, "2026-03-05 12:00 UTC"},
		{"a", []string{"refresh", "1"}, 0, "draft"},
		{"a", []string{"submit", "1"}, 0, "in review"},
		{"b", []string{"review", "1", "--return"}, 1, "reason is missing"},
		{"b", []string{"review", "1", "--approve", "--note", "clear"}, 0, "reviewed"},
		{"a", []string{"close", "1"}, 1, "AI-1 is open"},
		{"a", []string{"item", "close", "1", "alert", "films/hit-ratio"}, 1, "words"},
		{"a", []string{"item", "close", "1", "alert", "films/hit-ratio", "fires", "below", "80", "%"}, 0, "closed"},
		{"a", []string{"item", "verify", "1"}, 1, "a second person has to look at this: AI-1 was closed by ada"},
		{"b", []string{"item", "verify", "1", "seen", "it", "fire"}, 0, "verified"},
		{"b", []string{"item", "show", "1"}, 0, "alert films/hit-ratio: fires below 80 %"},
		{"b", []string{"item", "list", "--state", "verified", "--owner", "video"}, 0, "AI-1"},
		{"a", []string{"close", "1"}, 0, "closed"},
		{"b", []string{"item", "reopen", "1", "it", "fires", "all", "day"}, 0, "open"},
		{"b", []string{"reopen", "1", "--reason", "the cause is another"}, 0, "draft"},
		{"a", []string{"list", "--state", "draft"}, 0, "1 of 1"},
		{"a", []string{"history", "1"}, 0, "because: the cause is another"},
		{"a", []string{"history", "1", "2"}, 0, "Root cause (cold cache): The release emptied the cache. (evidence: commit 3f2a9c1)"},
		{"a", []string{"export", "1"}, 0, "| 2026-03-02 11:48:00 |  | the release began |"},
		{"a", []string{"export", "1", "--html", "--file", page}, 0, ""},
		{"a", []string{"check", "1"}, 0, "Nothing to advise."},
		{"a", []string{"check", "--file", text}, 0, text + ":1:1: blame: \"The engineer forgot\""},
		{"a", []string{"check"}, 1, "which text?"},
		{"a", []string{"check", "1", "--file", text}, 1, "but not both"},
		{"a", []string{"check", "1", "--name", "bob"}, 1, "--name goes with --file"},
		{"a", []string{"similar", "1", "--text", "caches"}, 1, "but not both"},
		{"a", []string{"learn"}, 0, "binary   1"},
		{"a", []string{"similar", "2"}, 0, "INC-1 Playback stalls"},
		{"a", []string{"similar", "--text", "an expired certificate"}, 0, "Nothing similar is written down."},
		{"a", []string{"similar", "--text", "emptied caches"}, 0, "INC-1 Playback stalls (2026-03-02, draft)\n  A cold cache takes ten minutes.\n  still open: AI-1"},
		{"", []string{"begin", "2"}, 1, "needs a token"},
	} {
		code, out, errs := typePostmortem(t, url, s.token, s.args...)
		if said := out + errs; code != s.code || !strings.Contains(said, s.says) {
			t.Errorf("postmortem %q: exit %d\n%s\nwant %d with %q", s.args, code, said, s.code, s.says)
		}
	}
	if written, err := os.ReadFile(page); err != nil || !strings.Contains(string(written), "<!doctype html>") {
		t.Errorf("%v: %s", err, written)
	}
}

// typePostmortem types one command of "plimsoll postmortem".
func typePostmortem(t *testing.T, url, token string, args ...string) (code int, out, errs string) {
	t.Helper()
	var cmd postmortemCmd
	var o, e bytes.Buffer
	parser, err := kong.New(&cmd, kong.Name("postmortem"), kong.Writers(&o, &e), kong.Exit(func(int) {}), kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(decodeInstant)))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err == nil {
		none := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(none, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		err = parsed.Run(&cli{Ctx: t.Context(), Out: &o, Err: &e, Output: "table", flags: &commands{URL: url, Token: token, TokenFile: none}})
	}
	return report(&e, err), o.String(), e.String()
}
