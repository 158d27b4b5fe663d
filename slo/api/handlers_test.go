package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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
	return serve(t, func(*api.Handlers) {})
}

// serve answers from a ledger of objectives of all kinds.
func serve(t *testing.T, change func(*api.Handlers)) http.Handler {
	t.Helper()
	child := slotest.Objective("video-api", `availability{route="/videos"}`, "Videos", 999_000_000, 30*24*time.Hour)
	child.Parent, child.Group = "video-api/availability", `{route="/videos"}`
	sliced := slotest.Objective("encoder", "minutes", "Minutes", 900_000_000, time.Hour)
	sliced.Method, sliced.Slice = slo.RatioTimeslices, slo.Slice{Length: 10 * time.Minute}
	journey := slotest.Objective("encoder", "journey", "Journey", 900_000_000, time.Hour)
	journey.Method, journey.Indicator = slo.Composite, slo.Indicator{}
	journey.Components = []slo.Component{{Key: "encoder/minutes", Weight: slo.One / 2}, {Key: "video-api/availability", Weight: slo.One}}
	l := slotest.New(
		slotest.Objective("video-api", "availability", "API availability", 999_000_000, 30*24*time.Hour),
		slotest.Objective("video-api", "latency/p95", "95 % under 300 ms", 950_000_000, 30*24*time.Hour),
		slotest.Objective("billing", "availability", "Billing", 990_000_000, 7*24*time.Hour),
		child, sliced, journey,
	)
	l.Add(child.Key, now.Add(-3*time.Hour), 90, 100)
	for m := range 60 {
		l.Add(sliced.Key, now.Add(-time.Duration(m)*time.Minute), 7, 8)
	}
	l.Correct(slo.Correction{ID: 5, Objective: sliced.Key, Effect: slo.CountGood, From: now.Truncate(time.Hour).Add(-20 * time.Minute), To: now.Truncate(time.Hour).Add(-10 * time.Minute)})
	l.Add("video-api/availability", now.Add(-3*time.Hour), 999_900, 1_000_000)
	l.Add("video-api/availability", now.Add(-time.Minute), 0, 0)
	a := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	h := &api.Handlers{Ledger: l, Now: func() time.Time { return now }, Retention: 35 * 24 * time.Hour}
	change(h)
	h.Register(a.Huma)
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
		{"with children", "/v1/objectives?children=true&service=video-api", []slo.Key{"video-api/availability", `video-api/availability{route="/videos"}`, "video-api/latency/p95"}},
		{"at an instant", "/v1/objectives?service=billing&at=2026-11-24T09:00:00Z", []slo.Key{"billing/availability"}},
		{"all", "/v1/objectives", []slo.Key{"billing/availability", "encoder/journey", "encoder/minutes", "video-api/availability", "video-api/latency/p95"}},
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
		"/v1/objectives?service=vidio-api":                                 `(did you mean \"video-api\"?)`,
		"/v1/objectives/video-api/avaliability":                            `(did you mean \"video-api/availability\"?)`,
		"/v1/objectives/video-api/avaliability/explanation":                `(did you mean \"video-api/availability\"?)`,
		"/v1/objectives/video-api/availability?group=%7Broute=%22/v%22%7D": `there is no objective \"video-api/availability{route=\\\"/v\\\"}`,
		"/v1/objectives/video-api/latency/p59":                             `(did you mean \"video-api/latency/p95\"?)`,
	} {
		if body := get(t, h, path, 404, nil); !strings.Contains(body, want) {
			t.Errorf("GET %s: no %s in %s", path, want, body)
		}
	}
}

