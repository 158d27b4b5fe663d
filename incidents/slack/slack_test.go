package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
	"plimsoll/incidents/api"
	"plimsoll/incidents/postgres"
	"plimsoll/incidents/slack"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

func TestConversation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, step := range []struct {
		user, text, kind string
		says             []string
	}{
		{"U1", "list", "ephemeral", []string{"No incident is open."}},
		{"U1", "ack", "ephemeral", []string{"none is open"}},
		{"U1", `new "Playback &lt;stalls&gt;" sev2 svc:video-api`, "in_channel", []string{
			"*<https://plimsoll.example/incidents/INC-1|INC-1>* Playback &lt;stalls&gt; (sev2, declared)", "<@U1>: declared as sev2", "`/incident INC-1 ack`", "Next update due <!date^"}},
		{"U2", "akc", "ephemeral", []string{`There is no verb "akc" (did you mean "ack"?). ` + "`/incident help` lists them all."}},
		{"U2", "ack", "in_channel", []string{"(sev2, acknowledged)", "<@U2>: acknowledged"}},
		{"U2", "ack", "ephemeral", []string{"INC-1 is acknowledged, so it is not possible to acknowledge; it is possible to: cancel, merge"}},
		{"U2", "INC-9 ack", "ephemeral", []string{"There is no such incident: INC-9"}},
		{"U2", "lead", "in_channel", []string{"incident commander is <@U2>"}},
		{"U2", "scribe <@U3|cy>", "in_channel", []string{"scribe is <@U3>"}},
		{"U3", "note <b>503</b> from <@U2|bob>", "in_channel", []string{"<@U3>: note: "}},
		{"U2", "update --in 20m we know the cause", "in_channel", []string{"update: we know the cause", "12:20 UTC"}},
		{"U2", "sev 9", "ephemeral", []string{`Severity "9" is not valid`, "`/incident [INC-n] sev 1-5 [reason]`"}},
		{"U2", "status", "ephemeral", []string{"Affected: video-api", "Incident commander: <@U2>", "Scribe: <@U3>", "… 1 earlier entries"}},
		{"U1", "new second one", "in_channel", []string{"INC-2", "second one (declared)"}},
		{"U2", "mitigate", "ephemeral", []string{"It is not clear which incident is meant: INC-1, INC-2 are open; name one, such as INC-1 mitigate"}},
		{"U2", "INC-1 mitigate drained", "in_channel", []string{"mitigated: drained"}},
		{"U2", "resolve INC-1", "in_channel", []string{"resolved", "`/incident INC-1 at started 14:05`", "incident INC-1 postmortem"}},
		{"U2", "INC-1 at started 11:00", "in_channel", []string{"time started set to 2026-03-02 11:00:00 UTC"}},
		{"U1", "list", "ephemeral", []string{"INC-2", "nobody leads it"}},
		{"U1", "help", "ephemeral", []string{"`/incident [INC-n] update [--in 30m] text`"}},
	} {
		got := d.say(step.user, step.text)
		if got.Type != step.kind {
			t.Errorf("%q: %s, want %s", step.text, got.Type, step.kind)
		}
		for _, want := range step.says {
			if !strings.Contains(got.Text, want) {
				t.Errorf("%q: no %q in\n%s", step.text, want, got.Text)
			}
		}
	}
}

