package alertmanager_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/alertmanager"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
)

// webhook writes a body as Alertmanager documents it; each alert is "name severity status minute".
func webhook(group string, alerts ...string) string {
	var list []string
	status := "resolved"
	for _, a := range alerts {
		f := strings.Fields(a)
		if f[2] == "firing" {
			status = "firing"
		}
		list = append(list, fmt.Sprintf(`{"status":%q,"labels":{"alertname":%q,"severity":%q,"service":"video-api"},
			"annotations":{"summary":"%s is bad"},"startsAt":"2026-11-24T10:%s:00Z","endsAt":"0001-01-01T00:00:00Z",
			"generatorURL":"http://prometheus.example/graph","fingerprint":"f1"}`, f[2], f[0], f[1], f[0], f[3]))
	}
	return fmt.Sprintf(`{"version":"4","groupKey":%q,"truncatedAlerts":0,"status":%q,"receiver":"plimsoll","groupLabels":{},
		"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am.example","alerts":[%s]}`, group, status, strings.Join(list, ","))
}

type fixture struct {
	store *incidentspg.Store
	api   *httpapi.API
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := incidentspg.New(incidentspg.Config{Pool: pgtest.New(t, incidentspg.Migrations)})
	if err != nil {
		t.Fatal(err)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"t0ken": {Subject: "alertmanager"}})
	api := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate})
	(&alertmanager.Handlers{Store: store}).Register(api.Huma)
	return &fixture{store, api}
}

