package slack_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
	"plimsoll/incidents/postgres"
	postmortempg "plimsoll/incidents/postmortem/postgres"
	"plimsoll/incidents/slack"
	slackpg "plimsoll/incidents/slack/postgres"
	"plimsoll/incidents/slack/slacktest"
	"plimsoll/internal/pg/pgtest"
)

// office is Plimsoll with a whole Slack around it.
type office struct {
	*slacktest.Workspace
	t           *testing.T
	pool        *pgxpool.Pool
	store       *postgres.Store
	postmortems *postmortempg.Store
	rooms       *slackpg.Store
	inbox       *slack.Inbox
	client      *river.Client[pgx.Tx]
	worked      *worked
	team        string // a channel for everybody

	mu  sync.Mutex
	now time.Time
}

// soon tries jobs again at once: how long River waits is not what is tested.
type soon struct{}

func (soon) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(20 * time.Millisecond) }

// worked knows which attempts at jobs have succeeded. River itself writes that down every quarter of a second, and nobody wants to wait for that.
type worked struct {
	river.MiddlewareDefaults
	mu   sync.Mutex
	done map[attempt]bool
}

// attempt is one at a job.
type attempt struct {
	Job    int64
	Number int
}

// Work follows one attempt.
func (w *worked) Work(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) error {
	err := do(ctx)
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.done[attempt{job.ID, job.Attempt}] = true
	}
	return err
}

// left returns how many jobs are yet to be done.
func (w *worked) left(ctx context.Context, pool *pgxpool.Pool) (n int, err error) {
	rows, err := pool.Query(ctx, `SELECT id, CASE WHEN state = 'running' THEN attempt ELSE 0 END FROM river_job WHERE finalized_at IS NULL`)
	if err != nil {
		return 0, err
	}
	open, err := pgx.CollectRows(rows, pgx.RowToStructByPos[attempt])
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range open {
		if !w.done[a] {
			n++
		}
	}
	return n, err
}

// newOffice starts it; the options change what Slack is connected with.
func newOffice(t *testing.T, options ...func(*slack.WorkerConfig)) *office {
	t.Helper()
	ctx := context.Background()
	o := &office{t: t, pool: pgtest.New(t, postgres.Migrations, slackpg.Migrations, postmortempg.Migrations), now: noon,
		worked: &worked{done: map[attempt]bool{}}}
	o.Workspace = slacktest.New(t, o.clock)
	for id, name := range map[string]string{"U1": "ada", "U2": "bob", "U3": "cy", "U4": "eve"} {
		o.User(id, name)
	}
	o.team = o.Channel("team", "U1", "U2", "U3", "U4", slacktest.BotUser)
	var err error
	o.rooms = slackpg.New(o.pool)
	if o.store, err = postgres.New(postgres.Config{Pool: o.pool, Now: o.clock, Changed: o.changed}); err != nil {
		t.Fatal(err)
	}
	o.postmortems, err = postmortempg.New(postmortempg.Config{Pool: o.pool, Incidents: o.store, Now: o.clock})
	if err != nil {
		t.Fatal(err)
	}
	driver := riverpgxv5.New(o.pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	bot, err := slack.NewBot(slack.BotConfig{Token: slacktest.BotToken, AppToken: slacktest.AppToken, BaseURL: o.URL})
	if err != nil {
		t.Fatal(err)
	}
	subjects := map[string]string{"U1": "ada", "U2": "bob", "U3": "cy"}
	cfg := slack.WorkerConfig{Store: o.store, Postmortems: o.postmortems, Bot: bot, Rooms: o.rooms, Announce: o.team, PublicURL: "https://plimsoll.example", Subjects: subjects,
		ResponseBase: o.URL, Logger: slog.New(slog.DiscardHandler), Now: o.clock}
	for _, option := range options {
		option(&cfg)
	}
	workers := river.NewWorkers()
	if err := slack.AddWorkers(workers, cfg); err != nil {
		t.Fatal(err)
	}
	o.client, err = river.NewClient(driver, &river.Config{Workers: workers, Logger: slog.New(slog.DiscardHandler), TestOnly: true, RetryPolicy: soon{}, Middleware: []rivertype.Middleware{o.worked},
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}, FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.client.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.client.StopAndCancel(ctx); err != nil {
			t.Error(err)
		}
	})
	o.inbox, err = slack.New(slack.Config{SigningSecret: slacktest.Secret, Jobs: o.client, Bot: bot, Subjects: subjects, Command: cfg.Command,
		Logger: slog.New(slog.DiscardHandler), Now: o.clock})
	if err != nil {
		t.Fatal(err)
	}
	handlers, err := o.inbox.Handlers()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, h := range handlers {
		mux.Handle(path, h)
	}
	o.Connect(mux)
	return o
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *office) changed(ctx context.Context, tx pgx.Tx, i incidents.Incident) error {
	_, err := o.client.InsertTx(ctx, tx, slack.SyncArgs{Incident: i.Ref, Entries: i.Entries}, nil)
	return err
}

// settle waits until no work is left, and returns what has become visible.
func (o *office) settle() []string {
	o.t.Helper()
	o.idle()
	return o.Seen()
}

// idle waits until no work is left.
func (o *office) idle() {
	o.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		left, err := o.worked.left(context.Background(), o.pool)
		if err != nil {
			o.t.Fatal(err)
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("%d jobs do not come to an end: %s", left, o.troubles())
		}
	}
}

// troubles are the errors of jobs.
func (o *office) troubles() string {
	var found string
	if err := o.pool.QueryRow(context.Background(), `SELECT coalesce(string_agg(kind || ' ' || state || ' ' || coalesce(errors[1] ->> 'error', ''), E'\n'), '')
		FROM river_job WHERE state NOT IN ('completed', 'available', 'running')`).Scan(&found); err != nil {
		o.t.Fatal(err)
	}
	return found
}

// seen checks that something has become visible, and returns everything that has.
func (o *office) seen(parts ...string) []string {
	o.t.Helper()
	lines := o.settle()
	for _, part := range parts {
		if !strings.Contains(strings.Join(lines, "\n"), part) {
			o.t.Errorf("nobody sees %q in\n%s\n%s", part, strings.Join(lines, "\n"), o.troubles())
		}
	}
	return lines
}

// room is the channel of an incident.
func (o *office) room(ref incidents.Ref) string {
	o.t.Helper()
	r, err := o.rooms.Of(context.Background(), ref)
	if err != nil || r.Channel == "" {
		o.t.Fatalf("%s has no channel (%v): %s", ref, err, o.troubles())
	}
	return r.Channel
}

func (o *office) timeline(ref incidents.Ref) []string {
	o.t.Helper()
	entries, err := o.store.Timeline(context.Background(), incidents.Viewer{System: true}, ref)
	if err != nil {
		o.t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		lines = append(lines, fmt.Sprintf("%s: %s", e.By, e.Sentence(nil)))
	}
	return lines
}

// connectSocket lets Slack reach Plimsoll by Socket Mode instead of HTTP.
func (o *office) connectSocket() {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.inbox.Run(ctx) }()
	o.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			o.t.Errorf("Socket Mode: %v", err)
		}
	})
	o.AwaitSocket()
}
