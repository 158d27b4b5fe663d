package push_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"

	"plimsoll/collectors"
	"plimsoll/collectors/push"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// BenchmarkWrite measures what a sample costs that arrives by remote write 1.0, in a stream of which an objective wants one series in ten: here, and
// in Prometheus with its database. The requests are the same: 2,000 samples each, one of every series every 15 s, as Prometheus sends
// them.
//
// The time of an operation is that of one sample. A request is served in the goroutine that measures, and what goes on beside it, the garbage
// collector and the database's work in the background, is in cpu-ns/sample: the time that all cores spent on the process.
func BenchmarkWrite(b *testing.B) {
	b.Run("ours", func(b *testing.B) { benchmarkWrite(b, ourHandler) })
	b.Run("prometheus", func(b *testing.B) { benchmarkWrite(b, prometheusHandler) })
}

const (
	benchSeries  = 50_000
	benchRequest = 2_000 // samples
)

var benchStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// benchClock is where the stream has come to.
type benchClock struct{ now time.Time }

func ourHandler(b *testing.B, clock *benchClock) http.Handler {
	b.Helper()
	now := func() time.Time { return clock.now }
	l := ledger.New(ledger.Config{Now: now})
	c, err := collectors.New(collectors.Config{Ledger: l, Now: now})
	if err != nil {
		b.Fatal(err)
	}
	objective := &slo.Objective{
		Key: "api/availability", Service: "api", Target: slo.One / 1000 * 999, Window: slo.Window{Length: 30 * 24 * time.Hour}, Method: slo.Occurrences,
		Indicator: slo.Indicator{Good: `sum(http_requests_total{code=~"2.."})`, Total: `sum(http_requests_total)`},
	}
	if err := c.SetObjectives([]*slo.Objective{objective}); err != nil {
		b.Fatal(err)
	}
	r, err := push.New(push.Config{
		Appender: c, Deltas: c.Deltas(), Sync: func(context.Context) error { return nil }, Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	return r.Write()
}

func prometheusHandler(b *testing.B, _ *benchClock) http.Handler {
	b.Helper()
	db, err := tsdb.Open(b.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	logger := slog.New(slog.DiscardHandler)
	return remote.NewWriteHandler(logger, prometheus.NewRegistry(), db, remoteapi.MessageTypes{remoteapi.WriteV1MessageType}, false, false)
}

func benchmarkWrite(b *testing.B, handler func(*testing.B, *benchClock) http.Handler) {
	clock := &benchClock{now: benchStart}
	h := handler(b, clock)
	requests := benchRequests()
	serve := func(body []byte) {
		req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/v1/write", bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/x-protobuf")
		req.Header.Set("Content-Encoding", "snappy")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != http.StatusNoContent {
			answer, _ := io.ReadAll(w.Body)
			b.Fatalf("status %d: %s", w.Code, answer)
		}
	}
	for i := range requests { // the first round, in which all series are new
		serve(requests[i].at(b, clock.now, 0))
	}
	b.ReportAllocs()
	var used time.Duration
	n := 0
	b.ResetTimer()
	for round := 1; n < b.N; round++ {
		clock.now = clock.now.Add(15 * time.Second)
		b.StopTimer()
		bodies := make([][]byte, len(requests))
		for i := range requests {
			bodies[i] = requests[i].at(b, clock.now, round)
		}
		runtime.GC() // what is collected from here on is garbage of the handler, not of the sender
		b.StartTimer()
		began := cpuTime(b)
		for _, body := range bodies {
			if n >= b.N {
				break
			}
			serve(body)
			n += benchRequest
		}
		used += cpuTime(b) - began
	}
	b.StopTimer()
	b.ReportMetric(float64(used.Nanoseconds())/float64(n), "cpu-ns/sample")
	b.ReportMetric(float64(n)/used.Seconds(), "samples/core-s")
}

// cpuTime returns how long all cores have worked for the process.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchBatch is a request that is sent again and again, with new times and values.
type benchBatch struct{ prompb.WriteRequest }

func (r *benchBatch) at(b *testing.B, t time.Time, round int) []byte {
	b.Helper()
	for i := range r.Timeseries {
		r.Timeseries[i].Samples[0] = prompb.Sample{Value: float64(round * (i%7 + 1)), Timestamp: t.UnixMilli()}
	}
	raw, err := r.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	return snappy.Encode(nil, raw)
}

// benchRequests returns one round of the stream, in series as a service in Kubernetes has them.
func benchRequests() []*benchBatch {
	batches := make([]*benchBatch, benchSeries/benchRequest)
	for i := range batches {
		batches[i] = &benchBatch{}
		for j := range benchRequest {
			n := i*benchRequest + j
			name := fmt.Sprintf("go_some_metric_%d", n%10)
			if n%10 == 0 {
				name = "http_requests_total"
			}
			pairs := []string{
				"__name__", name, "cluster", "production-eu-west-1", "code", []string{"200", "404", "500"}[n/10%3], "container", "api",
				"handler", fmt.Sprintf("/api/v1/things/%d", n/10%200), "instance", fmt.Sprintf("10.0.%d.%d:8080", n/2000/256, n/2000%256), "job", "api", "method", "GET",
				"namespace", "shop", "pod", fmt.Sprintf("api-7d4b9c6f5-%05d", n/2000), "service", "api",
			}
			ts := prompb.TimeSeries{Samples: make([]prompb.Sample, 1)}
			for k := 0; k < len(pairs); k += 2 {
				ts.Labels = append(ts.Labels, prompb.Label{Name: pairs[k], Value: pairs[k+1]})
			}
			batches[i].Timeseries = append(batches[i].Timeseries, ts)
		}
	}
	return batches
}
