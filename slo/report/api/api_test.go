package api_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/report"
	"plimsoll/slo/report/api"
	"plimsoll/slo/slotest"
)

var now = time.Date(2026, 11, 25, 13, 0, 30, 0, time.UTC)

func TestGet(t *testing.T) {
	t.Parallel()
	l := slotest.New(
		slotest.Objective("video-api", "availability", "API answers", 990_000_000, 24*time.Hour),
		slotest.Objective("search", "availability", "Search answers", 990_000_000, 24*time.Hour),
	)
	l.Add("video-api/availability", now.Add(-time.Hour), 995, 1000)
	l.Add("video-api/availability", now.Add(-8*24*time.Hour), 0, 7)
	h := &api.Handlers{Ledger: l, Now: func() time.Time { return now },
		Decisions: func(_ context.Context, _ string, from, to time.Time) ([]gate.Decision, error) {
			return []gate.Decision{{At: from, Outcome: gate.Allow, Change: gate.Change{Service: "video-api"}},
				{At: to.Add(-1), Outcome: gate.Deny, Change: gate.Change{Service: "search"}}}, nil
		}}
	a := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	h.Register(a.Huma)
	for _, tc := range []struct {
		path   string
		status int
		says   string
	}{
		{"current", 200, `"week":"2026-W48"`},
		{"2026-W48", 200, `"good":995,"total":1000`},
		{"2026-W47", 200, `"good":0,"total":7`},
		{"2026-W49", 422, "the week 2026-W49 has not begun; the current one is 2026-W48"},
		{"2026-48", 422, "such as 2026-W48"},
		{"current?service=video_api", 404, `did you mean \"video-api\"?`},
	} {
		w := httptest.NewRecorder()
		a.Mux.ServeHTTP(w, httptest.NewRequest("GET", "/v1/reports/"+tc.path, nil))
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s: status %d, want %d with %q: %s", tc.path, w.Code, tc.status, tc.says, w.Body)
		}
	}
	w := httptest.NewRecorder()
	a.Mux.ServeHTTP(w, httptest.NewRequest("GET", "/v1/reports/current?service=video-api", nil))
	var r report.Report
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Services) != 1 || r.Services[0].Releases.Checks() != 1 || r.Complete {
		t.Errorf("got %+v", r)
	}
}

// sliced is a ledger whose objectives are judged by slices of an hour from an instant on, and by events before.
type sliced struct {
	*slotest.Ledger
	from time.Time
}

func (l sliced) ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool) {
	r, ok := l.Ledger.ReaderAt(key, at)
	if ok && !at.Before(l.from) {
		r = slo.Sliced(r, slo.Slice{Length: time.Hour, Target: 990_000_000}, slo.Timeslices)
	}
	return r, ok
}

// TestPastWeekKeepsItsMethod changes the method of an objective after a week: what the week counted stays.
func TestPastWeekKeepsItsMethod(t *testing.T) {
	t.Parallel()
	l := slotest.New(slotest.Objective("video-api", "availability", "API answers", 990_000_000, 24*time.Hour))
	l.Add("video-api/availability", now.Add(-7*24*time.Hour), 999, 1000)
	h := &api.Handlers{Ledger: sliced{l, now.Add(-24 * time.Hour)}, Now: func() time.Time { return now }}
	a := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	h.Register(a.Huma)
	w := httptest.NewRecorder()
	a.Mux.ServeHTTP(w, httptest.NewRequest("GET", "/v1/reports/2026-W47", nil))
	if says := `"good":999,"total":1000`; !strings.Contains(w.Body.String(), says) {
		t.Errorf("want %s: %s", says, w.Body)
	}
}
