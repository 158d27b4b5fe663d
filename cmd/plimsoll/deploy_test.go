package main

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/gate/deploys/api"
	"plimsoll/slo/gate/deploys/postgres"
)

// deployServer serves the deploys of a database of its own and returns its address.
func deployServer(t *testing.T) string {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Services: func() []string { return []string{"video-api"} }, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"t": {Subject: "ada"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate})
	(&api.Handlers{Store: store, Now: now}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestDeployCommands types every command of a deploy and reads what is printed.
func TestDeployCommands(t *testing.T) {
	t.Parallel()
	url := deployServer(t)
	of := func(command, at string, more ...string) []string {
		return append([]string{command, "--service", "video-api", "--env", "production", "--sha", "c0ffee", "--at", "2026-11-24T" + at + "Z"}, more...)
	}
	for _, s := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"list"}, 0, "No deploys."},
		{[]string{"dora"}, 0, "Nothing was deployed."},
		{of("start", "11:00:00", "--version", "v7", "--committed", "2026-11-24T09:30:00Z"), 0, "DEP-1 started: v7 of video-api to production\nNo decision of the gate let c0ffee out there.\n"},
		{of("start", "11:00:00"), 0, "DEP-1 started: v7 of video-api to production (known already)"},
		{[]string{"list", "--state", "started"}, 0, "DEP-1   started  video-api  production   c0ffee  v7       feature  2026-11-24 11:00 UTC  –         ada"},
		{of("finish", "11:10:00"), 0, "DEP-1 finished"},
		{[]string{"fail", "DEP-1", "--at", "2026-11-24T11:20:00Z", "-r", "errors"}, 0, "DEP-1 failed"},
		{[]string{"rollback", "1", "--at", "2026-11-24T11:25:00Z"}, 0, "DEP-1 rolled_back"},
		{[]string{"finish", "1"}, 1, "DEP-1 is rolled_back, so it is not possible to finish it: start another deploy"},
		{[]string{"finish", "--key", "run-1", "--service", "video-api", "--env", "production", "--sha", "decade", "--at", "2026-11-24T11:30:00Z"}, 0, "DEP-2 finished"},
		{[]string{"finish", "--key", "run-1"}, 0, "DEP-2 finished: decade of video-api to production (known already)"},
		{[]string{"start"}, 1, "say which deploy: a reference such as DEP-7"},
		{[]string{"fail", "DEP-9"}, 1, "there is no such deploy: DEP-9"},
		{[]string{"start", "--service", "vidoe-api", "--env", "production", "--sha", "c"}, 1, `did you mean "video-api"?`},
		{[]string{"list", "--state", "done"}, 1, "--state"},
		{[]string{"show", "DEP-1"}, 0, "2026-11-24 11:20:00 UTC  fail      by ada over cli  errors"},
		{[]string{"dora"}, 0, "video-api  production   2            0.07   1 h 40 min (1)  50.0 % (1 of 2)  5 min (1)      0"},
		{[]string{"dora", "--service", "search"}, 0, "Nothing was deployed."},
	} {
		code, out, errs := plimsoll(append([]string{"--url", url, "--token", "t", "deploy"}, s.args...)...)
		if said := out + errs; code != s.code || !strings.Contains(said, s.says) {
			t.Errorf("deploy %q: exit %d\n%s\nwant %d with %q", s.args, code, said, s.code, s.says)
		}
	}
	code, out, errs := plimsoll("--url", url, "--output", "json", "deploy", "show", "DEP-1")
	var d api.Detail
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != 0 || len(d.Events) != 4 || d.Reason != "errors" {
		t.Errorf("exit %d, %v: %s%s", code, err, out, errs)
	}
	if code, _, errs := plimsoll("--url", url, "--token", "", "deploy", "finish", "DEP-1"); code != 1 || !strings.Contains(errs, "token") {
		t.Errorf("without a token: exit %d: %s", code, errs)
	}
}
