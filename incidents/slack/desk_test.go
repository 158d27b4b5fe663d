package slack_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents/postgres"
	"plimsoll/incidents/slack"
	"plimsoll/internal/pg/pgtest"
)

const secret = "8f742231b10e8888abcd99yyyzzz85a5"

// answer is what Slack was told to show.
type answer struct {
	Type string `json:"response_type"`
	Text string `json:"text"`
}

// desk is Plimsoll with a Slack that takes answers.
type desk struct {
	t        *testing.T
	pool     *pgxpool.Pool
	store    *postgres.Store
	commands http.Handler
	slack    *httptest.Server
	answers  chan answer
	failures atomic.Int32 // how many answers the Slack here still refuses
	triggers int
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := context.Background()
	d := &desk{t: t, pool: pgtest.New(t, postgres.Migrations), answers: make(chan answer, 100)}
	d.slack = httptest.NewServer(http.HandlerFunc(d.takeAnswer))
	t.Cleanup(d.slack.Close)

	store, err := postgres.New(postgres.Config{Pool: d.pool, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	d.store = store
	driver := riverpgxv5.New(d.pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	if err := slack.AddWorkers(workers, slack.WorkerConfig{Store: store, ResponseBase: d.slack.URL,
		Subjects: map[string]string{"U1": "ada", "U2": "bob"}, PublicURL: "https://plimsoll.example/", Now: func() time.Time { return noon }}); err != nil {
		t.Fatal(err)
	}
	client, err := river.NewClient(driver, &river.Config{Workers: workers, Logger: slog.New(slog.DiscardHandler), TestOnly: true,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}}, FetchCooldown: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	d.commands = newCommands(t, client)
	return d
}

func newCommands(t *testing.T, client interface {
	Insert(context.Context, river.JobArgs, *river.InsertOpts) (*rivertype.JobInsertResult, error)
}) http.Handler {
	t.Helper()
	inbox, err := slack.New(slack.Config{SigningSecret: secret, Jobs: client, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	handlers, err := inbox.Handlers()
	if err != nil {
		t.Fatal(err)
	}
	return handlers[slack.CommandsPath]
}

func (d *desk) takeAnswer(w http.ResponseWriter, r *http.Request) {
	if d.failures.Add(-1) >= 0 {
		http.Error(w, "try later", http.StatusBadGateway)
		return
	}
	var a answer
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil || r.Header.Get("Content-Type") != "application/json" {
		d.t.Errorf("answer: %v, %s", err, r.Header.Get("Content-Type"))
	}
	d.answers <- a
	_, _ = io.WriteString(w, "ok")
}

// form is the body of a slash command, field for field as Slack sends it.
func (d *desk) form(user, text string) string {
	d.triggers++
	return url.Values{
		"token": {"gIkuvaNzQIHg97ATvDxqgjtO"}, "team_id": {"T0001"}, "team_domain": {"example"}, "channel_id": {"C2147483705"},
		"channel_name": {"test"}, "user_id": {user}, "user_name": {"somebody"}, "command": {"/incident"}, "text": {text},
		"api_app_id": {"A123456"}, "is_enterprise_install": {"false"}, "response_url": {d.slack.URL + "/commands/1234/5678"},
		"trigger_id": {fmt.Sprintf("13345224609.738474920.%d", d.triggers)},
	}.Encode()
}

func sign(key, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(mac, "v0:"+timestamp+":"+body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func request(body, timestamp, signature string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/slack/commands", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", timestamp)
	r.Header.Set("X-Slack-Signature", signature)
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// post sends a body that is signed now, and checks that it is acknowledged without a word.
func (d *desk) post(body string) {
	d.t.Helper()
	now := strconv.FormatInt(time.Now().Unix(), 10)
	if w := serve(d.commands, request(body, now, sign(secret, now, body))); w.Code != http.StatusOK || w.Body.Len() != 0 {
		d.t.Fatalf("acknowledged with %d %q", w.Code, w.Body)
	}
}

func (d *desk) next() answer {
	d.t.Helper()
	select {
	case a := <-d.answers:
		return a
	case <-time.After(time.Minute):
		d.t.Fatal("no answer came")
		return answer{}
	}
}

// say types a command and returns what Slack shows.
func (d *desk) say(user, text string) answer {
	d.t.Helper()
	d.post(d.form(user, text))
	return d.next()
}

func (d *desk) jobs() (n int) {
	d.t.Helper()
	if err := d.pool.QueryRow(context.Background(), `SELECT count(*) FROM river_job`).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}