func TestGetEveryMethod(t *testing.T) {
	t.Parallel()
	h := server(t)
	var d api.Detail
	body := get(t, h, "/v1/objectives/encoder/minutes", 200, &d)
	// Six slices of ten minutes, at seven of eight but for one that is corrected.
	want := api.Events{Good: 5.375, Bad: 0.625, Total: 6}
	if d.Events != want || d.Unit != "slices" || math.Abs(d.Budget.Allowed-0.6) > 1e-9 || !d.Budget.Spent || d.Budget.Judged != true {
		t.Errorf("%+v %s %+v", d.Events, d.Unit, d.Budget)
	}
	if d.Measured != (api.Events{Good: 420, Bad: 60, Total: 480}) || !slices.Equal(d.Corrections, []int64{5}) {
		t.Errorf("measured %+v, corrections %v", d.Measured, d.Corrections)
	}
	if !strings.Contains(body, `"target":"0.9"`) {
		t.Errorf("the target is not a decimal: %s", body)
	}
	d = api.Detail{}
	get(t, h, "/v1/objectives/encoder/journey", 200, &d)
	if len(d.Components) != 2 || d.Components[0].Weight != "0.5" || d.Components[1].Remaining != 0.9 || d.Attribution == nil || d.Events != (api.Events{}) {
		t.Errorf("%+v", d.Components)
	}
	spent := 0.0
	for _, c := range d.Attribution.Causes {
		if c.Kind != slo.ByCorrection {
			spent += c.Share
		}
	}
	if math.Abs(spent-1+d.Budget.Remaining) > 1e-9 || d.Attribution.Bad != 0 {
		t.Errorf("%v of the budget is attributed, %v is left: %+v", spent, d.Budget.Remaining, d.Attribution)
	}
	d = api.Detail{}
	get(t, h, "/v1/objectives/video-api/availability", 200, &d)
	if !slices.Equal(d.Children, []slo.Key{`video-api/availability{route="/videos"}`}) {
		t.Errorf("children %v", d.Children)
	}
	if since := d.Coverage.Since; since == nil || !since.Equal(now.Add(-3*time.Hour).Truncate(time.Minute)) {
		t.Errorf("since %v", since)
	}
	var child api.Detail
	get(t, h, "/v1/objectives/video-api/availability?group="+url.QueryEscape(`{route="/videos"}`), 200, &child)
	if child.Parent != "video-api/availability" || child.Group != `{route="/videos"}` || child.Events.Total != 100 {
		t.Errorf("%+v", child.Objective)
	}
}

func TestInstants(t *testing.T) {
	t.Parallel()
	h := server(t)
	var d api.Detail
	get(t, h, "/v1/objectives/video-api/availability?at=2026-11-24T08:00:00Z", 200, &d)
	if d.Events.Total != 0 || !d.At.Equal(time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)) || !d.Until.Equal(d.At.Add(time.Minute)) {
		t.Errorf("at %s: %+v", d.At, d.Events)
	}
	for at, want := range map[string]string{
		"2026-11-24T12:00:31Z": "yet to come",
		"2026-10-20T12:00:29Z": "the earliest instant is 2026-10-20T12:00:30Z",
		"yesterday":            "invalid date/time",
	} {
		if body := get(t, h, "/v1/objectives?at="+at, 422, nil); !strings.Contains(body, want) {
			t.Errorf("at %s: no %q in %s", at, want, body)
		}
	}
}

func TestExplanation(t *testing.T) {
	t.Parallel()
	h := server(t)
	var e slo.Explanation
	get(t, h, "/v1/objectives/video-api/availability/explanation", 200, &e)
	if e.Measured != "999,900 good of 1,000,000 events" || len(e.Figures) != 16 || e.Target != 999_000_000 {
		t.Errorf("%+v", e)
	}
	get(t, h, "/v1/objectives/video-api/latency/p95/explanation", 200, &e)
	if e.Objective != "video-api/latency/p95" {
		t.Errorf("of %s", e.Objective)
	}
}

func TestAttribution(t *testing.T) {
	t.Parallel()
	var from, until time.Time
	h := serve(t, func(h *api.Handlers) {
		h.Causes = func(_ context.Context, o *slo.Objective, a, b time.Time) ([]slo.Cause, error) {
			from, until = a, b
			return []slo.Cause{{Kind: slo.ByIncident, Ref: "INC-7", Title: "Uploads fail", From: now.Add(-4 * time.Hour), To: now.Add(-2 * time.Hour)}}, nil
		}
	})
	var d api.Detail
	get(t, h, "/v1/objectives/video-api/availability", 200, &d)
	a := d.Attribution
	if a.Bad != 100 || len(a.Causes) != 1 || a.Causes[0].Ref != "INC-7" || a.Causes[0].Share != 0.1 || a.Causes[0].NeedsPostmortem || len(a.Spells) != 1 || a.Spells[0].Causes[0].Bad != 100 {
		t.Errorf("%+v", a)
	}
	if !from.Equal(d.From) || !until.Equal(d.Until) {
		t.Errorf("causes of %s until %s were asked for", from, until)
	}
	broken := serve(t, func(h *api.Handlers) {
		h.Causes = func(context.Context, *slo.Objective, time.Time, time.Time) ([]slo.Cause, error) {
			return nil, errors.New("no database")
		}
	})
	d = api.Detail{}
	get(t, broken, "/v1/objectives/video-api/availability", 200, &d)
	if d.Attribution != nil || d.Unattributed == "" || d.Events.Total != 1_000_000 {
		t.Errorf("without a database: %+v %q", d.Attribution, d.Unattributed)
	}
}
