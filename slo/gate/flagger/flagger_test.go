package flagger_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/flagger"
)

// hook is a webhook as Flagger 1.40 posts it; older versions leave out what follows the checksum.
func hook(kind, phase, metadata string) string {
	return `{"name":"podinfo","namespace":"test","phase":"` + phase + `","checksum":"85d557f47b","buildId":"7","type":"` + kind + `",
		"failedChecks":0,"canaryWeight":10,"iterations":0,"remainingTime":300000000000,
		"metadata":{"timestamp":"1764072000000","phase":"Progressing","failedChecks":"0","canaryWeight":"10",` + metadata + `}}`
}

const (
	video  = `"service":"video-api","environment":"production"`
	search = `"service":"search","environment":"production"`
)

func TestWebhook(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	h := dialecttest.Handler(&flagger.Handlers{Gate: g})
	for _, tc := range []struct {
		name, body string
		status     int
		says       string
		asked      bool
	}{
		{"allow", hook("confirm-rollout", "Waiting", video), 200, "ALLOW feature 85d557f47b of video-api to production", true},
		{"promotion", hook("confirm-promotion", "WaitingPromotion", video+`,"commit":"c0ffee","version":"1.4"`), 200, "ALLOW feature c0ffee", true},
		{"older Flagger", `{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"85d557f47b","metadata":{` + video + `}}`, 200, "ALLOW", true},
		{"deny", hook("confirm-rollout", "Waiting", search), 403, "DENY feature 85d557f47b of search to production: an error budget is spent.\n", true},
		{"deny before the rollout", hook("pre-rollout", "Progressing", search), 403, "DENY", true},
		{"deny more traffic", hook("confirm-traffic-increase", "Progressing", search), 403, "DENY", true},
		{"hold", hook("confirm-rollout", "Waiting", strings.Replace(video, "video-api", "vidoe-api", 1)), 403, `did you mean "video-api"?`, true},
		{"a rollback goes out", hook("confirm-rollout", "Waiting", search+`,"class":"rollback"`), 200, "a rollback always goes out", true},
		{"references", hook("confirm-rollout", "Waiting", search+`,"class":"reliability","refs":"INC-7, INC-8"`), 403, "DENY reliability", true},
		{"shadow", hook("confirm-rollout", "Waiting", `"service":"search","environment":"shadow"`), 200, "ALLOW (shadow; enforced: DENY)", true},
		{"the next one after a failure", hook("confirm-rollout", "Failed", search), 403, "DENY", true},
		{"told of a failure", hook("post-rollout", "Failed", search), 200, "nothing was asked", false},
		{"a canary that is rolled back", hook("", "Failed", search), 200, "nothing was asked", false},
		{"an event", hook("event", "Progressing", search), 200, "nothing was asked", false},
		{"never asks for a rollback", hook("rollback", "Progressing", video), 403, "never asks for a rollback", false},
		{"no service", hook("confirm-rollout", "Waiting", `"servise":"video-api","environment":"production"`), 422, `service is missing, found "servise"`, false},
		{"no environment", hook("confirm-rollout", "Waiting", `"service":"video-api"`), 422, "Canary podinfo.test: the webhook's metadata must name service and environment: environment is missing", false},
		{"bad class", hook("confirm-rollout", "Waiting", video+`,"class":"feture"`), 422, `metadata.class "feture": must be one of`, false},
		{"malformed", `{"name":`, 422, "the JSON that Flagger posts", false},
		{"not of Flagger", `{"hello":"world"}`, 422, "name and namespace of the canary are missing", false},
		{"too long", `"` + strings.Repeat("a", 257<<10) + `"`, 413, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := len(g.Decisions(t))
			status, contentType, answer := dialecttest.Call(h, "POST", flagger.Path, tc.body)
			if status != tc.status || !strings.Contains(answer, tc.says) || status != 413 && contentType != "text/plain; charset=utf-8" {
				t.Errorf("%d %s %s, want %d with %q", status, contentType, answer, tc.status, tc.says)
			}
			if tc.asked && strings.Count(answer, "\n") != 3 {
				t.Errorf("not three lines:\n%s", answer)
			}
			if asked := len(g.Decisions(t)) > before; asked != tc.asked {
				t.Errorf("asked: %t", asked)
			}
		})
	}
	for _, d := range g.Decisions(t) {
		if !d.Change.Progressive || d.Change.Class == gate.Reliability && len(d.Change.Refs) != 2 {
			t.Errorf("%+v", d.Change)
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	h := dialecttest.Handler(&flagger.Handlers{Gate: g, RequireIdentity: true, Token: "s3cret"})
	for _, tc := range []struct {
		name, metadata, header string
		status                 int
		by                     string
	}{
		{"nobody", video, "", 401, ""},
		{"wrong token", video + `,"token":"guess"`, "", 401, ""},
		{"empty token", video + `,"token":""`, "", 401, ""},
		{"token", video + `,"token":"s3cret"`, "", 200, "flagger:test/podinfo"},
		{"header", video, "Bearer t", 200, "ada"},
		{"expired header", video, "Bearer old", 401, ""},
		{"header of a job of another service", video, "Bearer search", 403, ""},
	} {
		var headers []string
		if tc.header != "" {
			headers = []string{"Authorization", tc.header}
		}
		status, _, answer := dialecttest.Call(h, "POST", flagger.Path, hook("confirm-rollout", "Waiting", tc.metadata), headers...)
		if status != tc.status || strings.Contains(answer, "s3cret") {
			t.Errorf("%s: %d %s", tc.name, status, answer)
		}
		if tc.by != "" {
			if ds := g.Decisions(t); len(ds) == 0 || ds[0].By != tc.by {
				t.Errorf("%s: %+v", tc.name, ds)
			}
		}
	}
}

type broken struct{}

func (broken) Check(context.Context, string, gate.Change) (gate.Decision, error) {
	return gate.Decision{}, errors.New("dial tcp: connection refused")
}

func TestUndecidable(t *testing.T) {
	t.Parallel()
	h := dialecttest.Handler(&flagger.Handlers{Gate: broken{}, Logger: slog.New(slog.DiscardHandler)})
	status, _, answer := dialecttest.Call(h, "POST", flagger.Path, hook("confirm-rollout", "Waiting", video))
	if status != 403 || !strings.HasPrefix(answer, "HOLD feature 85d557f47b of video-api to production: the gate cannot decide now") || strings.Contains(answer, "refused") {
		t.Errorf("%d %s", status, answer)
	}
}

// TestSnippet posts what Flagger would for each webhook of the shipped canary.
func TestSnippet(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../deploy/flagger/canary.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var canary struct {
		Metadata struct{ Name, Namespace string }
		Spec     struct {
			Analysis struct {
				Webhooks []struct {
					Type, URL string
					Metadata  map[string]string
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &canary); err != nil {
		t.Fatal(err)
	}
	g := dialecttest.New(t)
	h := dialecttest.Handler(&flagger.Handlers{Gate: g})
	phases := map[string]string{"confirm-rollout": "Waiting", "confirm-promotion": "WaitingPromotion"}
	ask := func(want int) {
		t.Helper()
		for _, w := range canary.Spec.Analysis.Webhooks[:2] {
			body, err := json.Marshal(map[string]any{"name": canary.Metadata.Name, "namespace": canary.Metadata.Namespace, "phase": phases[w.Type],
				"type": w.Type, "checksum": "85d557f47b", "metadata": w.Metadata})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(w.URL, flagger.Path) || phases[w.Type] == "" {
				t.Errorf("%+v", w)
			}
			if status, _, answer := dialecttest.Call(h, "POST", w.URL, string(body)); status != want {
				t.Errorf("%s: %d %s", w.Type, status, answer)
			}
		}
	}
	if hooks := canary.Spec.Analysis.Webhooks; len(hooks) != 3 || hooks[2].Type != "event" || !strings.HasSuffix(hooks[2].URL, flagger.Path) || hooks[2].Metadata["service"] == "" {
		t.Fatalf("%+v", canary)
	}
	ask(200)
	g.Freeze(t)
	ask(403)
	g.Thaw(t)
	ask(200)
}
