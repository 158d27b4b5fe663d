package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/api"
	"plimsoll/incidents/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
)

// incidentServer serves the incidents of a database of its own and returns its address.
func incidentServer(t *testing.T) string {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"t": {Subject: "ada"}, "b": {Subject: "bob"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	(&api.Handlers{Store: store, Now: now}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestIncidentCommands types every command of an incident once and reads what is printed.
func TestIncidentCommands(t *testing.T) {
	t.Parallel()
	url := incidentServer(t)
	type step struct {
		args []string
		code int
		says string
	}
	for _, s := range []step{
		{[]string{"list"}, 0, "No incidents."},
		{[]string{"declare", "Playback stalls", "--severity", "2", "--service", "video-api", "--started", "2026-03-02T11:50:00Z"}, 0, "INC-1     sev2      declared"},
		{[]string{"declare", "x", "--severity", "7"}, 1, `--severity: severity "7" is not valid: expected 1 to 5`},
		{[]string{"ack", "INC-1"}, 0, "acknowledged"},
		{[]string{"ack", "1"}, 1, "INC-1 is acknowledged, so it is not possible to acknowledge"},
		{[]string{"ack", "latest"}, 1, "a reference such as INC-7 or 7"},
		{[]string{"ack", "99"}, 1, "there is no such incident: INC-99"},
		{[]string{"command", "1"}, 0, "ada"},
		{[]string{"assign", "1", "scribe", "bob"}, 0, "INC-1"},
		{[]string{"assign", "1", "captain", "bob"}, 1, `"captain"`},
		{[]string{"note", "1", "origin", "is", "slow"}, 0, "INC-1"},
		{[]string{"update", "1", "--in", "20m", "we know the cause"}, 0, "2026-03-02 12:20 UTC"},
		{[]string{"severity", "1", "1", "everybody"}, 0, "sev1"},
		{[]string{"at", "1", "started", "2026-03-02T11:45:00Z"}, 0, "INC-1"},
		{[]string{"mitigate", "1", "rolled back"}, 0, "mitigated"},
		{[]string{"list", "--service", "video-api"}, 0, "mitigated"},
		{[]string{"reopen", "1", "back"}, 0, "acknowledged"},
		{[]string{"impact", "1", "--objective", "search/freshness"}, 0, "search,video-api"},
		{[]string{"impact", "1", "--service", "video-api", "--remove"}, 0, "search "},
		{[]string{"impact", "1"}, 1, "services is missing"},
		{[]string{"task", "1", "drain", "the", "pool", "--owner", "bob"}, 0, "INC-1"},
		{[]string{"followup", "1", "alert on idle connections"}, 0, "INC-1"},
		{[]string{"done", "1", "1"}, 0, "INC-1"},
		{[]string{"done", "1", "9"}, 1, "the number of one of its 2 tasks"},
		{[]string{"pin", "1", "it is the pool", "--author", "cy"}, 0, "INC-1"},
		{[]string{"event", "1", "deploy", "video-api 4f2a1c went out", "--on", "video-api"}, 0, "INC-1"},
		{[]string{"event", "1", "rumour", "x"}, 1, `"rumour"`},
		{[]string{"amend", "1", "5", "origin was slow"}, 0, "note: origin was slow"},
		{[]string{"amend", "1", "5"}, 1, "either the new text or --retract"},
		{[]string{"amend", "1", "1", "x"}, 1, "what happened is corrected by what happens next"},
		{[]string{"history", "1", "5"}, 0, "note: origin is slow"},
		{[]string{"search", "origin"}, 0, "INC-1"},
		{[]string{"search", "submarine"}, 0, "No incidents."},
		{[]string{"message", "template", "1", "customers"}, 0, "What is affected: Playback stalls."},
		{[]string{"message", "draft", "1", "customers"}, 0, "Message 1 to customers: draft; written by ada"},
		{[]string{"message", "draft", "1", "shareholders"}, 1, `"shareholders"`},
		{[]string{"message", "approve", "1", "1"}, 1, "somebody else than who wrote the message"},
		{[]string{"message", "sent", "1", "1", "status page"}, 1, "an approved one: it is draft"},
		{[]string{"--token", "b", "message", "approve", "1", "1"}, 0, "approved; written by ada"},
		{[]string{"message", "sent", "1", "1", "status page"}, 0, "sent to status page"},
		{[]string{"message", "draft", "1", "support", "all well"}, 0, "Message 2 to support: draft"},
		{[]string{"--token", "b", "message", "reject", "1", "2", "it is not"}, 0, "Message 2 to support: rejected"},
		{[]string{"message", "show", "1"}, 0, "sent to status page"},
		{[]string{"resolve", "1"}, 0, "resolved"},
		{[]string{"show", "1"}, 0, "Time to resolve      15 min"},
		{[]string{"show", "1"}, 0, "incident commander is ada"},
		{[]string{"postmortem", "1"}, 0, "# Postmortem of INC-1: Playback stalls"},
		{[]string{"close", "1"}, 0, "closed"},
		{[]string{"list", "--state", "closed"}, 0, "INC-1"},
		{[]string{"declare", "y", "--severity", "5"}, 0, "INC-2"},
		{[]string{"cancel", "2", "none"}, 0, "cancelled"},
		{[]string{"declare", "Logins fail"}, 0, "INC-3     unset"},
		{[]string{"declare", "Logins are slow", "--drill"}, 0, "Logins are slow [drill]"},
		{[]string{"link", "3", "1"}, 0, "INC-3"},
		{[]string{"merge", "3", "3"}, 1, "another one"},
		{[]string{"merge", "3", "1"}, 1, "it is closed"},
		{[]string{"merge", "4", "3"}, 0, "merged"},
		{[]string{"show", "3"}, 0, "Merged into this  INC-4 Logins are slow"},
		{[]string{"show", "4"}, 0, "Merged into  INC-3"},
		{[]string{"reopen", "4", "another thing"}, 0, "declared"},
		{[]string{"private", "3"}, 0, "[private]"},
		{[]string{"--token", "b", "show", "3"}, 1, "there is no such incident: INC-3"},
		{[]string{"--token", "b", "link", "1", "3"}, 1, "there is no such incident: INC-3"},
		{[]string{"merge", "4", "3"}, 1, "as private as INC-4"},
		{[]string{"invite", "3", "bob"}, 0, "INC-3"},
		{[]string{"--token", "b", "public", "3"}, 0, "Logins fail"},
		{[]string{"stats", "--to", "2026-03-03T00:00:00Z"}, 0, "all       resolve      1 of 2  15 min  15 min  15 min"},
		{[]string{"stats", "--from", "2026-04-01T00:00:00Z"}, 1, "from must be earlier than to"},
		{[]string{"severities"}, 0, "sev1  critical: Most customers cannot use the service"},
	} {
		var out, errs bytes.Buffer
		args := append([]string{"--url", url, "--token", "t", "incident"}, s.args...)
		if s.args[0] == "--token" { // somebody else
			args = append([]string{"--url", url, "--token", s.args[1], "incident"}, s.args[2:]...)
		}
		code := run(context.Background(), args, &out, &errs)
		if said := out.String() + errs.String(); code != s.code || !strings.Contains(said, s.says) {
			t.Errorf("incident %q: exit %d\n%s\nwant %d with %q", s.args, code, said, s.code, s.says)
		}
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"--url", url, "--output", "json", "incident", "show", "1"}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	var d api.IncidentDetail
	if err := json.Unmarshal(out.Bytes(), &d); err != nil || d.Ref != incidents.Ref(1) || d.State != incidents.Closed || len(d.Timeline) != 26 {
		t.Errorf("%v: %s", err, out.String())
	}
}