// TestSameRecord: one script, in Slack and over the API, gives the same record but for where it was declared.
func TestSameRecord(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := context.Background()
	tokens := identity.NewTokens(map[string]identity.Principal{"t1": {Subject: "ada"}, "t2": {Subject: "bob"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	(&api.Handlers{Store: d.store, Now: func() time.Time { return noon }}).Register(web.Huma)
	for _, step := range []struct{ user, text, path, body string }{
		{"1", `new "Playback stalls" sev2 svc:video-api since:11:50`, "", `{"title":"Playback stalls","severity":2,"services":["video-api"],"started":"2026-03-02T11:50:00Z"}`},
		{"2", "INC-1 ack", "/2/acknowledge", ""},
		{"2", "INC-1 lead", "/2/command", ""},
		{"2", "INC-1 comms <@U1>", "/2/roles", `{"role":"communications","to":"ada"}`},
		{"1", "INC-1 note origin &lt; slow", "/2/notes", `{"text":"origin < slow"}`},
		{"1", "INC-1 update --in 30m we know", "/2/updates", `{"text":"we know","nextIn":"30m"}`},
		{"2", "INC-1 sev 1 everybody", "/2/severity", `{"severity":1,"reason":"everybody"}`},
		{"2", "INC-1 at started 11:45", "/2/times", `{"event":"started","at":"2026-03-02T11:45:00Z"}`},
		{"2", "INC-1 mitigate drained", "/2/mitigate", `{"how":"drained"}`},
		{"2", "INC-1 reopen back", "/2/reopen", `{"reason":"back"}`},
		{"2", "INC-1 resolve", "/2/resolve", ""},
		{"2", "INC-1 close", "/2/close", ""},
	} {
		if a := d.say("U"+step.user, step.text); a.Type != "in_channel" {
			t.Fatalf("%q: %s", step.text, a.Text)
		}
		r := httptest.NewRequest(http.MethodPost, "/v1/incidents"+step.path, strings.NewReader(step.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer t"+step.user)
		if w := serve(web.Mux, r); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", step.path, w.Code, w.Body)
		}
	}
	record := func(ref incidents.Ref) (incidents.Incident, []incidents.TimelineEntry) {
		i, err := d.store.Get(ctx, incidents.Viewer{System: true}, ref)
		if err != nil {
			t.Fatal(err)
		}
		timeline, err := d.store.Timeline(ctx, incidents.Viewer{System: true}, ref)
		if err != nil {
			t.Fatal(err)
		}
		return i, timeline
	}
	i1, t1 := record(1)
	i2, t2 := record(2)
	if diff := cmp.Diff(i1, i2, cmpopts.IgnoreFields(incidents.Incident{}, "Ref", "Source")); diff != "" {
		t.Errorf("incident (-slack +api):\n%s", diff)
	}
	if diff := cmp.Diff(t1, t2); diff != "" {
		t.Errorf("timeline (-slack +api):\n%s", diff)
	}
}

// TestOnlySlack: what Slack did not sign, or long ago, leaves no trace.
func TestOnlySlack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	body := d.form("U1", "new fire")
	stamp := func(ago time.Duration) string { return strconv.FormatInt(time.Now().Add(-ago).Unix(), 10) }
	now := stamp(0)
	for name, r := range map[string]*http.Request{
		"another secret":     request(body, now, sign("guess", now, body)),
		"another body":       request(d.form("U1", "new flood"), now, sign(secret, now, body)),
		"another time":       request(body, stamp(time.Minute), sign(secret, now, body)),
		"six minutes old":    request(body, stamp(6*time.Minute), sign(secret, stamp(6*time.Minute), body)),
		"six minutes early":  request(body, stamp(-6*time.Minute), sign(secret, stamp(-6*time.Minute), body)),
		"no signature":       request(body, now, ""),
		"no time":            request(body, "", sign(secret, now, body)),
		"another version":    request(body, now, strings.Replace(sign(secret, now, body), "v0=", "v1=", 1)),
		"half a signature":   request(body, now, sign(secret, now, body)[:20]),
		"a time in words":    request(body, "now", sign(secret, "now", body)),
		"a broken form too":  request("%zz", now, sign("guess", now, "%zz")),
		"an empty signature": request(body, now, "v0="),
	} {
		w := serve(d.commands, r)
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "not signed by Slack") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	long := strings.Repeat("a", 600_000)
	if w := serve(d.commands, request(long, now, sign(secret, now, long))); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body: %d", w.Code)
	}
	if w := serve(d.commands, request("%zz", now, sign(secret, now, "%zz"))); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a signed body that is no form: %d", w.Code)
	}
	if w := serve(d.commands, httptest.NewRequest(http.MethodGet, "/slack/commands", nil)); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
	check := "ssl_check=1&token=x"
	if w := serve(d.commands, request(check, now, sign(secret, now, check))); w.Code != http.StatusOK {
		t.Errorf("certificate check: %d", w.Code)
	}
	if n := d.jobs(); n != 0 {
		t.Errorf("%d jobs", n)
	}
}

// TestDeliveredTwice: the same request again, also signed anew, is acknowledged and does nothing.
func TestDeliveredTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	body := d.form("U1", "new fire")
	for range 3 {
		d.post(body)
	}
	d.next()
	d.post(body) // after the job is done
	if a := d.say("U1", "list"); strings.Contains(a.Text, "INC-2") || !strings.Contains(a.Text, "INC-1") {
		t.Errorf("open: %s", a.Text)
	}
	if n := d.jobs(); n != 2 {
		t.Errorf("%d jobs, want one for each request", n)
	}
}

