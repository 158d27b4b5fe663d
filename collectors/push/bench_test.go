package push_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"

	"plimsoll/collectors"
	"plimsoll/collectors/push"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// These measure what a sample costs that is pushed, in a stream of which an objective wants one series in ten: here, and in Prometheus, which keeps
// all of them in its database. The requests are the same: 2,000 samples each, one of every series every 15 s, as senders write them.
//
// The time of an operation is that of one sample. A request is served in the goroutine that measures, and what goes on beside it, the garbage
// collector and the database's work in the background, is in cpu-ns/sample: the time that all cores spent on the process.

// BenchmarkWrite takes remote write 1.0.
func BenchmarkWrite(b *testing.B) { benchmarkStream(b, streamV1) }

// BenchmarkWriteV2 takes remote write 2.0.
func BenchmarkWriteV2(b *testing.B) { benchmarkStream(b, streamV2) }

// BenchmarkOTLP takes OTLP.
func BenchmarkOTLP(b *testing.B) { benchmarkStream(b, streamOTLP) }

func benchmarkStream(b *testing.B, s stream) {
	b.Run("ours", func(b *testing.B) {
		clock := &benchClock{now: benchStart}
		s.measure(b, clock, s.ours(ourReceiver(b, clock)))
	})
	b.Run("prometheus", func(b *testing.B) {
		db, err := tsdb.Open(b.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		s.measure(b, &benchClock{now: benchStart}, s.peer(db))
	})
}

// stream is one way to push.
type stream struct {
	header   map[string]string
	ours     func(*push.Receiver) http.Handler
	peer     func(*tsdb.DB) http.Handler
	requests func() []message // one round of all series
}

// message is a request that is sent again and again, with new times and values.
type message interface {
	at(b *testing.B, t time.Time, round int) []byte
}

func writePeer(message remoteapi.WriteMessageType) func(*tsdb.DB) http.Handler {
	return func(db *tsdb.DB) http.Handler {
		return remote.NewWriteHandler(slog.New(slog.DiscardHandler), prometheus.NewRegistry(), db, remoteapi.MessageTypes{message}, false, false)
	}
}

func otlpPeer(db *tsdb.DB) http.Handler {
	return remote.NewOTLPWriteHandler(slog.New(slog.DiscardHandler), prometheus.NewRegistry(), db,
		func() config.Config { return config.DefaultConfig }, remote.OTLPOptions{LookbackDelta: 5 * time.Minute})
}

const (
	benchSeries  = 50_000
	benchRequest = 2_000 // samples
)

var benchStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// benchClock is where the stream has come to.
type benchClock struct{ now time.Time }

func ourReceiver(b *testing.B, clock *benchClock) *push.Receiver {
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
	return r
}

// measure sends the stream, round by round.
func (s stream) measure(b *testing.B, clock *benchClock, h http.Handler) {
	b.Helper()
	requests := s.requests()
	serve := func(body []byte) {
		req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/", bytes.NewReader(body))
		for name, value := range s.header {
			req.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code/100 != 2 {
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
