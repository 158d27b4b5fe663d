package github_test

import (
	"strings"
	"testing"

	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/github"
)

func TestDeliveriesRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := f.event(t)
	elsewhere := func(url string) string { return f.event(t, f.callback(), url) }
	runs := "/repos/octo-org/video-api/actions/runs/1/deployment_protection_rule"
	for _, tc := range []struct {
		name, body string
		headers    []string // instead of those of a good delivery
		status     int
		says       string
	}{
		{"no signature", good, []string{"X-Hub-Signature-256", ""}, 401, "X-Hub-Signature-256"},
		{"signature of another body", good, []string{"X-Hub-Signature-256", sign(good + " ")}, 401, "X-Hub-Signature-256"},
		{"signature of an older kind", good, []string{"X-Hub-Signature-256", strings.Replace(sign(good), "sha256", "sha1", 1)}, 401, ""},
		{"signature that is no number", good, []string{"X-Hub-Signature-256", "sha256=zz"}, 401, ""},
		{"signature cut short", good, []string{"X-Hub-Signature-256", sign(good)[:20]}, 401, ""},
		{"unsigned nonsense is not read", "{", []string{"X-Hub-Signature-256", "sha256=00"}, 401, ""},
		{"malformed", "{", nil, 422, "must be a deployment_protection_rule event in JSON"},
		{"as a form", "payload=%7B%7D", nil, 422, "application/json"},
		{"empty", `{"action":"requested"}`, nil, 422, "the event lacks deployment.sha, deployment_callback_url, environment, installation.id, repository.full_name"},
		{"no installation", f.event(t, `"id": 42`, `"id": 0`), nil, 422, "installation.id"},
		{"no delivery", good, []string{"X-GitHub-Delivery", ""}, 422, "X-GitHub-Delivery"},
		{"unknown repository", f.event(t, "octo-org/video-api", "octo-org/other"), nil, 422, `no target covers repository \"octo-org/other\"`},
		{"callback on another host", elsewhere("https://evil.example.com" + runs), nil, 422, "not of a run of the repository"},
		{"callback with a user", elsewhere(strings.Replace(f.URL, "://", "://me@", 1) + runs), nil, 422, "not of a run"},
		{"callback of another repository", elsewhere(f.URL + strings.Replace(runs, "video-api", "other", 1)), nil, 422, "not of a run"},
		{"callback to something else", elsewhere(f.URL + "/repos/octo-org/video-api/actions/runs/1/cancel"), nil, 422, "not of a run"},
		{"callback with an escape", elsewhere(f.URL + strings.Replace(runs, "octo-org", "octo-org%2fx/..", 1)), nil, 422, "not of a run"},
		{"callback with a query", elsewhere(f.URL + runs + "?x"), nil, 422, "not of a run"},
		{"callback that is none", elsewhere("::"), nil, 422, "not of a run"},
		{"too long", `"` + strings.Repeat("a", 4<<20) + `"`, nil, 413, ""},
		{"ping", `{"zen":"Keep it logically awesome."}`, []string{"X-GitHub-Event", "ping"}, 202, "ignored"},
		{"another event", `{}`, []string{"X-GitHub-Event", "push"}, 202, "ignored"},
		{"another action", `{"action":"completed"}`, nil, 202, "ignored"},
	} {
		headers := append([]string{"X-GitHub-Event", "deployment_protection_rule", "X-GitHub-Delivery", tc.name, "X-Hub-Signature-256", sign(tc.body)}, tc.headers...)
		status, _, answer := dialecttest.Call(f.handler, "POST", github.Path, tc.body, headers...)
		if status != tc.status || !strings.Contains(answer, tc.says) {
			t.Errorf("%s: %d %s", tc.name, status, answer)
		}
	}
	var jobs int
	if err := f.gate.Pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job`).Scan(&jobs); err != nil || jobs != 0 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
}

// TestUntaken answers so that the delivery counts as failed, when it cannot be made durable.
func TestUntaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.gate.Pool.Exec(t.Context(), `ALTER TABLE river_job RENAME TO river_job_gone`); err != nil {
		t.Fatal(err)
	}
	defer func() { // the client that runs looks for it
		if _, err := f.gate.Pool.Exec(t.Context(), `ALTER TABLE river_job_gone RENAME TO river_job`); err != nil {
			t.Error(err)
		}
	}()
	body := f.event(t)
	status, _, answer := dialecttest.Call(f.handler, "POST", github.Path, body, "X-GitHub-Event", "deployment_protection_rule",
		"X-GitHub-Delivery", "1", "X-Hub-Signature-256", sign(body))
	if status != 503 || !strings.Contains(answer, "redeliver") {
		t.Errorf("%d %s", status, answer)
	}
}
