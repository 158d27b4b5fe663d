package scrape_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"plimsoll/collectors"
	"plimsoll/collectors/scrape"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// BenchmarkScrape measures what a sample costs that is scraped, from the request over HTTP to the commit, of a target with 10,000 series of which an
// objective wants one in ten: here, and with Prometheus's database behind the same scraper, which is Prometheus's.
//
// The scraper waits between two scrapes, and so the time of an operation means nothing. cpu-ns/sample is the time that all cores spent on
// the process, the target among it.
func BenchmarkScrape(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		c, err := collectors.New(collectors.Config{Ledger: ledger.New(ledger.Config{})})
		if err != nil {
			b.Fatal(err)
		}
		if err := c.SetObjectives([]*slo.Objective{availability}); err != nil {
			b.Fatal(err)
		}
		benchmarkScrape(b, c)
	})
	b.Run("prometheus", func(b *testing.B) {
		db, err := tsdb.Open(b.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		benchmarkScrape(b, db)
	})
}

const (
	warm     = 3  // scrapes after which everything is known that will be scraped
	measured = 10 // scrapes, at least
)

func benchmarkScrape(b *testing.B, to storage.AppendableV2) {
	e := newExposition()
	last := warm + max(measured, b.N/benchSeries)
	var began, used time.Duration
	done := make(chan struct{})
	scrapes := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch scrapes++; scrapes {
		case warm:
			began = cpuTime(b)
		case last:
			used = cpuTime(b) - began
			close(done)
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write(e.next(scrapes))
	}))
	b.Cleanup(srv.Close)
	jobs, err := scrape.ParseJobs(fmt.Appendf(nil, `[{job_name: api, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [{targets: [%q]}]}]`,
		strings.TrimPrefix(srv.URL, "http://")))
	if err != nil {
		b.Fatal(err)
	}
	s, err := scrape.New(scrape.Config{Appender: to, Jobs: jobs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	stopped := make(chan error, 1)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	go func() { stopped <- s.Run(ctx) }()
	<-done
	for _, target := range s.Targets() {
		if target.Health != scrape.Up {
			b.Errorf("the target is %s: %s", target.Health, target.LastError)
		}
	}
	stop()
	if err := <-stopped; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(used.Nanoseconds())/float64((last-warm)*benchSeries), "cpu-ns/sample")
}

const benchSeries = 10_000

// exposition is what the target exposes. Only the values change, all of the same width, so that to write it costs next to nothing.
type exposition struct {
	text   []byte
	values []int // where they begin
}

func newExposition() *exposition {
	var e exposition
	var text bytes.Buffer
	for n := range benchSeries {
		name := fmt.Sprintf("go_some_metric_%d", n%10)
		if n%10 == 0 {
			name = "requests_total"
		}
		fmt.Fprintf(&text, "%s{code=%q,container=\"api\",handler=\"/api/v1/things/%d\",method=\"GET\",namespace=\"shop\",pod=\"api-7d4b9c6f5-xkqzp\"} ",
			name, []string{"200", "404", "500"}[n/10%3], n/30)
		e.values = append(e.values, text.Len())
		text.WriteString("000000000\n")
	}
	e.text = text.Bytes()
	return &e
}

func (e *exposition) next(value int) []byte {
	v := fmt.Appendf(nil, "%09d", value)
	for _, at := range e.values {
		copy(e.text[at:], v)
	}
	return e.text
}

// cpuTime returns how long all cores have worked for the process.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Error(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
