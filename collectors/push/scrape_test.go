package push_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"plimsoll/collectors/scrape"
	"plimsoll/slo"
)

// exposition is how a program exposes its metrics.
type exposition string

const (
	text        exposition = "PrometheusText0.0.4"  // has no start timestamps
	protobuf    exposition = "PrometheusProto"      // has them
	openMetrics exposition = "OpenMetricsText1.0.0" // has them in lines of their own
)

// scraping is what came of scraping a program.
type scraping struct {
	books map[slo.Key]book
	// samples are those of each scrape, in the order in which they were appended.
	samples [][]point
	first   int64 // when it was scraped first, in Unix milliseconds
}

// resolver is held by one bubble at a time. Prometheus's scraper asks for the name of its host, and the resolver of the standard library lets
// those who ask at the same time share an answer. What it keeps for good must not belong to a bubble, either.
var resolver sync.Mutex

// scraped serves a history over HTTP, one moment a scrape, to the scraper of Plimsoll. Time is that of a bubble, in which
// nothing takes any. The scrapes begin a little later than the history has it.
func scraped(t *testing.T, history []moment, interval time.Duration, how exposition) scraping {
	t.Helper()
	resolver.Lock()
	defer resolver.Unlock()
	_, _ = net.LookupHost("localhost")
	var s scraping
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(historyStart))
		station := newStation(t, historyEnd)
		log := &sampleLog{to: station.collector, complete: make(chan struct{}), want: len(history)}
		target := newPipes()
		server := &http.Server{Handler: program(history, how, &s.first)}
		go func() { _ = server.Serve(target) }()
		jobs, err := scrape.ParseJobs(fmt.Appendf(nil, `[{job_name: shop/api, scrape_interval: %v, scrape_protocols: [%s], static_configs: [{targets: ["a:80"]}]}]`, interval, how))
		station.must(err)
		scraper, err := scrape.New(scrape.Config{Appender: log, Jobs: jobs, Dial: target.dial, Logger: slog.New(slog.DiscardHandler)})
		station.must(err)
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- scraper.Run(ctx) }()
		<-log.complete
		s.books, s.samples = station.books(), log.scrapes
		stop()
		station.must(<-stopped)
		station.must(server.Close())
	})
	return s
}

// program exposes one moment after the other. It notes when it was asked for the first.
func program(history []moment, how exposition, first *int64) http.Handler {
	i := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i == 0 {
			*first = time.Now().UnixMilli()
		}
		m := history[min(i, len(history)-1)]
		i++
		if m.down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		m = m.later(*first - history[0].t)
		format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
		w.Header().Set("Content-Type", string(format))
		encoder := expfmt.NewEncoder(w, format, expfmt.WithCreatedLines())
		for _, f := range m.families() {
			_ = encoder.Encode(f)
		}
		if end, ok := encoder.(expfmt.Closer); ok {
			_ = end.Close()
		}
	})
}

// families are what a client library makes of a moment.
func (m moment) families() []*dto.MetricFamily {
	var families []*dto.MetricFamily
	requests := &dto.MetricFamily{Name: proto.String("requests_total"), Help: proto.String("Requests."), Type: dto.MetricType_COUNTER.Enum()}
	for _, code := range codes {
		if c, ok := m.requests[code]; ok {
			requests.Metric = append(requests.Metric, &dto.Metric{
				Label:   []*dto.LabelPair{{Name: proto.String("code"), Value: proto.String(code)}},
				Counter: &dto.Counter{Value: proto.Float64(float64(c.value)), CreatedTimestamp: timestamppb.New(time.UnixMilli(c.began))},
			})
		}
	}
	if len(requests.Metric) > 0 {
		families = append(families, requests)
	}
	if m.measured {
		h := &dto.Histogram{SampleSum: proto.Float64(1), CreatedTimestamp: timestamppb.New(time.UnixMilli(m.latency[0].began))}
		below := uint64(0)
		for i, bound := range []float64{0.25, 1} {
			below += uint64(m.latency[i].value)
			h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: proto.Float64(bound), CumulativeCount: proto.Uint64(below)})
		}
		h.SampleCount = proto.Uint64(below + uint64(m.latency[2].value))
		families = append(families, &dto.MetricFamily{
			Name: proto.String("latency_seconds"), Help: proto.String("Latency."), Type: dto.MetricType_HISTOGRAM.Enum(), Metric: []*dto.Metric{{Histogram: h}},
		})
	}
	return families
}

// sampleLog writes down what is appended, scrape by scrape, and passes it on.
type sampleLog struct {
	to       storage.AppendableV2
	scrapes  [][]point
	want     int
	complete chan struct{} // closed when there were as many scrapes as are wanted
}

type loggedAppender struct {
	storage.AppenderV2
	log    *sampleLog
	points []point
}

func (l *sampleLog) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return &loggedAppender{AppenderV2: l.to.AppenderV2(ctx), log: l}
}

func (a *loggedAppender) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	a.points = append(a.points, point{labels: ls, st: st, t: t, v: v})
	return a.AppenderV2.Append(ref, ls, st, t, v, h, fh, o)
}

func (a *loggedAppender) Commit() error {
	err := a.AppenderV2.Commit()
	if len(a.points) > 0 && len(a.log.scrapes) < a.log.want {
		if a.log.scrapes = append(a.log.scrapes, a.points); len(a.log.scrapes) == a.log.want {
			close(a.log.complete)
		}
	}
	return err
}

// pipes are connections within the process.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
