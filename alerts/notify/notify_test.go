package notify_test

import (
	"crypto/hmac"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/alerts/notify"
	"plimsoll/slo"
)

var at = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// notice is about a page that fires, and a ticket that is over.
func notice(cause alerts.Cause) alerts.Notice {
	tiers := alerts.Tiers()
	o := &slo.Objective{Key: "video-api/availability", Service: "video-api", DisplayName: "The API answers", Owner: "video", Target: 999_000_000}
	burn := func(lookback time.Duration, bad int64) slo.Burn {
		c := slo.Counts{Good: 1000 - bad, Total: 1000}
		return slo.Burn{Lookback: lookback, Reading: slo.Reading{Counts: c}, Rate: slo.BurnRate(o.Target, c)}
	}
	page := alerts.Alert{Objective: o.Key, Tier: "page-fast", State: alerts.Firing, Fired: at.Add(-time.Minute),
		Verdict: alerts.Verdict{Tier: tiers[0], Factor: 14.4, Long: burn(time.Hour, 20), Short: burn(5*time.Minute, 30)}}
	ticket := alerts.Alert{Objective: "video-api/latency", Tier: "ticket-slow", State: alerts.Resolved, Fired: at.Add(-time.Hour),
		Verdict: alerts.Verdict{Tier: tiers[3], Factor: 1, Long: burn(72*time.Hour, 1), Short: burn(6*time.Hour, 0)}}
	if cause == alerts.AllOver {
		page.State = alerts.Resolved
	}
	last := alerts.Told{Firing: []alerts.ID{page.ID(), ticket.ID()}, Urgent: alerts.Page}
	statuses := map[slo.Key]slo.Status{o.Key: {Objective: o, Budget: slo.Budget{Remaining: 0.625}}}
	return alerts.Compose("n-1", "video-api", cause, []alerts.Alert{page, ticket}, last, statuses, at, "https://plimsoll.example.com")
}

// request is what a server was sent.
type request struct {
	path, body string
	header     http.Header
}

