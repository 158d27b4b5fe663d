package platform_test

import (
	"context"
	"net/http"
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
	if n, err := counted(p.Ops, traffic.Gateway); n == 0 || err != nil {
		t.Errorf("the first scrape saw %d requests, %v", n, err)
	}
	p.Ask()
	until(t, "the gateway is closed", func() bool { return run.Snapshot().Roles[traffic.Gateway].Unanswered > 0 })
	stop()
	report := (<-finished).Roles[traffic.Gateway]
	if resp, err := http.Get(p.Ops + "/readyz"); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readiness during the stop: %v, %v", resp, err)
	}
	// A scraper comes again and again; what it read last is what remains of the process.
	last, reads := int64(0), 0
	until(t, "the operations listener is closed", func() bool {
		n, err := counted(p.Ops, traffic.Gateway)
		if err == nil {
			last, reads = n, reads+1
		}
		return err != nil
	})
	if reads == 0 || last != report.Requests {
		t.Errorf("the last of %d scrapes has %d requests, the client saw %d answers", reads, last, report.Requests)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
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
func counted(ops, role string) (n int64, err error) {
	resp, err := http.Get(ops + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return 0, err
	}
	for _, m := range families["platform_http_requests_total"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "role" && l.GetValue() == role {
				n += int64(m.GetCounter().GetValue())
			}
		}
	}
	return n, nil
}
