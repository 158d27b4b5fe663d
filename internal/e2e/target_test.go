package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// target is a service that counts what it did, and knows better than anybody how much that was.
type target struct {
	t      *testing.T
	server *httptest.Server
	vector *prometheus.CounterVec

	mu  sync.Mutex
	did counts
}

const targetObjective = `apiVersion: openslo/v1
kind: SLO
metadata: {name: availability}
spec:
  service: target
  budgetingMethod: Occurrences
  timeWindow: [{duration: 7d, isRolling: true}]
  indicator:
    metadata: {name: ok}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'sum(work_total{result="good"})'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(work_total)'}}}
  objectives: [{target: 0.99}]
`

func newTarget(t *testing.T) *target {
	registry := prometheus.NewRegistry()
	w := &target{t: t, vector: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "work_total"}, []string{"result"})}
	registry.MustRegister(w.vector)
	for _, result := range []string{"good", "bad"} {
		w.vector.WithLabelValues(result)
	}
	w.server = httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	t.Cleanup(w.server.Close)
	return w
}

// job is the part of a configuration that scrapes the target.
func (w *target) job() string {
	return fmt.Sprintf(`scrape_configs:
  - job_name: target
    scrape_interval: 100ms
    scrape_timeout: 100ms
    static_configs: [{targets: [%q], labels: {service: target}}]
`, strings.TrimPrefix(w.server.URL, "http://"))
}

// do counts n events. What may be scraped has been counted here before.
func (w *target) do(result string, n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did.Total += n
	if result == "good" {
		w.did.Good += n
	}
	w.vector.WithLabelValues(result).Add(float64(n))
}

func (w *target) counted() counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.did
}

// work counts at random until the returned function is called.
func (w *target) work(rng *rand.Rand) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(7 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				w.do("good", rng.Int64N(100))
				w.do("bad", rng.Int64N(3))
			}
		}
	})
	var once sync.Once
	stop = func() { once.Do(func() { close(done) }); wg.Wait() }
	w.t.Cleanup(stop)
	return stop
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
