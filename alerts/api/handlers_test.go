package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/alerts/api"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

var at = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// desk has one alert, one notice and one dead letter.
type desk struct{ replayed []int64 }

func (*desk) All(context.Context) ([]alerts.Alert, error) {
	return []alerts.Alert{{Objective: "video-api/availability", Tier: "page-fast", State: alerts.Firing, Since: at, Fired: at,
		Verdict: alerts.Verdict{Tier: alerts.Tiers()[0], Factor: 14.4, Reason: alerts.Burning,
			Long: slo.Burn{Lookback: time.Hour}, Short: slo.Burn{Lookback: 5 * time.Minute}}},
		{Objective: "search/latency", Tier: "policy-slow", State: alerts.Inactive,
			Verdict: alerts.Verdict{Tier: alerts.Tier{Severity: alerts.Ticket}, Reason: alerts.Calm, Condition: "burn rate over 45m above 10", Long: slo.Burn{Lookback: 45 * time.Minute}}},
	}, nil
}

func (*desk) Notices(_ context.Context, group string, _ int) ([]alerts.Notice, error) {
	if group != "video-api" {
		return nil, nil
	}
	return []alerts.Notice{{ID: "n-1", Group: group, Cause: alerts.First}}, nil
}

func (*desk) List(context.Context) ([]alerts.DeadLetter, error) {
	return []alerts.DeadLetter{{ID: 7, Receiver: "sre", Error: "who are you?"}}, nil
}

func (d *desk) Replay(_ context.Context, id int64) error {
	if id != 7 {
		return alerts.ErrNoDeadLetter
	}
	d.replayed = append(d.replayed, id)
	return nil
}

func call(t *testing.T, d *desk, method, path, token string) *httptest.ResponseRecorder {
	t.Helper()
	tokens := identity.NewTokens(map[string]identity.Principal{"t0ken": {Subject: "operator"}})
	a := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate})
	(&api.Handlers{Engine: d, DeadLetters: d}).Register(a.Huma)
	r := httptest.NewRequest(method, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	a.Mux.ServeHTTP(w, r)
	return w
}

func TestList(t *testing.T) {
	t.Parallel()
	w := call(t, &desk{}, "GET", "/v1/alerts", "")
	var got api.List
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %v: %s", w.Code, err, w.Body)
	}
	fired := at
	want := api.List{Alerts: []api.Alert{{Objective: "video-api/availability", Tier: "page-fast", Severity: alerts.Page, State: alerts.Firing,
		Since: &fired, Fired: &fired, Reason: alerts.Burning, Factor: 14.4, Lookback: "1h", Short: "5m"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, path, token string
		status                    int
		want                      string
	}{
		{"alerts of a service", "GET", "/v1/alerts?service=search", "", 200, `"alerts":[]`},
		{"all alerts of a service", "GET", "/v1/alerts?all=true&service=search", "", 200, `"policy":"slow"`},
		{"notices of a service", "GET", "/v1/alerts/notices?service=video-api", "", 200, `"cause":"first"`},
		{"no notices", "GET", "/v1/alerts/notices?service=other", "", 200, `"notices":[]`},
		{"too many notices", "GET", "/v1/alerts/notices?limit=5000", "", 422, "1000"},
		{"dead letters", "GET", "/v1/alerts/dead-letters", "", 200, "who are you?"},
		{"replay", "POST", "/v1/alerts/dead-letters/7/replay", "t0ken", 204, ""},
		{"replay by a stranger", "POST", "/v1/alerts/dead-letters/7/replay", "", 401, "Bearer TOKEN"},
		{"replay of nothing", "POST", "/v1/alerts/dead-letters/8/replay", "t0ken", 404, "no dead letter 8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := &desk{}
			w := call(t, d, tc.method, tc.path, tc.token)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
				t.Errorf("status %d, want %d with %q: %s", w.Code, tc.status, tc.want, w.Body)
			}
			if (len(d.replayed) > 0) != (tc.status == 204) {
				t.Errorf("replayed %v", d.replayed)
			}
		})
	}
}
