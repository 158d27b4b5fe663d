package probe_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plimsoll/collectors"
	"plimsoll/collectors/probe"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// home is the objective that the front page answers.
var home = &slo.Objective{
	Key: "shop/home", Service: "shop", DisplayName: "The front page answers", Target: 990_000_000,
	Window: slo.Window{Length: time.Hour}, Method: slo.Occurrences,
	Indicator: slo.Indicator{Good: `sum(probe_runs_total{probe="home",outcome="success"})`, Total: `sum(probe_runs_total{probe="home"})`},
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// front is a page that can be broken. It counts what it answers.
type front struct {
	url       string
	broken    atomic.Bool
	good, bad atomic.Int64
}

func startFront(t *testing.T) *front {
	f := &front{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.broken.Load() {
			http.Error(w, "no, "+r.Header.Get("X-Key"), http.StatusServiceUnavailable)
			f.bad.Add(1)
			return
		}
		f.good.Add(1)
	}))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

// startProber runs the probe of the front page and returns how to end that.
func (f *front) startProber(t *testing.T, l *ledger.Ledger, logger *slog.Logger) (p *probe.Prober, stop func()) {
	t.Helper()
	c, err := collectors.New(collectors.Config{Ledger: l})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetObjectives([]*slo.Objective{home}); err != nil {
		t.Fatal(err)
	}
	probes, err := parse("probes:\n- name: home\n  service: shop\n  every: 1s\n  steps:\n  - {name: get, request: {url: '" + f.url + "', headers: {X-Key: '${env:API_KEY}'}}}\n")
	if err != nil {
		t.Fatal(err)
	}
	if p, err = probe.New(probe.Config{Appender: c, Probes: probes, Logger: logger}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	return p, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Every run is counted once, good or bad, through restarts of the prober; the minutes are observed; the log has no secret.
func TestRunsAreCountedOnce(t *testing.T) {
	t.Parallel()
	f := startFront(t)
	l := ledger.New(ledger.Config{})
	log := &lines{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	var got slo.Status
	until := func(ok func() bool) {
		t.Helper()
		deadline, tick := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
		defer tick.Stop()
		for !ok() {
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("the ledger has %+v, the page answered %d and %d times", got.Window, f.good.Load(), f.bad.Load())
			}
		}
	}
	var brokenOff int64 // runs that the page answered while the prober stopped
	counted := func() bool {
		got, _ = l.Status(home.Key, time.Now())
		good := f.good.Load() - brokenOff
		return got.Window.Total > 0 && got.Window.Counts == slo.Counts{Good: good, Total: good + f.bad.Load()}
	}
	_, stop := f.startProber(t, l, logger)
	until(func() bool { return f.good.Load() >= 2 && counted() })
	stop()
	got, _ = l.Status(home.Key, time.Now())
	if brokenOff = f.good.Load() - got.Window.Good; brokenOff < 0 || brokenOff > 1 {
		t.Fatalf("the stop has lost %d runs", brokenOff)
	}

	f.broken.Store(true)
	p, stop := f.startProber(t, l, logger)
	until(func() bool { return f.bad.Load() >= 1 && counted() })
	h := p.Health()[0]
	stop()
	if h.Health != probe.Down || h.Step != "get" || h.Reason != probe.StatusCode || h.LastError != "the status is 503, expected 2xx" {
		t.Errorf("%+v", h)
	}
	if got.Window.Observed == 0 {
		t.Error("no minute is observed")
	}
	if text := log.String(); !strings.Contains(text, "probe failed") || strings.Contains(text, "s3cr3t") || strings.Contains(text+fmt.Sprint(h), "no, ") {
		t.Errorf("the log says %s", text)
	}
}

func TestNewChecksItsConfig(t *testing.T) {
	t.Parallel()
	if _, err := probe.New(probe.Config{}); err == nil {
		t.Error("a prober without an appender")
	}
}
