package flagger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/gate/deploys/postgres"
	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/flagger"
)

// event is what Flagger documents for a hook of type event, minutes after noon; the metadata of the hook is added to its own. The documented
// payload has no checksum, which later versions add.
func event(phase, message, checksum string, minutes int, metadata string) string {
	at := dialecttest.Noon.Add(time.Duration(minutes) * time.Minute).UnixMilli()
	return fmt.Sprintf(`{"name":"podinfo","namespace":"test","phase":%q,%s"metadata":{"eventMessage":%q,"eventType":"Normal","timestamp":"%d",%s}}`,
		phase, checksum, message, at, metadata)
}

// TestCanariesBecomeDeploys posts what Flagger does over two canaries, one of which is taken back.
func TestCanariesBecomeDeploys(t *testing.T) {
	t.Parallel()
	now := dialecttest.Noon.Add(time.Hour)
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Services: func() []string { return []string{"video-api"} },
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	const checksum, token = `"checksum":"85d557f47b",`, video + `,"token":"s3cret"`
	h := dialecttest.Handler(&flagger.Handlers{Gate: broken{}, Deploys: store, Token: "s3cret"})
	for _, s := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"it waits", event("Waiting", "Halt podinfo.test advancement waiting for approval", checksum, 0, token), 200, "nothing was asked"},
		{"it starts", event("Progressing", "New revision detected! Scaling up podinfo.test", checksum, 1, token), 200, "Recorded: DEP-1 is started."},
		{"it goes on", event("Progressing", "Advance podinfo.test canary weight 10", checksum, 2, token), 200, "Recorded: DEP-1 is started."},
		{"it is promoted", event("Finalising", "Promotion completed! Scaling down podinfo.test", checksum, 10, token), 200, "Recorded: DEP-1 is finished."},
		{"and is over", hook("post-rollout", "Succeeded", token), 200, "Recorded: DEP-1 is finished."},
		{"the next starts", event("Progressing", "Starting canary analysis for podinfo.test", "", 20, token+`,"commit":"c0ffee"`), 200, "Recorded: DEP-2 is started."},
		{"and fails", event("Progressing", "Canary failed!\tScaling down podinfo.test", "", 25, token+`,"commit":"c0ffee"`), 200, "Recorded: DEP-2 is rolled_back."},
		{"and is over, too", hook("post-rollout", "Failed", token+`,"commit":"c0ffee"`), 200, "Recorded: DEP-2 is rolled_back."},
		{"of which nobody told before", hook("post-rollout", "Failed", token+`,"commit":"decade"`), 200, "Recorded: DEP-3 is rolled_back."},
		{"without a commit", event("Progressing", "Starting", "", 30, token), 422, `commit "": must not be empty`},
		{"without a token", event("Progressing", "Starting", checksum, 30, video), 200, "metadata.token must hold the token"},
		{"without a service", event("Progressing", "Starting", checksum, 30, `"token":"s3cret"`), 200, "service is missing"},
		{"of an unknown service", event("Progressing", "Starting", checksum, 30, strings.Replace(token, "video-api", "vidoe-api", 1)), 422, `did you mean "video-api"?`},
		{"before what is known", event("Progressing", "Canary failed!", checksum, 5, token), 422, "nothing happens before that"},
	} {
		if status, _, answer := dialecttest.Call(h, "POST", flagger.Path, s.body); status != s.status || !strings.Contains(answer, s.says) {
			t.Errorf("%s: %d %s, want %d with %q", s.name, status, answer, s.status, s.says)
		}
	}
	list, err := store.List(t.Context(), deploys.Filter{})
	if err != nil || len(list) != 3 {
		t.Fatalf("%v: %+v", err, list)
	}
	for _, d := range list {
		if d.Source != "flagger" || d.By != "flagger:test/podinfo" {
			t.Errorf("%+v", d)
		}
	}
	first, second := list[2], list[1] // the one that was told of last comes first
	if took := first.Finished.Sub(first.Started); took != 9*time.Minute || second.Reason != "Canary failed! Scaling down podinfo.test" {
		t.Errorf("%s\n%+v\n%+v", took, first, second)
	}
}

type forgetful struct{}

func (forgetful) Record(context.Context, deploys.Report) (deploys.Deploy, bool, error) {
	return deploys.Deploy{}, false, errors.New("dial tcp: connection refused")
}

func TestUnrecordable(t *testing.T) {
	t.Parallel()
	h := dialecttest.Handler(&flagger.Handlers{Gate: broken{}, Deploys: forgetful{}, Token: "s3cret", Logger: slog.New(slog.DiscardHandler)})
	status, _, answer := dialecttest.Call(h, "POST", flagger.Path, hook("post-rollout", "Succeeded", video+`,"token":"s3cret"`))
	if status != 503 || strings.Contains(answer, "refused") {
		t.Errorf("%d %s", status, answer)
	}
}