// server answers every request with status and header, and keeps what it was sent.
func server(t *testing.T, status int, header http.Header, body string) (*httptest.Server, func() []request) {
	t.Helper()
	var mu sync.Mutex
	var got []request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		got = append(got, request{r.URL.Path, string(b), r.Header})
		mu.Unlock()
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s, func() []request {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

func TestWebhookIsSigned(t *testing.T) {
	t.Parallel()
	s, sent := server(t, 204, nil, "")
	w, err := notify.NewWebhook(notify.WebhookConfig{URL: s.URL + "/hook?key=secret", Secret: "s3", Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	n := notice(alerts.First)
	if _, err := w.Notify(t.Context(), n, ""); err != nil {
		t.Fatal(err)
	}
	r := sent()[0]
	if want := notify.Sign([]byte("s3"), at, []byte(r.body)); !hmac.Equal([]byte(want), []byte(r.header.Get(notify.SignatureHeader))) {
		t.Errorf("signature %q, want %q", r.header.Get(notify.SignatureHeader), want)
	}
	if r.header.Get(notify.IDHeader) != n.ID {
		t.Errorf("headers %v", r.header)
	}
	var got alerts.Notice
	if err := json.Unmarshal([]byte(r.body), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(n, got); diff != "" {
		t.Errorf("(-sent +received)\n%s", diff)
	}
}

// What a receiver answers decides whether the notice is tried again, and when. No error tells where the secret part of the address is.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		status  int
		header  http.Header
		later   bool
		after   time.Duration
		refused bool
	}{
		{name: "taken", status: 200},
		{name: "too many", status: 429, header: http.Header{"Retry-After": {"30"}}, later: true, after: 30 * time.Second},
		{name: "too many, for a year", status: 429, header: http.Header{"Retry-After": {"31536000"}}, later: true, after: 10 * time.Minute},
		{name: "broken", status: 500, later: true},
		{name: "away", status: 503, header: http.Header{"Retry-After": {"soon"}}, later: true},
		{name: "unknown", status: 404, refused: true},
		{name: "moved", status: 302, header: http.Header{"Location": {"/elsewhere"}}, refused: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, sent := server(t, tc.status, tc.header, "because")
			w, err := notify.NewWebhook(notify.WebhookConfig{URL: s.URL + "/hook-s3cret", Secret: "x"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Notify(t.Context(), notice(alerts.First), "")
			var later *notify.Later
			if errors.As(err, &later) != tc.later || errors.Is(err, notify.ErrRefused) != tc.refused {
				t.Fatalf("got %v", err)
			}
			if tc.later && later.After != tc.after {
				t.Errorf("after %v, want %v", later.After, tc.after)
			}
			if err != nil && (strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "because")) {
				t.Errorf("error %q", err)
			}
			if len(sent()) != 1 {
				t.Errorf("%d requests", len(sent()))
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s, _ := server(t, 200, nil, "")
	address := s.URL
	s.Close()
	w, err := notify.NewWebhook(notify.WebhookConfig{URL: address + "/hook-s3cret", Secret: "x"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Notify(t.Context(), notice(alerts.First), "")
	if later := (*notify.Later)(nil); !errors.As(err, &later) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestAlertmanager(t *testing.T) {
	t.Parallel()
	s, sent := server(t, 200, nil, "")
	a, err := notify.NewAlertmanager(notify.AlertmanagerConfig{URL: s.URL + "/am", Labels: map[string]string{"team": "video"}, Lasts: 6 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Notify(t.Context(), notice(alerts.Changed), ""); err != nil {
		t.Fatal(err)
	}
	r := sent()[0]
	if r.path != "/am/api/v2/alerts" {
		t.Errorf("posted to %s", r.path)
	}
	var got []struct {
		Labels           map[string]string
		StartsAt, EndsAt time.Time
		GeneratorURL     string
	}
	if err := json.Unmarshal([]byte(r.body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"alertname": "ErrorBudgetBurn", "service": "video-api", "objective": "video-api/availability",
		"tier": "page-fast", "severity": "page", "owner": "video", "team": "video"}
	if diff := cmp.Diff(want, got[0].Labels); diff != "" {
		t.Error(diff)
	}
	if !got[0].StartsAt.Equal(at.Add(-time.Minute)) || !got[0].EndsAt.Equal(at.Add(6*time.Hour)) || !got[1].EndsAt.Equal(at) {
		t.Errorf("got %+v", got)
	}
	if got[0].GeneratorURL != "https://plimsoll.example.com/objectives/video-api/availability" {
		t.Errorf("link %q", got[0].GeneratorURL)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() error{
		"it is not a URL": func() error {
			_, err := notify.NewWebhook(notify.WebhookConfig{URL: "hooks.example.com", Secret: "x"})
			return err
		},
		"a secret is required": func() error {
			_, err := notify.NewWebhook(notify.WebhookConfig{URL: "https://hooks.example.com"})
			return err
		},
		"url: it is not a URL": func() error {
			_, err := notify.NewAlertmanager(notify.AlertmanagerConfig{})
			return err
		},
		"labels: severity is set by the alert itself": func() error {
			_, err := notify.NewAlertmanager(notify.AlertmanagerConfig{URL: "http://am:9093", Labels: map[string]string{"severity": "critical"}})
			return err
		},
		`labels: "my team" is not the name of a label`: func() error {
			_, err := notify.NewAlertmanager(notify.AlertmanagerConfig{URL: "http://am:9093", Labels: map[string]string{"my team": "video"}})
			return err
		},
		"a bot token and a channel": func() error {
			_, err := notify.NewSlack(notify.SlackConfig{Token: "xoxb-1"})
			return err
		},
		`"smtp" is not host:port`: func() error {
			_, err := notify.NewEmail(notify.EmailConfig{Server: "smtp"})
			return err
		},
		`"nobody" is not an address`: func() error {
			_, err := notify.NewEmail(notify.EmailConfig{Server: "smtp:25", From: "a@b.example", To: []string{"nobody"}})
			return err
		},
	} {
		if err := make(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q in it", err, name)
		}
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	s, sent := server(t, 200, nil, "")
	h, err := notify.NewHeartbeat(s.URL + "/beat")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Beat(t.Context()); err != nil || sent()[0].path != "/beat" {
		t.Errorf("%v, sent %+v", err, sent())
	}
	if _, err := notify.NewHeartbeat("deadman"); err == nil {
		t.Error("took what is no URL")
	}
}
