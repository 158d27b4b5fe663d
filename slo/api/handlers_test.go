package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/httpapi"
	"plimsoll/slo"
	"plimsoll/slo/api"
	"plimsoll/slo/slotest"
)

var now = time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)

func server(t *testing.T) http.Handler {
	t.Helper()
	l := slotest.New(
		slotest.Objective("video-api", "availability", "API availability", 999_000_000, 30*24*time.Hour),
		slotest.Objective("video-api", "latency/p95", "95 % under 300 ms", 950_000_000, 30*24*time.Hour),
		slotest.Objective("billing", "availability", "Billing", 990_000_000, 7*24*time.Hour),
	)
	l.Add("video-api/availability", now.Add(-3*time.Hour), 999_900, 1_000_000)
	l.Add("video-api/availability", now.Add(-time.Minute), 0, 0)
	a := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	(&api.Handlers{Ledger: l, Now: func() time.Time { return now }}).Register(a.Huma)
	return a.Mux
}

func get(t *testing.T, h http.Handler, path string, status int, into any) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != status {
		t.Fatalf("GET %s: status %d, want %d: %s", path, w.Code, status, w.Body)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	return w.Body.String()
}

func TestList(t *testing.T) {
	t.Parallel()
	h := server(t)
	for _, tc := range []struct {
		name, path string
		want       []slo.Key
	}{
		{"all", "/v1/objectives", []slo.Key{"billing/availability", "video-api/availability", "video-api/latency/p95"}},
		{"of one service", "/v1/objectives?service=billing", []slo.Key{"billing/availability"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var list api.List
			get(t, h, tc.path, 200, &list)
			var keys []slo.Key
			for _, o := range list.Objectives {
				keys = append(keys, o.Key)
			}
			if d := cmp.Diff(tc.want, keys); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	h := server(t)
	var d api.Detail
	get(t, h, "/v1/objectives/video-api/availability", 200, &d)
	want := api.Events{Good: 999_900, Bad: 100, Total: 1_000_000}
	if d.Events != want || d.Budget.Allowed != 1000 || d.Budget.Remaining != 0.9 || d.SLI != 0.9999 {
		t.Errorf("got %+v, %+v, SLI %v", d.Events, d.Budget, d.SLI)
	}
	if d.Coverage.ObservedMinutes != 2 || d.Coverage.Minutes != 43200 || d.Condition != slo.Healthy {
		t.Errorf("got %+v, %s", d.Coverage, d.Condition)
	}
	if len(d.Burn) != len(slo.Lookbacks()) || d.Burn[4].Lookback != "6h" || d.Burn[4].Events != want {
		t.Errorf("got %+v", d.Burn)
	}
	if f := d.Explanation.Figures[2]; f.Name != "remaining" || f.Working != "1 − 100 ÷ 1,000" || f.Value != "90.0 %" {
		t.Errorf("got %+v", f)
	}
	var p95 api.Detail
	get(t, h, "/v1/objectives/video-api/latency/p95", 200, &p95)
	if p95.Condition != slo.Unknown || p95.LastSample != nil {
		t.Errorf("got %s, last sample %v", p95.Condition, p95.LastSample)
	}
}

// The budget is in memory and is told, also while what spent it cannot be found out.
func TestGetWithoutCauses(t *testing.T) {
	t.Parallel()
	l := slotest.New(slotest.Objective("video-api", "availability", "API availability", 999_000_000, 30*24*time.Hour))
	l.Add("video-api/availability", now.Add(-3*time.Hour), 999_900, 1_000_000)
	var away atomic.Bool
	a := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	(&api.Handlers{Ledger: l, Now: func() time.Time { return now }, Causes: func(context.Context, *slo.Objective, time.Time, time.Time) ([]slo.Cause, error) {
		if away.Load() {
			return nil, errors.New("the database is away")
		}
		return nil, nil
	}}).Register(a.Huma)
	for _, is := range []bool{false, true} {
		away.Store(is)
		var d api.Detail
		get(t, a.Mux, "/v1/objectives/video-api/availability", 200, &d)
		if (d.Attribution == nil) != is || d.Events.Bad != 100 {
			t.Errorf("while the database is away (%v): %v bad events, attribution %+v", is, d.Events.Bad, d.Attribution)
		}
	}
}

func TestUnknownNamesGetTheNearest(t *testing.T) {
	t.Parallel()
	h := server(t)
	for path, want := range map[string]string{
		"/v1/objectives?service=vidio-api":      `(did you mean \"video-api\"?)`,
		"/v1/objectives/video-api/avaliability": `(did you mean \"video-api/availability\"?)`,
		"/v1/objectives/video-api/latency/p59":  `(did you mean \"video-api/latency/p95\"?)`,
	} {
		if body := get(t, h, path, 404, nil); !strings.Contains(body, want) {
			t.Errorf("GET %s: no %s in %s", path, want, body)
		}
	}
}
