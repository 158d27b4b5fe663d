package controlplane

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/slo/gate"
)

const (
	benchObjective = `apiVersion: openslo/v1
kind: SLO
metadata: {name: availability}
spec:
  service: target
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  indicator:
    metadata: {name: ok}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'sum(work_total{result="good"})'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(work_total)'}}}
  objectives: [{target: 0.99}]
`
	benchPolicy = "service: target\nclauses:\n- budget: {}\n- incident: {}\n"
	benchToken  = "bench"
)

// BenchmarkGateCheck asks a whole control plane over HTTP, with its own durable PostgreSQL, at a fixed rate: a request is sent when it is due,
// whether or not those before it were answered, and its time counts from then. What is answered is on disk. What the disk alone takes is measured
// beside it: a row of the size of a decision, inserted and committed for each request.
func BenchmarkGateCheck(b *testing.B) {
	app, url := startBench(b)
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	for _, rate := range []int{100, 500} {
		b.Run(fmt.Sprintf("rate=%d", rate), func(b *testing.B) {
			atRate(b, rate, func() error {
				outcome, err := askGate(b.Context(), client, url)
				if err == nil && outcome != gate.Allow {
					err = fmt.Errorf("the gate says %s", outcome)
				}
				return err
			})
		})
	}
	b.Run("insert=500", func(b *testing.B) {
		if _, err := app.pool.Exec(b.Context(), `CREATE TABLE IF NOT EXISTS bench (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, record text NOT NULL)`); err != nil {
			b.Fatal(err)
		}
		record := strings.Repeat("x", 2000)
		atRate(b, 500, func() error {
			_, err := app.pool.Exec(b.Context(), `INSERT INTO bench (record) VALUES ($1)`, record)
			return err
		})
	})
}

// atRate does something so many times a second and reports how long it took from when it was due.
func atRate(b *testing.B, rate int, do func() error) {
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	every := time.Second / time.Duration(rate)
	b.ResetTimer()
	start := time.Now()
	for i := range took {
		due := start.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due)) // the rate is what is measured at
		wg.Go(func() {
			if err := do(); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(took[(len(took)-1)*p/100].Seconds(), fmt.Sprintf("p%d-sec", p))
	}
}

func askGate(ctx context.Context, client *http.Client, url string) (gate.Outcome, error) {
	body := []byte(`{"service":"target","environment":"production","commit":"c0ffee"}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/gate/checks", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+benchToken)
	resp, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	var d gate.Decision
	if err := json.Unmarshal(answer, &d); err != nil || resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %w", resp.Status, answer, err)
	}
	return d.Outcome, nil
}

// startBench starts a control plane that scrapes a target, and returns it with its address once the gate allows.
func startBench(b *testing.B) (*App, string) {
	b.Helper()
	dir, err := os.MkdirTemp("", "gate-bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		b.Fatal(err)
	}
	events := 0
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		events += 100
		fmt.Fprintf(w, "# TYPE work_total counter\nwork_total{result=\"good\"} %d\nwork_total{result=\"bad\"} 0\n", events)
	}))
	b.Cleanup(target.Close)
	files := map[string]string{
		"objectives.yaml": benchObjective, "policies.yaml": benchPolicy,
		"plimsoll.yaml": fmt.Sprintf(`listen: 127.0.0.1:0
data_dir: data
objectives: [objectives.yaml]
policies: [policies.yaml]
scrape_configs:
  - {job_name: target, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: [%q]}]}
`, strings.TrimPrefix(target.URL, "http://")),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	cfg, err := ReadConfig(filepath.Join(dir, "plimsoll.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	addr := make(chan net.Addr, 1)
	cfg.Token, cfg.Logger, cfg.Ready = benchToken, slog.New(slog.DiscardHandler), func(a net.Addr) { addr <- a }
	app, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	var url string
	select {
	case a := <-addr:
		url = "http://" + a.String()
	case err := <-ended:
		ended <- err
		b.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		outcome, err := askGate(b.Context(), http.DefaultClient, url)
		if err == nil && outcome == gate.Allow {
			return app, url
		}
		if time.Now().After(deadline) {
			b.Fatalf("the gate does not allow within half a minute: %s, %v", outcome, err)
		}
	}
}
