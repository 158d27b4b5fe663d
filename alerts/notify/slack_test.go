package notify_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/alerts"
	"plimsoll/alerts/notify"
)

// webAPI answers chat.postMessage and chat.update as Slack documents them.
type webAPI struct {
	mu    sync.Mutex
	calls []string // method, channel, ts and the first line of the text
	fail  string   // error of the next call
	limit bool     // the next call is one too many
}

func (s *webAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	line, _, _ := strings.Cut(r.FormValue("text"), "\n")
	s.calls = append(s.calls, strings.Join(strings.Fields(method+" "+r.FormValue("channel")+" "+r.FormValue("ts")+" "+line), " "))
	reply := map[string]any{"ok": true, "channel": "C1", "ts": "171.5"}
	switch {
	case s.limit:
		s.limit = false
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case r.FormValue("token") != "xoxb-1" && r.Header.Get("Authorization") != "Bearer xoxb-1":
		reply = map[string]any{"ok": false, "error": "invalid_auth"}
	case s.fail != "":
		reply = map[string]any{"ok": false, "error": s.fail}
		s.fail = ""
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply)
}

func slack(t *testing.T, token string) (*notify.Slack, *webAPI) {
	t.Helper()
	api := &webAPI{}
	s := httptest.NewServer(api)
	t.Cleanup(s.Close)
	r, err := notify.NewSlack(notify.SlackConfig{Token: token, Channel: "#video", BaseURL: s.URL + "/api"})
	if err != nil {
		t.Fatal(err)
	}
	return r, api
}

// An episode is one message that is kept up to date; what somebody must hear again is a message of its own.
func TestSlackUpdatesInPlace(t *testing.T) {
	t.Parallel()
	r, api := slack(t, "xoxb-1")
	reference := ""
	for _, cause := range []alerts.Cause{alerts.First, alerts.Changed, alerts.Again, alerts.AllOver} {
		var err error
		if reference, err = r.Notify(t.Context(), notice(cause), reference); err != nil || reference != "C1/171.5" {
			t.Fatalf("%s: reference %q, error %v", cause, reference, err)
		}
	}
	want := []string{
		"chat.postMessage #video :red_circle: video-api: the error budget burns fast",
		"chat.update C1 171.5 :red_circle: video-api: the error budget burns fast",
		"chat.postMessage #video :red_circle: video-api: the error budget burns fast",
		"chat.update C1 171.5 :large_green_circle: video-api: the error budget no longer burns",
	}
	if got := strings.Join(api.calls, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// A page that joins another one is a message of its own, and what follows is kept up to date there.
func TestSlackTellsAnotherPage(t *testing.T) {
	t.Parallel()
	r, api := slack(t, "xoxb-1")
	n := notice(alerts.Changed)
	n.Firing = append(n.Firing, alerts.Entry{Objective: "video-api/latency", Tier: "page-fast", Severity: alerts.Page, Factor: 14.4, New: true})
	if reference, err := r.Notify(t.Context(), n, "C1/170.1"); err != nil || reference != "C1/171.5" {
		t.Errorf("reference %q, error %v", reference, err)
	}
	if len(api.calls) != 1 || !strings.HasPrefix(api.calls[0], "chat.postMessage") {
		t.Errorf("calls %q", api.calls)
	}
}

// A message that somebody deleted is written anew.
func TestSlackMessageIsGone(t *testing.T) {
	t.Parallel()
	r, api := slack(t, "xoxb-1")
	api.fail = "message_not_found"
	if _, err := r.Notify(t.Context(), notice(alerts.Changed), "C1/170.1"); err != nil {
		t.Fatal(err)
	}
	if len(api.calls) != 2 || !strings.HasPrefix(api.calls[1], "chat.postMessage #video") {
		t.Errorf("calls %q", api.calls)
	}
}

func TestSlackErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, token, fail string
		limit             bool
		refused           bool
		after             time.Duration
	}{
		{name: "unknown channel", token: "xoxb-1", fail: "channel_not_found", refused: true},
		{name: "wrong token", token: "xoxb-2", refused: true},
		{name: "slack has trouble", token: "xoxb-1", fail: "internal_error"},
		{name: "too many", token: "xoxb-1", limit: true, after: 7 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, api := slack(t, tc.token)
			api.fail, api.limit = tc.fail, tc.limit
			_, err := r.Notify(t.Context(), notice(alerts.First), "")
			var later *notify.Later
			if errors.Is(err, notify.ErrRefused) != tc.refused || errors.As(err, &later) == tc.refused {
				t.Fatalf("got %v", err)
			}
			if !tc.refused && later.After != tc.after {
				t.Errorf("after %v, want %v", later.After, tc.after)
			}
			if strings.Contains(err.Error(), "xoxb") {
				t.Errorf("the token is in %q", err)
			}
		})
	}
}
