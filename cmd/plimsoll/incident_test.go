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
	tokens := identity.NewTokens(map[string]identity.Principal{"t": {Subject: "ada"}})
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
		{[]string{"declare", "x", "--severity", "7"}, 1, "body.severity"},
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
		{[]string{"resolve", "1"}, 0, "resolved"},
		{[]string{"show", "1"}, 0, "Time to resolve      15 min"},
		{[]string{"show", "1"}, 0, "incident commander is ada"},
		{[]string{"postmortem", "1"}, 0, "# Postmortem of INC-1: Playback stalls"},
		{[]string{"close", "1"}, 0, "closed"},
		{[]string{"list", "--state", "closed"}, 0, "INC-1"},
		{[]string{"declare", "y", "--severity", "5"}, 0, "INC-2"},
		{[]string{"cancel", "2", "none"}, 0, "cancelled"},
	} {
		var out, errs bytes.Buffer
		code := run(context.Background(), append([]string{"--url", url, "--token", "t", "incident"}, s.args...), &out, &errs)
		if said := out.String() + errs.String(); code != s.code || !strings.Contains(said, s.says) {
			t.Errorf("incident %q: exit %d\n%s\nwant %d with %q", s.args, code, said, s.code, s.says)
		}
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"--url", url, "--output", "json", "incident", "show", "1"}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	var d api.IncidentDetail
	if err := json.Unmarshal(out.Bytes(), &d); err != nil || d.Ref != incidents.Ref(1) || d.State != incidents.Closed || len(d.Timeline) != 13 {
		t.Errorf("%v: %s", err, out.String())
	}
}
