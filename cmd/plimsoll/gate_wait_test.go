package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/dialect/dialecttest"
)

// TestGateCheckWaits waits through a freeze by hand, is denied as long as it lasts, and goes on once it is lifted.
func TestGateCheckWaits(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	g.Freeze(t)
	answered := make(chan struct{}, 1000)
	handler := dialecttest.Handler(&api.Handlers{Gate: g.Gate})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		answered <- struct{}{}
	}))
	t.Cleanup(server.Close)
	type result struct {
		code      int
		out, errs string
	}
	done := make(chan result, 1)
	go func() {
		code, out, errs := plimsoll("--url", server.URL, "gate", "check", "--service", "video-api", "--env", "production", "--sha", "c0ffee",
			"--wait", "10m", "--every", "100ms")
		done <- result{code, out, errs}
	}()
	for range 3 { // it asks again and again
		<-answered
	}
	select {
	case r := <-done:
		t.Fatalf("it did not wait: exit %d\n%s%s", r.code, r.out, r.errs)
	default:
	}
	g.Thaw(t)
	r := <-done
	if r.code != 0 || !strings.HasPrefix(r.out, "ALLOW feature c0ffee of video-api to production: ") {
		t.Errorf("exit %d\n%s", r.code, r.out)
	}
	if want := "waiting for at most 10 min: DENY feature c0ffee of video-api to production: releases are frozen by hand.\n"; r.errs != want {
		t.Errorf("said while it waited: %q, want %q", r.errs, want)
	}
	ds := g.Decisions(t) // newest first
	if len(ds) < 4 || ds[0].Outcome != gate.Allow {
		t.Fatalf("%d decisions", len(ds))
	}
	for _, d := range ds[1:] {
		if d.Outcome != gate.Deny || d.Reason != gate.FrozenByHand {
			t.Errorf("decision %d: %s %s", d.Seq, d.Outcome, d.Reason)
		}
	}
}

// TestGateCheckWaitsInVain ends with the last answer, and with its exit code.
func TestGateCheckWaitsInVain(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	g.Freeze(t)
	url := dialecttest.Serve(t, &api.Handlers{Gate: g.Gate})
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tc := range []struct {
		name, url, service string
		code               int
		says               string
	}{
		{"deny", url, "video-api", 2, "DENY feature c0ffee of video-api to production: releases are frozen by hand."},
		{"hold", url, "vidoe-api", 3, "HOLD feature c0ffee of vidoe-api to production: there is no budget to decide by."},
		{"no answer", gone.URL, "video-api", 3, "HOLD feature c0ffee of video-api to production: the gate did not answer, which is never an allow."},
	} {
		code, out, errs := plimsoll("--url", tc.url, "gate", "check", "--service", tc.service, "--env", "production", "--sha", "c0ffee",
			"--wait", "250ms", "--every", "100ms")
		if code != tc.code || !strings.HasPrefix(out, tc.says+"\n") || !strings.HasPrefix(errs, "waiting for at most ") {
			t.Errorf("%s: exit %d\n%s%s", tc.name, code, out, errs)
		}
	}
	if n := len(g.Decisions(t)); n < 4 {
		t.Errorf("%d decisions: it asked only once each", n)
	}
}
