package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/incidents"
	incidentsapi "plimsoll/incidents/api"
	"plimsoll/incidents/postgres"
	postmortemapi "plimsoll/incidents/postmortem/api"
	postmortempg "plimsoll/incidents/postmortem/postgres"
	"plimsoll/incidents/recordtest"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
)

// bureau is Plimsoll with two people and no Slack.
type bureau struct {
	t           *testing.T
	url         string
	store       *postgres.Store
	postmortems *postmortempg.Store

	mu  sync.Mutex
	now time.Time
}

func newBureau(t *testing.T) *bureau {
	t.Helper()
	b := &bureau{t: t, now: time.Date(2026, 3, 2, 12, 1, 0, 0, time.UTC)}
	pool := pgtest.New(t, postgres.Migrations, postmortempg.Migrations)
	var err error
	if b.store, err = postgres.New(postgres.Config{Pool: pool, Now: b.clock}); err != nil {
		t.Fatal(err)
	}
	if b.postmortems, err = postmortempg.New(postmortempg.Config{Pool: pool, Incidents: b.store, Now: b.clock}); err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"ada": {Subject: "ada"}, "bob": {Subject: "bob"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	(&incidentsapi.Handlers{Store: b.store, Now: b.clock}).Register(web.Huma)
	(&postmortemapi.Handlers{Store: b.postmortems, Now: b.clock}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *bureau) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

// at sets the clock to a minute after noon.
func (b *bureau) at(minute int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = time.Date(2026, 3, 2, 12, minute, 0, 0, time.UTC)
}

// typed types a command as somebody.
func (b *bureau) typed(who string, args ...string) {
	b.t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), append([]string{"--url", b.url, "--token", who}, args...), &out, &errs); code != 0 {
		b.t.Fatalf("%s types %q: exit %d\n%s%s", who, args, code, out.String(), errs.String())
	}
}

// sent sends a request as somebody.
func (b *bureau) sent(who, route, body string) {
	b.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+who)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var said bytes.Buffer
	if _, err := said.ReadFrom(resp.Body); err != nil {
		b.t.Fatal(err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		b.t.Fatalf("%s sends %s %s: %s\n%s", who, route, body, resp.Status, said.String())
	}
}

// theRecord is the one in which the same script ends in Slack.
const theRecord = "../../incidents/slack/testdata/record.json"

// pinned is where Slack keeps the message that is pinned.
const pinned = "https://example.slack.com/archives/C000000002/p1772453160900001"

// script is the incident of incidents/slack, from an alert to a closed action item, by the minute.
var script = []struct {
	minute int
	who    string
	args   []string // as it is typed
	route  string   // as it is sent
	body   string
}{
	{2, "ada", []string{"incident", "ack", "1"}, "POST /v1/incidents/1/acknowledge", ""},
	{3, "ada", []string{"incident", "command", "1"}, "POST /v1/incidents/1/command", ""},
	{4, "ada", []string{"incident", "assign", "1", "operations", "bob"}, "POST /v1/incidents/1/roles", `{"role":"operations","to":"bob"}`},
	{5, "bob", []string{"incident", "note", "1", "the cache was rebuilt at 11:50"}, "POST /v1/incidents/1/notes", `{"text":"the cache was rebuilt at 11:50"}`},
	{6, "ada", []string{"incident", "pin", "1", "origin answers 503 since the https://deploys.example/42", "--author", "bob", "--link", pinned},
		"POST /v1/incidents/1/pins", `{"text":"origin answers 503 since the https://deploys.example/42","author":"bob","link":"` + pinned + `"}`},
	{6, "ada", []string{"incident", "task", "1", "somebody has to roll 42 back"}, "POST /v1/incidents/1/tasks", `{"kind":"task","text":"somebody has to roll 42 back"}`},
	{6, "ada", []string{"incident", "followup", "1", "we need a test for a cold cache"}, "POST /v1/incidents/1/tasks", `{"kind":"followup","text":"we need a test for a cold cache"}`},
	{7, "bob", []string{"incident", "amend", "1", "6", "origin answers 502 since the deploy"}, "PUT /v1/incidents/1/timeline/6", `{"text":"origin answers 502 since the deploy"}`},
	{9, "ada", []string{"incident", "update", "1", "We roll a change back.", "--in", "20m"}, "POST /v1/incidents/1/updates", `{"text":"We roll a change back.","nextIn":"20m"}`},
	{10, "ada", []string{"incident", "message", "draft", "1", "customers"}, "POST /v1/incidents/1/messages", `{"audience":"customers"}`},
	{12, "bob", []string{"incident", "message", "approve", "1", "1"}, "POST /v1/incidents/1/messages/1/approve", ""},
	{13, "bob", []string{"incident", "done", "1", "1"}, "POST /v1/incidents/1/tasks/1/done", ""},
	{14, "bob", []string{"incident", "mitigate", "1", "rolled back to 41"}, "POST /v1/incidents/1/mitigate", `{"how":"rolled back to 41"}`},
	{15, "ada", []string{"incident", "resolve", "1"}, "POST /v1/incidents/1/resolve", ""},
	{16, "ada", []string{"postmortem", "begin", "1"}, "POST /v1/incidents/1/postmortem", ""},
	{17, "ada", []string{"postmortem", "item", "add", "1", "Rebuild the cache before traffic arrives", "--kind", "prevent", "--owner", "bob", "--priority", "1"},
		"POST /v1/incidents/1/postmortem/items", `{"kind":"prevent","text":"Rebuild the cache before traffic arrives","owner":"bob","priority":1}`},
	{19, "bob", []string{"postmortem", "item", "close", "AI-2", "test", "TestWarmCache", "It fails when traffic reaches a cold cache."},
		"POST /v1/action-items/AI-2/close", `{"evidence":[{"kind":"test","ref":"TestWarmCache","words":"It fails when traffic reaches a cold cache."}]}`},
	{21, "ada", []string{"postmortem", "item", "verify", "AI-2", "I saw it fail on the old version"}, "POST /v1/action-items/AI-2/verify", `{"note":"I saw it fail on the old version"}`},
	{22, "ada", []string{"incident", "close", "1"}, "POST /v1/incidents/1/close", ""},
}

// TestSameRecordEverywhere: typed on the command line and sent to the API, the script of Slack ends in the record that it has there.
func TestSameRecordEverywhere(t *testing.T) {
	t.Parallel()
	for _, road := range []string{"command line", "API"} {
		t.Run(road, func(t *testing.T) {
			t.Parallel()
			b := newBureau(t)
			if _, _, err := b.store.Declare(t.Context(), incidents.Declare{Title: "Playback stalls", Severity: 2, Services: []string{"video-api"},
				Source: incidents.SourceAlert, DedupKey: "alert/1", Started: b.clock().Add(-5 * time.Minute)}, incidents.Caller{Subject: "alerts", System: true}); err != nil {
				t.Fatal(err)
			}
			for _, s := range script {
				b.at(s.minute)
				if road == "API" {
					b.sent(s.who, s.route, s.body)
				} else {
					b.typed(s.who, s.args...)
				}
			}
			recordtest.Matches(t, theRecord, recordtest.Read(t, b.store, b.postmortems, 1), false)
		})
	}
}
