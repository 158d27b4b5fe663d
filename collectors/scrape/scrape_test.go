package scrape_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plimsoll/collectors"
	"plimsoll/collectors/scrape"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// program is a target that can be restarted without changing its address.
type program struct {
	addr    string
	down    atomic.Bool
	handler atomic.Pointer[http.Handler]
	counter *prometheus.CounterVec
	text    bool // it speaks only the text format, without start timestamps
}

func startProgram(t *testing.T, text bool) *program {
	t.Helper()
	p := &program{text: text}
	p.restart()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.down.Load() {
			// Announces more than it sends: the exposition breaks off.
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "requests_total{code=\"200\"} 1000000\n")
			return
		}
		(*p.handler.Load()).ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	p.addr = strings.TrimPrefix(srv.URL, "http://")
	return p
}

func (p *program) restart() {
	registry := prometheus.NewRegistry()
	p.counter = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total", Help: "Requests."}, []string{"code"})
	registry.MustRegister(p.counter)
	exposition := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.text {
			r.Header.Del("Accept")
		}
		exposition.ServeHTTP(w, r)
	}))
	p.handler.Store(&handler)
}

func (p *program) count(code string, n int) { p.counter.WithLabelValues(code).Add(float64(n)) }

var availability = &slo.Objective{
	Key: "api/availability", Service: "api", DisplayName: "Availability", Target: 999_000_000,
	Window: slo.Window{Length: time.Hour}, Method: slo.Occurrences,
	Indicator: slo.Indicator{Good: `sum(rate(requests_total{code="200"}[1m]))`, Total: `sum(rate(requests_total[1m]))`},
}

// plimsoll is a scraper with its collector, as a process has them.
type plimsoll struct {
	ledger  *ledger.Ledger
	scraper *scrape.Scraper
	stop    func()
}

func startPlimsoll(t *testing.T, l *ledger.Ledger, jobs string) *plimsoll {
	t.Helper()
	c, err := collectors.New(collectors.Config{Ledger: l})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetObjectives([]*slo.Objective{availability}); err != nil {
		t.Fatal(err)
	}
	s, err := scrape.New(scrape.Config{Appender: c, Jobs: parse(t, jobs)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return &plimsoll{l, s, stop}
}

func parse(t *testing.T, jobs string) scrape.Jobs {
	t.Helper()
	j, err := scrape.ParseJobs([]byte(jobs))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// job is a job that scrapes often.
func job(name string, addrs ...string) string {
	return fmt.Sprintf("- job_name: %s\n  scrape_interval: 50ms\n  scrape_timeout: 50ms\n  static_configs:\n  - targets: [%s]\n    labels: {service: api}\n",
		name, strings.Join(addrs, ", "))
}

// await blocks until the ledger holds exactly these events.
func (p *plimsoll) await(t *testing.T, good, total int64) {
	t.Helper()
	want := slo.Counts{Good: good, Total: total}
	var got slo.Reading
	eventually(t, func() bool {
		s, _ := p.ledger.Status(availability.Key, time.Now())
		got = s.Window
		return got.Counts == want
	}, func() string { return fmt.Sprintf("got %+v, want %+v; targets %+v", got, want, p.scraper.Targets()) })
}

// eventually polls until ok, up to a deadline that only a fault reaches.
func eventually(t *testing.T, ok func() bool, state func() string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(state())
		}
	}
}

func TestEveryEventIsCountedOnce(t *testing.T) {
	t.Parallel()
	target := startProgram(t, false)
	target.count("200", 7) // before anybody looks: the start timestamp tells from when
	l := ledger.New(ledger.Config{})
	p := startPlimsoll(t, l, job("api", target.addr))
	p.await(t, 7, 7)

	target.count("500", 5)
	target.count("200", 1)
	p.await(t, 8, 13)

	target.restart()
	target.count("200", 20) // more than before, so that only the start timestamp gives the restart away
	p.await(t, 28, 33)

	p.stop()
	target.count("200", 4)
	target.count("503", 2)
	p = startPlimsoll(t, l, job("api", target.addr))
	p.await(t, 32, 39)
}

func TestTextFormatWithoutStartTimestamps(t *testing.T) {
	t.Parallel()
	target := startProgram(t, true)
	target.count("200", 7) // unknown how long ago: counting begins here
	l := ledger.New(ledger.Config{})
	p := startPlimsoll(t, l, job("api", target.addr))
	p.awaitHealth(t, scrape.Up)

	target.count("500", 5) // a series that was not there in the scrape before
	p.await(t, 0, 5)
	target.count("200", 1)
	p.await(t, 1, 6)

	target.restart()
	target.count("200", 3) // fewer than before
	p.await(t, 4, 9)

	p.stop()
	target.count("200", 4)
	p = startPlimsoll(t, l, job("api", target.addr))
	p.await(t, 8, 13)
}

func (p *plimsoll) awaitHealth(t *testing.T, want scrape.Health) scrape.Target {
	t.Helper()
	var targets []scrape.Target
	eventually(t, func() bool {
		targets = p.scraper.Targets()
		return len(targets) == 1 && targets[0].Health == want
	}, func() string { return fmt.Sprintf("targets %+v, want one that is %s", targets, want) })
	return targets[0]
}

// A scrape that breaks off books nothing of what it had read, and counting goes on after it.
func TestHalfScrapeCountsNothing(t *testing.T) {
	t.Parallel()
	target := startProgram(t, false)
	target.count("200", 1)
	p := startPlimsoll(t, ledger.New(ledger.Config{}), job("api", target.addr))
	p.await(t, 1, 1)
	if up := p.awaitHealth(t, scrape.Up); up.LastError != "" || up.LastScrape.IsZero() || up.Job != "api" ||
		up.Instance != target.addr || up.Labels["service"] != "api" || up.Families == 0 {
		t.Errorf("target: %+v", up)
	}
	target.down.Store(true)
	if down := p.awaitHealth(t, scrape.Down); down.LastError == "" {
		t.Errorf("target is down without an error: %+v", down)
	}
	target.down.Store(false)
	target.count("200", 1)
	p.await(t, 2, 2)
}

// A program that answers scrapes but had no request yet is observed: no traffic is not no data.
func TestNoTrafficIsObserved(t *testing.T) {
	t.Parallel()
	target := startProgram(t, false)
	p := startPlimsoll(t, ledger.New(ledger.Config{}), job("web", target.addr))
	var got slo.Status
	eventually(t, func() bool {
		got, _ = p.ledger.Status(availability.Key, time.Now())
		return got.Window.Observed > 0
	}, func() string { return fmt.Sprintf("status %+v", got) })
	if got.Window.Total != 0 {
		t.Errorf("counted %+v", got.Window)
	}
}

func TestApplyReplacesJobs(t *testing.T) {
	t.Parallel()
	first, second := startProgram(t, false), startProgram(t, false)
	p := startPlimsoll(t, ledger.New(ledger.Config{}), job("api", first.addr))
	p.awaitHealth(t, scrape.Up)
	second.count("200", 3)
	if err := p.scraper.Apply(parse(t, job("other", second.addr))); err != nil {
		t.Fatal(err)
	}
	p.await(t, 3, 3)
	if got := p.awaitHealth(t, scrape.Up); got.Job != "other" {
		t.Errorf("target: %+v", got)
	}
}
