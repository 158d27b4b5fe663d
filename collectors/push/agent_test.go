package push_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"pgregory.net/rapid"

	"plimsoll/collectors/scrape"
)

// agent keeps what the scrape loop of Prometheus hands to its database, scrape by scrape, as the log that is written to others does.
type agent struct {
	mu      sync.Mutex
	scrapes [][]scraped
	done    chan struct{} // closed when there are enough
}

// scraped is one sample.
type scraped struct {
	labels labels.Labels
	st, t  int64
	v      float64
}

const enoughScrapes = 8

func (a *agent) AppenderV2(context.Context) storage.AppenderV2 { return &agentScrape{agent: a} }

type agentScrape struct {
	agent   *agent
	samples []scraped
}

func (s *agentScrape) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	if h == nil && fh == nil {
		s.samples = append(s.samples, scraped{ls, st, t, v})
	}
	return 0, nil
}

func (s *agentScrape) AppendExemplars(ref storage.SeriesRef, _ labels.Labels, _ []exemplar.Exemplar) (storage.SeriesRef, error) {
	return ref, nil
}

func (s *agentScrape) Commit() error {
	s.agent.mu.Lock()
	defer s.agent.mu.Unlock()
	s.agent.scrapes = append(s.agent.scrapes, s.samples)
	if len(s.agent.scrapes) == enoughScrapes {
		close(s.agent.done)
	}
	return nil
}

func (s *agentScrape) Rollback() error { return nil }

// TestAgent scrapes a real program, and counts the same whether the samples are appended here or come by remote write from an agent that scrapes:
// the health of the target, which every scrape yields, comes with them.
func TestAgent(t *testing.T) {
	t.Parallel()
	scrapes := runAgent(t)
	for name, tc := range map[string]struct {
		starts bool
		encode func(rapid.TB, int64, []point) request
	}{"remote write 1.0": {false, writeV1}, "remote write 2.0": {true, writeV2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.UnixMilli(scrapes[len(scrapes)-1][0].t).Add(time.Second)
			here, there := newStation(t, now), newStation(t, now)
			for _, samples := range scrapes {
				app := here.collector.AppenderV2(t.Context())
				var points []point
				for _, s := range samples {
					if !tc.starts {
						s.st = 0
					}
					_, err := app.Append(0, s.labels, s.st, s.t, s.v, nil, nil, storage.AOptions{})
					here.must(err)
					points = append(points, point{st: s.st, v: s.v, whole: s.labels})
				}
				here.must(app.Commit())
				there.deliver(tc.encode(t, samples[0].t, points), nil)
			}
			want := here.books()
			if len(counts(want)["api/availability"]) == 0 {
				t.Fatal("the scrapes counted nothing")
			}
			if diff := cmp.Diff(want, there.books()); diff != "" {
				t.Errorf("counts something else than the scrape (-scraped +pushed):\n%s", diff)
			}
		})
	}
}

// runAgent scrapes a program whose counters grow with each scrape.
func runAgent(t *testing.T) [][]scraped {
	t.Helper()
	registry := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"code"})
	latency := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latency_seconds", Buckets: []float64{0.25, 1}})
	registry.MustRegister(requests, latency, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "scraped"}, func() float64 {
		requests.WithLabelValues("200").Add(5)
		requests.WithLabelValues("500").Inc()
		latency.Observe(0.5)
		return 1
	}))
	srv := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(srv.Close)
	jobs, err := scrape.ParseJobs(fmt.Appendf(nil, `
- job_name: shop/api
  scrape_interval: 50ms
  scrape_timeout: 50ms
  static_configs: [{targets: [%q]}]
`, strings.TrimPrefix(srv.URL, "http://")))
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{done: make(chan struct{})}
	s, err := scrape.New(scrape.Config{Appender: a, Jobs: jobs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	select {
	case <-a.done:
	case <-time.After(time.Minute):
		t.Error("the target is not scraped")
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.scrapes[:enoughScrapes]
}
