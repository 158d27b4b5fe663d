package controlplane

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts/notify"
	"plimsoll/incidents"
	"plimsoll/incidents/slack/slacktest"
	"plimsoll/incidents/stakeholders"
)

// statusPage takes webhooks and is down for the first of them.
type statusPage struct {
	mu   sync.Mutex
	down int
	got  []string
}

func (p *statusPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down > 0 {
		p.down--
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(r.Body)
	var word stakeholders.Word
	if err := json.Unmarshal(body, &word); err != nil {
		p.got = append(p.got, err.Error())
	}
	var at int64
	_, _ = fmt.Sscanf(r.Header.Get(notify.SignatureHeader), "t=%d,", &at)
	signed := err == nil && r.Header.Get(notify.SignatureHeader) == notify.Sign([]byte("hook secret"), time.Unix(at, 0), body)
	p.got = append(p.got, fmt.Sprintf("%s %s %q signed=%v", r.Header.Get(notify.IDHeader), word.Subject, word.Text, signed))
}

func (p *statusPage) words() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.got...)
}

// await polls until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) { // polling with a deadline
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// TestOutreach runs a whole control plane with a Slack and a status page around it: responders are reminded of a commander and a
// severity in the channel of the incident, once, and an approved message reaches each recipient of its audience, once.
func TestOutreach(t *testing.T) {
	workspace := slacktest.New(t, nil)
	workspace.User("U1", "ada")
	help := workspace.Channel("help-desk", "U1", slacktest.BotUser)
	page := &statusPage{down: 1}
	hook := httptest.NewServer(page)
	t.Cleanup(hook.Close)
	t.Setenv("HOOK_SECRET", "hook secret")
	h := open(t, func(cfg *Config) {
		cfg.Slack = SlackConfig{SigningSecret: slacktest.Secret, BotToken: slacktest.BotToken, ResponseURL: workspace.URL, APIURL: workspace.URL}
		cfg.Incidents.WebhookSecretEnv = "HOOK_SECRET"
		cfg.Incidents.Audiences = map[incidents.Audience]AudienceConfig{
			incidents.Support: {Slack: []string{help, "C0GONE"}, Webhook: []string{hook.URL + "/secret-path"}},
		}
	}, "ada", "bob")
	post := func(who, path string, body any) { h.give(t, who, http.MethodPost, "/v1/incidents"+path, body) }
	ago := func(minutes int) string {
		return time.Now().Add(-time.Duration(minutes) * time.Minute).UTC().Format(time.RFC3339)
	}
	post("ada", "", map[string]any{"title": "Uploads fail", "detected": ago(30)})
	post("ada", "/INC-1/times", map[string]any{"event": "declared", "at": ago(10)})
	post("ada", "/INC-1/messages", map[string]any{"audience": "support", "text": "Uploads fail for some."})
	post("bob", "/INC-1/messages/1/approve", nil)

	host := strings.TrimPrefix(hook.URL, "http://")
	want := map[string]string{"slack " + help: "", "slack C0GONE": "the receiver refuses the notice: slack said \"channel_not_found\"", "webhook " + host: ""}
	await(t, "all deliveries are recorded", func() bool { return len(deliveriesOf(t, h)) == len(want) })
	if d := cmp.Diff(want, deliveriesOf(t, h)); d != "" {
		t.Errorf("recorded (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{`INC-1-message-1 INC-1: Uploads fail "Uploads fail for some." signed=true`}, page.words()); d != "" {
		t.Errorf("the status page got (-want +got):\n%s", d)
	}
	if said := workspace.Look(help).Messages; len(said) != 1 || said[0].Text != "Uploads fail for some." {
		t.Errorf("the help desk reads %v", said)
	}
	var room string
	await(t, "the incident has a channel with two reminders", func() bool {
		room = workspace.ChannelNamed("inc-1-uploads-fail")
		return room != "" && reminded(workspace, room) == 2
	})
	if _, body := h.page(t, "/incidents/INC-1"); !strings.Contains(body, "INC-1 has no incident commander") || !strings.Contains(body, "INC-1 has no severity") {
		t.Error("the page does not say what is overdue")
	}
	post("ada", "/INC-1/command", nil)
	post("ada", "/INC-1/severity", map[string]any{"severity": 3})
	if _, body := h.page(t, "/incidents/INC-1"); strings.Contains(body, "has no") {
		t.Error("the page says that something is overdue which was done")
	}
	if n := reminded(workspace, room); n != 2 {
		t.Errorf("%d reminders", n)
	}
}

// reminded counts the reminders in a channel.
func reminded(w *slacktest.Workspace, channel string) int {
	n := 0
	for _, m := range w.Look(channel).Messages {
		if strings.Contains(m.Text, "INC-1 has no ") {
			n++
		}
	}
	return n
}

// page reads a page as anybody may.
func (h *house) page(t *testing.T, path string) (int, string) {
	t.Helper()
	r := h.ask(t, "", http.MethodGet, path, "", nil)
	return r.status, r.body
}

// deliveriesOf are the recorded deliveries of the message, by recipient.
func deliveriesOf(t *testing.T, h *house) map[string]string {
	t.Helper()
	var i struct {
		Messages []incidents.Message `json:"messages"`
	}
	r := h.ask(t, "ada", http.MethodGet, "/v1/incidents/INC-1", "", nil)
	if err := json.Unmarshal([]byte(r.body), &i); err != nil || len(i.Messages) != 1 {
		t.Fatalf("%v: %s", err, r.body)
	}
	got := map[string]string{}
	for _, d := range i.Messages[0].Sent {
		got[d.To] = d.Error
	}
	return got
}

// TestAudiences: what is wrong with the places where audiences read is said with its key before anything starts.
func TestAudiences(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		cfg  IncidentsConfig
		says string
	}{
		{"an unknown audience", IncidentsConfig{Audiences: map[incidents.Audience]AudienceConfig{"custommers": {}}}, `incidents.audiences.custommers: is not an audience: expected executives, support or customers (did you mean "customers"?)`},
		{"Slack without a bot", IncidentsConfig{Audiences: map[incidents.Audience]AudienceConfig{"support": {Slack: []string{"#help"}}}}, "incidents.audiences.support.slack: needs PLIMSOLL_SLACK_BOT_TOKEN"},
		{"letters without a server", IncidentsConfig{Audiences: map[incidents.Audience]AudienceConfig{"support": {Email: []string{"a@example.com"}}}}, "incidents.audiences.support.email: needs incidents.email"},
		{"posts without a secret", IncidentsConfig{Audiences: map[incidents.Audience]AudienceConfig{"support": {Webhook: []string{"https://example.com"}}}}, "incidents.webhook_secret_env"},
	} {
		if err := tc.cfg.check(SlackConfig{}); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.says)
		}
	}
}