// TestSlackIsDown: an answer that Slack does not take is sent again, and the command is not run again.
func TestSlackIsDown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.failures.Store(1)
	first := d.say("U1", "new fire")
	d.failures.Store(1)
	second := d.say("U1", "resolve put out") // on the second attempt no incident is open any more
	if !strings.Contains(first.Text, "declared: fire") || !strings.Contains(second.Text, "resolved: put out") {
		t.Errorf("answers: %s\n%s", first.Text, second.Text)
	}
	timeline, err := d.store.Timeline(context.Background(), incidents.Viewer{System: true}, 1)
	if err != nil || len(timeline) != 4 {
		t.Errorf("%d entries (%v), want declared, acknowledged, mitigated, resolved", len(timeline), err)
	}
}

// TestAnswersGoToSlackOnly: a response_url elsewhere is never called, and the job is not tried again.
func TestAnswersGoToSlackOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody else was called") }))
	t.Cleanup(elsewhere.Close)
	d.post(strings.Replace(d.form("U1", "list"), url.QueryEscape(d.slack.URL), url.QueryEscape(elsewhere.URL), 1))
	var state, found string
	for deadline := time.Now().Add(time.Minute); state != string(rivertype.JobStateCancelled); {
		if err := d.pool.QueryRow(context.Background(), `SELECT state, coalesce(errors::text, '') FROM river_job`).Scan(&state, &found); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the job is %s: %s", state, found)
		}
	}
	if strings.Contains(found, "1234/5678") || !strings.Contains(found, "response_url is not on") {
		t.Errorf("errors of the job: %s", found)
	}
}

// brokenJobs is a database that is gone.
type brokenJobs struct{}

func (brokenJobs) Insert(context.Context, river.JobArgs, *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	return nil, errors.New("connection refused")
}

// TestDatabaseIsDown: whoever typed the command reads at once that nothing was done.
func TestDatabaseIsDown(t *testing.T) {
	t.Parallel()
	body, now := "text=ack&trigger_id=1", strconv.FormatInt(time.Now().Unix(), 10)
	w := serve(newCommands(t, brokenJobs{}), request(body, now, sign(secret, now, body)))
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK || a.Type != "ephemeral" || !strings.Contains(a.Text, "Nothing was done") {
		t.Errorf("%d %s (%v)", w.Code, w.Body, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	inbox, err := slack.New(slack.Config{Jobs: brokenJobs{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inbox.Handlers(); err == nil || !strings.Contains(err.Error(), "PLIMSOLL_SLACK_SIGNING_SECRET") {
		t.Errorf("no secret: %v", err)
	}
	if _, err := slack.New(slack.Config{SigningSecret: "x"}); err == nil {
		t.Error("no jobs")
	}
	if err := slack.AddWorkers(river.NewWorkers(), slack.WorkerConfig{}); err == nil {
		t.Error("no store")
	}
	if err := slack.AddWorkers(river.NewWorkers(), slack.WorkerConfig{Store: &postgres.Store{}, ResponseBase: "nowhere"}); err == nil {
		t.Error("no host")
	}
}

var _ interface {
	Insert(context.Context, river.JobArgs, *river.InsertOpts) (*rivertype.JobInsertResult, error)
} = (*river.Client[pgx.Tx])(nil)