func (f *fixture) post(t *testing.T, body, token string) (int, string) {
	t.Helper()
	r := httptest.NewRequest("POST", "/v1/alertmanager/webhook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	f.api.Mux.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// take posts a webhook and returns what became of it.
func (f *fixture) take(t *testing.T, body string) alertmanager.Outcome {
	t.Helper()
	code, answer := f.post(t, body, "t0ken")
	var out alertmanager.Outcome
	if err := json.Unmarshal([]byte(answer), &out); err != nil || code != 200 {
		t.Fatalf("status %d: %s", code, answer)
	}
	return out
}

// A group is one incident from the first alert to the last, and another one if it comes back after that was resolved.
func TestGroupIsAnIncident(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := webhook("g", "Down critical firing 01")
	for _, step := range []struct {
		body string
		want alertmanager.Outcome
	}{
		{first, alertmanager.Outcome{Incident: "INC-1", Did: "declared"}},
		{first, alertmanager.Outcome{Incident: "INC-1", Did: "noted"}}, // sent again
		{webhook("g", "Down critical resolved 01", "Slow warning firing 02"), alertmanager.Outcome{Incident: "INC-1", Did: "noted"}},
		{webhook("other", "Full warning firing 03"), alertmanager.Outcome{Incident: "INC-2", Did: "declared"}},
		{webhook("g", "Slow warning resolved 02"), alertmanager.Outcome{Incident: "INC-1", Did: "noted"}},
	} {
		if diff := cmp.Diff(step.want, f.take(t, step.body)); diff != "" {
			t.Fatal(diff)
		}
	}
	inc, err := f.store.Get(t.Context(), incidents.Viewer{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if inc.Title != "Down is bad" || inc.Severity != 2 || inc.Source != incidents.SourceAlert || inc.Services[0] != "video-api" {
		t.Errorf("declared %+v", inc)
	}
	ada := incidents.Caller{Subject: "ada"}
	if _, _, err := f.store.Do(t.Context(), 1, incidents.Merge{Into: 2}, ada); err != nil {
		t.Fatal(err)
	}
	if got := f.take(t, webhook("g", "Slow warning firing 05")); got != (alertmanager.Outcome{Incident: "INC-2", Did: "noted"}) {
		t.Errorf("after it was merged: %+v", got)
	}
	for _, cmd := range []incidents.Command{incidents.Assign{Role: incidents.Commander}, incidents.SetPrivate{Private: true}} {
		if _, _, err := f.store.Do(t.Context(), 2, cmd, incidents.Caller{Subject: "bob"}); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.take(t, webhook("g", "Slow warning firing 05", "Down critical firing 06")); got != (alertmanager.Outcome{Incident: "INC-2", Did: "noted"}) {
		t.Errorf("which declared it itself and is a member: %+v", got)
	}
	if _, _, err := f.store.Do(t.Context(), 2, incidents.Resolve{}, ada); err == nil {
		t.Error("ada is no member")
	}
	if _, _, err := f.store.Do(t.Context(), 2, incidents.Resolve{}, incidents.Caller{Subject: "plimsoll", System: true}); err != nil {
		t.Fatal(err)
	}
	if got := f.take(t, webhook("g", "Down critical firing 30")); got.Did != "declared" || got.Incident == "INC-1" {
		t.Errorf("after the end: %+v", got)
	}
}

// Alertmanager sends again what it got no answer to; the timeline has it once.
func TestRepeatedDelivery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 3 {
		f.take(t, webhook("g", "Down critical firing 01"))
	}
	for range 3 {
		f.take(t, webhook("g", "Down critical resolved 01"))
	}
	timeline, err := f.store.Timeline(t.Context(), incidents.Viewer{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]int{}
	for _, e := range timeline {
		for _, status := range []string{"firing", "resolved"} {
			if strings.Contains(e.Text, "Down "+status+" since 2026-11-24 10:01:00 UTC") {
				notes[status]++
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"firing": 1, "resolved": 1}, notes); diff != "" {
		t.Errorf("%s in %+v", diff, timeline)
	}
}

func TestNotWorthAnIncident(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, body := range []string{webhook("g", "Watchdog none firing 01"), webhook("g", "Down critical resolved 01")} {
		if got := f.take(t, body); got.Did != "nothing" {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := webhook("g", "Down critical firing 01")
	for _, tc := range []struct {
		name, body, token string
		status            int
		want              string
	}{
		{"a stranger", good, "guess", 401, "token"},
		{"not JSON", "alert!", "t0ken", 422, "not JSON"},
		{"another version", strings.Replace(good, `"version":"4"`, `"version":"3"`, 1), "t0ken", 422, `version is \"3\"`},
		{"no group", strings.Replace(good, `"groupKey":"g"`, `"groupKey":""`, 1), "t0ken", 422, "groupKey is missing"},
		{"no alerts", webhook("g"), "t0ken", 422, "alerts is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if code, answer := f.post(t, tc.body, tc.token); code != tc.status || !strings.Contains(answer, tc.want) {
				t.Errorf("status %d: %s", code, answer)
			}
		})
	}
}

// People ended the incident although an alert still fired: that alert makes no second one, and the next one does.
func TestWhatWasKnownAtTheEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.take(t, webhook("g", "Down critical firing 01"))
	f.take(t, webhook("g", "Down critical firing 01", "Slow warning firing 02"))
	if _, _, err := f.store.Do(t.Context(), 1, incidents.Resolve{How: "the rest is known"}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name, body string
		want       alertmanager.Outcome
	}{
		{"both go on", webhook("g", "Down critical firing 01", "Slow warning firing 02", "Watchdog none firing 02"), alertmanager.Outcome{Incident: "INC-1", Did: "noted"}},
		{"one goes on", webhook("g", "Slow warning firing 02"), alertmanager.Outcome{Incident: "INC-1", Did: "noted"}},
		{"all over", webhook("g", "Down critical resolved 01", "Slow warning resolved 02"), alertmanager.Outcome{Did: "nothing"}},
		{"another beside it", webhook("g", "Down critical firing 01", "low critical firing 02"), alertmanager.Outcome{Incident: "INC-2", Did: "declared"}},
	} {
		if diff := cmp.Diff(step.want, f.take(t, step.body)); diff != "" {
			t.Fatalf("%s: %s", step.name, diff)
		}
	}
	inc, err := f.store.Get(t.Context(), incidents.Viewer{}, 2)
	if err != nil || inc.Title != "low is bad" {
		t.Errorf("declared %+v (%v)", inc, err)
	}
}

// What an alert says of itself never keeps anybody from hearing of it: its sender does not try again.
func TestOddAlert(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	body := webhook("g", "Down critical firing 01")
	body = strings.NewReplacer("2026-11-24", "2099-01-01", `"service":"video-api"`, `"service":"video api/eu"`).Replace(body)
	if got := f.take(t, body); got.Did != "declared" {
		t.Fatalf("got %+v", got)
	}
	inc, err := f.store.Get(t.Context(), incidents.Viewer{}, 1)
	if err != nil || len(inc.Services) != 0 || inc.Times.Started.After(inc.Times.Declared) {
		t.Errorf("declared %+v (%v)", inc, err)
	}
}
