package fault_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"plimsoll/platform/fault"
)

var routes = []string{"/v1/videos", "/v1/videos/{id}"}

func newInjector(now func() time.Time) *fault.Injector {
	return fault.New(func() []string { return routes }, now)
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	minute := fault.Duration(time.Minute)
	for _, tc := range []struct {
		name string
		spec fault.Spec
		says string
	}{
		{"more than all", fault.Spec{Errors: 1.5, For: minute}, "errors: 1.5 is not a fraction"},
		{"not an error", fault.Spec{Errors: 1, Status: 200, For: minute}, "status: 200"},
		{"no end", fault.Spec{Errors: 1}, "for: 0s"},
		{"too long", fault.Spec{Errors: 1, For: fault.Duration(25 * time.Hour)}, "for: 25h"},
		{"too slow", fault.Spec{Latency: fault.Duration(time.Hour), For: minute}, "latency: 1h"},
		{"nothing", fault.Spec{For: minute}, "nothing to inject"},
		{"misspelt route", fault.Spec{Errors: 1, For: minute, Route: "/v1/video"}, "/v1/videos"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := newInjector(nil).Set(tc.spec)
			if !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
}

func TestInjection(t *testing.T) {
	t.Parallel()
	var nanos atomic.Int64
	i := newInjector(func() time.Time { return time.Unix(1_800_000_000, nanos.Load()) })
	h := i.Middleware(func(r *http.Request) string { return r.URL.Path }, func(w http.ResponseWriter, status int) { w.WriteHeader(status) })(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ask := func(path string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code
	}
	if ask("/v1/videos") != 200 {
		t.Error("a failure before anything was injected")
	}
	if _, err := i.Set(fault.Spec{Errors: 1, For: fault.Duration(time.Minute), Route: "/v1/videos"}); err != nil {
		t.Fatal(err)
	}
	if a, b := ask("/v1/videos"), ask("/v1/videos/{id}"); a != 500 || b != 200 {
		t.Errorf("%d on the route, %d beside it", a, b)
	}
	if s, ok := i.State(); !ok || s.Injected != 1 || !s.Until.Equal(time.Unix(1_800_000_060, 0)) {
		t.Errorf("%+v, %v", s, ok)
	}
	nanos.Add(int64(time.Minute))
	if _, ok := i.State(); ok || ask("/v1/videos") != 200 {
		t.Error("it goes on past its end")
	}
	if _, err := i.Set(fault.Spec{Errors: 0.5, Latency: 1, For: fault.Duration(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 1000 {
		if ask("/") == 500 {
			failed++
		}
	}
	if s, _ := i.State(); int(s.Injected) != failed || s.Delayed != 1000 || failed < 350 || failed > 650 {
		t.Errorf("%d of 1000 failed, state %+v", failed, s)
	}
	i.Clear()
	if _, ok := i.State(); ok || ask("/") != 200 {
		t.Error("it goes on after it was cleared")
	}
}

func TestSpecAsJSON(t *testing.T) {
	t.Parallel()
	var s fault.Spec
	if err := json.Unmarshal([]byte(`{"errors":0.5,"for":"2m","latency":"400ms"}`), &s); err != nil || time.Duration(s.For) != 2*time.Minute {
		t.Errorf("%+v, %v", s, err)
	}
	if err := json.Unmarshal([]byte(`{"for":"soon"}`), &s); err == nil || !strings.Contains(err.Error(), "2m") {
		t.Errorf("%v", err)
	}
}
