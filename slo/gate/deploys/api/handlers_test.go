package api_test

import (
	"strings"
	"testing"
	"time"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/gate/deploys/api"
	"plimsoll/slo/gate/deploys/postgres"
	"plimsoll/slo/gate/dialect/dialecttest"
)

// TestDeploysOverHTTP tells of deploys as a pipeline does and reads what it is answered.
func TestDeploysOverHTTP(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Services: func() []string { return []string{"video-api"} }, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	h := dialecttest.Handler(&api.Handlers{Store: store, Now: now})
	const of = `"service":"video-api","environment":"production","commit":"c0ffee"`
	for _, s := range []struct {
		token, method, path, body string
		status                    int
		says                      string
	}{
		{"", "POST", "/v1/deploys", `{"event":"start",` + of + `}`, 401, "this needs a token"},
		{"t", "POST", "/v1/deploys", `{"event":"start",` + of + `,"at":"2026-11-24T11:00:00Z","committed":"2026-11-24T09:00:00Z","source":"gitlab"}`, 200, `"changed":true,"deploy":{"ref":"DEP-1",`},
		{"t", "POST", "/v1/deploys", `{"event":"start",` + of + `}`, 200, `"changed":false,"deploy":{"ref":"DEP-1",`},
		{"t", "POST", "/v1/deploys", `{"event":"finish","deploy":"DEP-1","at":"2026-11-24T11:10:00Z"}`, 200, `"state":"finished","by":"ada"`},
		{"t", "POST", "/v1/deploys", `{"event":"rollback","deploy":"1","at":"2026-11-24T11:20:00Z","reason":"errors"}`, 200, `"state":"rolled_back"`},
		{"t", "POST", "/v1/deploys", `{"event":"fail","deploy":"DEP-1"}`, 409, "DEP-1 is rolled_back, so it is not possible to fail it: start another deploy"},
		{"t", "POST", "/v1/deploys", `{"event":"fail","deploy":"DEP-9"}`, 404, "there is no such deploy: DEP-9"},
		{"t", "POST", "/v1/deploys", `{"event":"fail","deploy":"INC-9"}`, 422, "body.deploy"},
		{"t", "POST", "/v1/deploys", `{"event":"fail",` + strings.Replace(of, "video-api", "vidoe-api", 1) + `}`, 422, `did you mean \"video-api\"?`},
		{"t", "POST", "/v1/deploys", `{"event":"stop",` + of + `}`, 422, "body.event"},
		{"search", "POST", "/v1/deploys", `{"event":"start",` + of + `}`, 403, "search-ci may tell of deploys of search"},
		{"search", "POST", "/v1/deploys", `{"event":"fail","deploy":"DEP-1"}`, 403, "search-ci may tell of deploys of search"},
		{"", "GET", "/v1/deploys?state=rolled_back&limit=1", "", 200, `{"deploys":[{"ref":"DEP-1"`},
		{"", "GET", "/v1/deploys?service=search", "", 200, `{"deploys":[]}`},
		{"", "GET", "/v1/deploys/DEP-1", "", 200, `"events":[{"kind":"start","at":"2026-11-24T11:00:00Z","by":"ada","source":"gitlab"}`},
		{"", "GET", "/v1/deploys/DEP-2", "", 404, "there is no such deploy: DEP-2"},
		{"", "GET", "/v1/deploys/x", "", 422, "such as DEP-7"},
		{"", "GET", "/v1/dora", "", 200, `"deployments":1,"perDay":0.0333`},
		{"", "GET", "/v1/dora", "", 200, `"leadTime":{"count":1,"medianSeconds":7800,"p90Seconds":7800},"ended":1,"failures":1,"changeFailureRate":1`},
		{"", "GET", "/v1/dora?to=2026-11-24T11:00:00Z&from=2026-11-23T11:00:00Z", "", 200, `"measures":[]`},
		{"", "GET", "/v1/dora?from=2026-11-25T11:00:00Z", "", 422, "from must be before to"},
	} {
		var headers []string
		if s.token != "" {
			headers = []string{"Authorization", "Bearer " + s.token}
		}
		status, _, answer := dialecttest.Call(h, s.method, s.path, s.body, headers...)
		if status != s.status || !strings.Contains(answer, s.says) {
			t.Errorf("%s %s %s: %d %s\nwant %d with %s", s.method, s.path, s.body, status, answer, s.status, s.says)
		}
	}
}
