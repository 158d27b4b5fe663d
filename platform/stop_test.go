package platform_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"plimsoll/platform/platformtest"
	"plimsoll/platform/traffic"
)

// What the last scrape says is what an outside client saw, to the request, though the platform was stopped in the middle
// of it all.
func TestStopServesTheLastCounts(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.FinalScrapeTimeout = time.Minute
	p := platformtest.Start(t, cfg)
	run, err := traffic.New(traffic.Config{URL: p.Gateway, Rate: 400})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	finished := make(chan traffic.Report)
	go func() {
		r, err := run.Run(ctx)
		if err != nil {
			t.Error(err)
		}
		finished <- r
	}()
	until(t, "traffic flows", func() bool { return run.Snapshot().Roles[traffic.Gateway].Requests > 100 })
	if n := counted(t, p.Ops, traffic.Gateway); n == 0 {
		t.Error("the first scrape saw nothing")
	}
	p.Ask()
	until(t, "the gateway is closed", func() bool { return run.Snapshot().Roles[traffic.Gateway].Unanswered > 0 })
	stop()
	report := (<-finished).Roles[traffic.Gateway]
	if resp, err := http.Get(p.Ops + "/readyz"); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readiness during the stop: %v, %v", resp, err)
	}
	if n := counted(t, p.Ops, traffic.Gateway); n != report.Requests {
		t.Errorf("the platform counted %d requests, the client saw %d answers", n, report.Requests)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(p.Ops + "/metrics"); err == nil {
		t.Error("the operations listener outlives the last scrape")
	}
}

// Nobody reads the metrics, so nobody is waited for.
func TestStopWithoutScraper(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.FinalScrapeTimeout = time.Hour
	if err := platformtest.Start(t, cfg).Stop(); err != nil {
		t.Error(err)
	}
}

// until polls a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// counted scrapes the requests that a role has counted.
func counted(t *testing.T, ops, role string) (n int64) {
	t.Helper()
	resp, err := http.Get(ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range families["platform_http_requests_total"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "role" && l.GetValue() == role {
				n += int64(m.GetCounter().GetValue())
			}
		}
	}
	return n
}
