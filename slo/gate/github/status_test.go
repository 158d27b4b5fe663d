package github_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/gate/deploys/postgres"
	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/github"
)

// noJobs is for a webhook that queues nothing.
type noJobs struct{}

func (noJobs) Insert(context.Context, river.JobArgs, *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	return nil, errors.New("nothing is queued here")
}

// statuses is a webhook that records deploys, an hour after noon.
func statuses(t *testing.T) (*postgres.Store, http.Handler) {
	t.Helper()
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Services: func() []string { return []string{"search", "video-api"} },
		Now: func() time.Time { return dialecttest.Noon.Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	client, err := github.NewClient(github.ClientConfig{AppID: appID, PrivateKey: keyPEM()})
	if err != nil {
		t.Fatal(err)
	}
	hook, err := github.NewWebhook(github.WebhookConfig{Secret: secret, Targets: targets(t), Client: client, Jobs: noJobs{}, Deploys: store})
	if err != nil {
		t.Fatal(err)
	}
	return store, dialecttest.Handler(hook)
}

// TestDeploymentStatuses delivers what GitHub documents of one deployment, in order and out of it.
func TestDeploymentStatuses(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/status.json")
	if err != nil {
		t.Fatal(err)
	}
	status := func(state, at string, changes ...string) string {
		pairs := append([]string{`"state": "success"`, `"state": "` + state + `"`, "2026-11-24T12:10:00Z", "2026-11-24T" + at + "Z"}, changes...)
		return strings.NewReplacer(pairs...).Replace(string(text))
	}
	another := []string{"987654321", "987654322"}
	store, h := statuses(t)
	for _, s := range []struct {
		name, body string
		headers    []string
		status     int
		says       string
	}{
		{"unsigned", status("success", "12:10:00"), []string{"X-Hub-Signature-256", "sha256=00"}, 401, "X-Hub-Signature-256"},
		{"queued", status("queued", "12:00:00"), nil, 202, "ignored"},
		{"waiting for its rules", status("waiting", "12:00:30"), nil, 202, "ignored"},
		{"goes out", status("in_progress", "12:01:00"), nil, 202, "recorded"},
		{"goes out, delivered twice", status("in_progress", "12:01:00"), nil, 202, "repeated"},
		{"has gone out", status("success", "12:10:00"), nil, 202, "recorded"},
		{"goes out, delivered late", status("in_progress", "12:01:00"), nil, 202, "repeated"},
		{"was replaced", status("inactive", "12:30:00"), nil, 202, "ignored"},
		{"another fails", status("failure", "12:20:00", append(another, "Deployment finished successfully.", `The job\nfailed.`)...), nil, 202, "recorded"},
		{"and is tried again", status("success", "12:25:00", another...), nil, 202, "recorded"},
		{"an environment without a target", status("success", "12:10:00", `"environment": "production"`, `"environment": "preview"`), nil, 202, "ignored"},
		{"a repository without a target", status("success", "12:10:00", "octo-org/video-api", "octo-org/other"), nil, 202, "ignored"},
		{"another action", status("success", "12:10:00", `"action": "created"`, `"action": "edited"`), nil, 202, "ignored"},
		{"malformed", "{", nil, 422, "must be a deployment_status event in JSON"},
		{"without a commit", status("in_progress", "12:40:00", "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", "", "987654321", "987654323"), nil, 422, "commit"},
		{"a day ahead", status("in_progress", "23:00:00", "987654321", "987654324"), nil, 422, "not in the future"},
	} {
		headers := append([]string{"X-GitHub-Event", "deployment_status", "X-GitHub-Delivery", s.name, "X-Hub-Signature-256", sign(s.body)}, s.headers...)
		if status, _, answer := dialecttest.Call(h, "POST", github.Path, s.body, headers...); status != s.status || !strings.Contains(answer, s.says) {
			t.Errorf("%s: %d %s, want %d with %q", s.name, status, answer, s.status, s.says)
		}
	}
	got, err := store.List(t.Context(), deploys.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(minutes int) time.Time { return dialecttest.Noon.Add(time.Duration(minutes) * time.Minute) }
	const commit = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"
	want := []deploys.Deploy{
		{Ref: 2, Key: "github:octo-org/video-api:987654322", Service: "video-api", Environment: "production", Commit: commit, Author: "hubot", Class: gate.Feature, Source: "github",
			State: deploys.Finished, By: "github:octocat", Reason: "The job failed.", Started: at(20), Failed: at(20), Finished: at(25)},
		{Ref: 1, Key: "github:octo-org/video-api:987654321", Service: "video-api", Environment: "production", Commit: commit, Author: "hubot", Class: gate.Feature, Source: "github",
			State: deploys.Finished, By: "github:octocat", Started: at(1), Finished: at(10)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
