package github_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/github"
)

const secret = "It's a Secret to Everybody"

// deadline of what must happen soon.
const deadline = 30 * time.Second

// fixture is Plimsoll's side: webhook, jobs and gate.
type fixture struct {
	*fake
	gate    *dialecttest.Gate
	handler http.Handler
	jobs    *river.Client[pgx.Tx]
	events  <-chan *river.Event
}

// atOnce retries without waiting.
type atOnce struct{}

func (atOnce) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }

func targets(t *testing.T) func() *github.Targets {
	t.Helper()
	ts, err := github.NewTargets([]github.Target{
		{Repository: "octo-org/video-api", Environment: "production", Service: "video-api", Classes: []github.RefClass{{Ref: "rollback/*", Class: gate.Rollback}}},
		{Repository: "octo-org/video-api", Environment: "search", Service: "search", As: "production", Classes: []github.RefClass{{Ref: "rollback/*", Class: gate.Rollback}}},
		{Repository: "octo-org/video-api", Environment: "patient", Service: "video-api", As: "production", OnDeny: github.Wait},
		{Repository: "octo-org/video-api", Environment: "stranger", Service: "vidoe-api", As: "production"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() *github.Targets { return ts }
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{fake: newFake(t), gate: dialecttest.New(t)}
	client, err := github.NewClient(github.ClientConfig{URL: f.URL, AppID: appID, PrivateKey: keyPEM(), HTTP: &http.Client{Timeout: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	driver := riverpgxv5.New(f.gate.Pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	quiet := slog.New(slog.DiscardHandler)
	if err := github.AddWorkers(workers, github.WorkerConfig{Gate: f.gate, Client: client, Targets: targets(t), Every: 20 * time.Millisecond, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	f.jobs, err = river.NewClient(driver, &river.Config{Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}, Workers: workers,
		RetryPolicy: atOnce{}, TestOnly: true, Logger: quiet, FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var unsubscribe func()
	f.events, unsubscribe = f.jobs.Subscribe(river.EventKindJobCompleted, river.EventKindJobCancelled, river.EventKindJobFailed)
	t.Cleanup(unsubscribe)
	if err := f.jobs.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := f.jobs.StopAndCancel(ctx); err != nil {
			t.Error(err)
		}
	})
	hook, err := github.NewWebhook(github.WebhookConfig{Secret: secret, Targets: targets(t), Client: client, Jobs: f.jobs})
	if err != nil {
		t.Fatal(err)
	}
	f.handler = dialecttest.Handler(hook)
	return f
}

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// event is a deployment_protection_rule event with some members changed.
func (f *fixture) event(t *testing.T, changes ...string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/requested.json")
	if err != nil {
		t.Fatal(err)
	}
	body := strings.ReplaceAll(string(text), "https://api.github.com", f.URL)
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(body, changes[i]) {
			t.Fatalf("the event does not hold %q", changes[i])
		}
		body = strings.ReplaceAll(body, changes[i], changes[i+1])
	}
	return body
}

func (f *fixture) deliver(t *testing.T, delivery, body string) (status int, did string) {
	t.Helper()
	status, _, answer := dialecttest.Call(f.handler, "POST", github.Path, body, "X-GitHub-Event", "deployment_protection_rule",
		"X-GitHub-Delivery", delivery, "X-Hub-Signature-256", sign(body))
	var taken github.Taken
	if err := json.Unmarshal([]byte(answer), &taken); err != nil {
		t.Fatal(err)
	}
	return status, taken.Did
}

// queued delivers what must be taken.
func (f *fixture) queued(t *testing.T, body string) {
	t.Helper()
	if status, did := f.deliver(t, t.Name(), body); status != 202 || did != "queued" {
		t.Fatalf("%d %s", status, did)
	}
}

func (f *fixture) next(t *testing.T) posted {
	t.Helper()
	select {
	case p := <-f.reviews:
		return p
	case <-time.After(deadline):
		t.Fatal("GitHub was told nothing")
		return posted{}
	}
}

// ended waits until a job has ended, and returns how.
func (f *fixture) ended(t *testing.T) river.EventKind {
	t.Helper()
	for {
		select {
		case e := <-f.events:
			if e.Kind != river.EventKindJobFailed {
				return e.Kind
			}
		case <-time.After(deadline):
			t.Fatal("the job did not end")
		}
	}
}

func environment(name string) []string {
	return []string{`"environment": "production"`, `"environment": "` + name + `"`}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, tc := range []struct {
		name    string
		changes []string
		state   string
		says    string
	}{
		{"allow", nil, "approved", "ALLOW feature 0d1a26e67d8f of video-api to production: the budget allows it.  \nAPI availability: budget 90.0 %"},
		{"deny", environment("search"), "rejected", "DENY feature 0d1a26e67d8f of search to production: an error budget is spent.  \n"},
		{"rollback by its branch", append(environment("search"), `"ref": "main"`, `"ref": "rollback/1.4"`), "approved", "a rollback always goes out"},
		{"what is no commit", []string{`"sha": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"`, `"sha": "?"`}, "rejected", "commit \"?\": must be a commit's hash"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f.queued(t, f.event(t, tc.changes...))
			p := f.next(t)
			if p.state() != tc.state || !strings.Contains(*p.Comment, tc.says) || strings.Count(*p.Comment, "\n") != 2 {
				t.Errorf("%s\n%s", p.state(), *p.Comment)
			}
			if kind := f.ended(t); kind != river.EventKindJobCompleted {
				t.Error(kind)
			}
		})
	}
	for _, d := range f.gate.Decisions(t) {
		if d.By != "github:octocat" || d.Change.Author != "hubot" {
			t.Errorf("%+v", d)
		}
	}
}

// TestFreezeAndThaw lets a deployment wait while releases are frozen.
func TestFreezeAndThaw(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.gate.Freeze(t)
	f.queued(t, f.event(t, environment("patient")...))
	p := f.next(t)
	if p.state() != "report" || p.Environment != "patient" || !strings.Contains(*p.Comment, "releases are frozen by hand") {
		t.Errorf("%s\n%s", p.state(), *p.Comment)
	}
	f.looks(t, 3)
	if len(f.reviews) > 0 {
		t.Error("the same reason was reported twice")
	}
	f.gate.Thaw(t)
	if p := f.next(t); p.state() != "approved" {
		t.Errorf("%s\n%s", p.state(), *p.Comment)
	}
	if kind := f.ended(t); kind != river.EventKindJobCompleted {
		t.Error(kind)
	}
	if ds := f.gate.Decisions(t); len(ds) != 2 || ds[0].Outcome != gate.Allow || ds[1].Outcome != gate.Deny {
		t.Errorf("recorded: %+v", ds)
	}
}

// looks waits until the only job has been put off a number of times more.
func (f *fixture) looks(t *testing.T, more int) {
	t.Helper()
	snoozes := func() (n int) {
		if err := f.gate.Pool.QueryRow(t.Context(), `SELECT coalesce((metadata->>'snoozes')::int, 0) FROM river_job`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	until := time.Now().Add(deadline)
	for first := snoozes(); snoozes() < first+more; {
		if time.Now().After(until) {
			t.Fatal("the job does not look again")
		}
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, environment, says string
		recorded                int
	}{
		{"unknown service", "stranger", `did you mean "video-api"?`, 1},
		{"unknown environment", "prodution", "did you mean \"production\"?", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.queued(t, f.event(t, environment(tc.environment)...))
			p := f.next(t)
			if p.state() != "report" || !strings.HasPrefix(*p.Comment, "HOLD") || !strings.Contains(*p.Comment, tc.says) {
				t.Errorf("%s\n%s", p.state(), *p.Comment)
			}
			f.looks(t, 2)
			if ds := f.gate.Decisions(t); len(ds) != tc.recorded {
				t.Errorf("recorded: %+v", ds)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	body := f.event(t)
	f.queued(t, body)
	f.next(t)
	f.ended(t)
	if status, did := f.deliver(t, t.Name(), body); status != 202 || did != "repeated" {
		t.Errorf("%d %s", status, did)
	}
	if status, did := f.deliver(t, "another", body); status != 202 || did != "queued" {
		t.Errorf("%d %s", status, did)
	}
	f.next(t)
	if ds := f.gate.Decisions(t); len(ds) != 2 {
		t.Errorf("%d decisions", len(ds))
	}
}

// TestTrouble has GitHub refuse a review in every way, and then take it.
func TestTrouble(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refuse := func(status int, message string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			say(w, status, message)
		}
	}
	for _, tc := range []struct {
		name  string
		fault http.HandlerFunc
	}{
		{"too many requests", refuse(429, "slow down", "Retry-After", "1")},
		{"secondary limit", refuse(403, "You have exceeded a secondary rate limit.", "Retry-After", "0")},
		{"primary limit", refuse(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1")},
		{"out of order", refuse(502, "Bad Gateway")},
		{"not permitted yet", refuse(403, "Resource not accessible by integration")},
		{"a redirect", refuse(302, "", "Location", "/elsewhere")},
		{"no answer in time", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"a broken connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := len(f.gate.Decisions(t))
			f.fail(tc.fault)
			f.queued(t, f.event(t))
			if p := f.next(t); p.state() != "approved" {
				t.Error(p.state())
			}
			if kind := f.ended(t); kind != river.EventKindJobCompleted {
				t.Error(kind)
			}
			if n := len(f.gate.Decisions(t)) - before; n != 2 {
				t.Errorf("%d decisions: an answer that could not be delivered is asked for again", n)
			}
		})
	}
}

func TestExpiredToken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.queued(t, f.event(t))
	f.next(t)
	f.ended(t)
	for _, delivery := range []string{"good", "revoked"} {
		if delivery == "revoked" {
			f.revoke()
		}
		if status, _ := f.deliver(t, delivery, f.event(t)); status != 202 {
			t.Fatal(status)
		}
		f.next(t)
		f.ended(t)
	}
	if n := f.tokens(); n != 2 {
		t.Errorf("%d tokens, want one that is used again, and another", n)
	}
	if ds := f.gate.Decisions(t); len(ds) != 3 {
		t.Errorf("%d decisions", len(ds))
	}
}

func TestSettled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.fail(func(w http.ResponseWriter, _ *http.Request) {
		say(w, 422, "No pending deployment requests to approve or reject")
	})
	f.queued(t, f.event(t))
	if kind := f.ended(t); kind != river.EventKindJobCancelled {
		t.Error(kind)
	}
	if len(f.reviews) > 0 {
		t.Error("it was reviewed all the same")
	}
}
