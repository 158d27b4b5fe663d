// Package promtest runs a real Prometheus in the test process: its database, its query engine and its HTTP API, without its scrape
// loops and pages. It is for tests only.
package promtest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

// Prometheus is a running server.
type Prometheus struct {
	URL    string
	DB     *tsdb.DB
	Engine *promql.Engine
}

// keep is how long samples are kept; it is also the range of a block, so that tests may append a month in one go.
const keep = 120 * 24 * time.Hour

// New starts a Prometheus with an empty database, which ends with the test. Handlers around its own may be given, outermost first.
func New(t testing.TB, around ...func(http.Handler) http.Handler) *Prometheus {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	opts := tsdb.DefaultOptions()
	opts.RetentionDuration = keep.Milliseconds()
	opts.MinBlockDuration, opts.MaxBlockDuration = keep.Milliseconds(), keep.Milliseconds()
	opts.WALSegmentSize = -1 // nothing outlives the test
	db, err := tsdb.Open(t.TempDir(), logger, prometheus.NewRegistry(), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &Prometheus{DB: db, Engine: promql.NewEngine(promql.EngineOpts{
		Logger: logger, MaxSamples: 50_000_000, Timeout: time.Minute, EnableAtModifier: true, Parser: parser.NewParser(parser.Options{}),
	})}
	handler := p.handler(logger)
	for i := len(around) - 1; i >= 0; i-- {
		handler = around[i](handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// handler is the HTTP API as the program prometheus has it.
func (p *Prometheus) handler(logger *slog.Logger) http.Handler {
	api := v1.NewAPI(p.Engine, p.DB, nil, nil, nil, nil, nil,
		func() config.Config { return config.Config{} }, nil, v1.GlobalURLOptions{},
		func(h http.HandlerFunc) http.HandlerFunc { return h },
		admin{p.DB}, p.DB.Dir(), false, false, 0, logger, nil, 0, 0, 0, false, nil,
		nil, nil, nil, nil, prometheus.NewRegistry(), prometheus.NewRegistry(), nil,
		false, nil, false, false, false, 5*time.Minute, false, false, nil, nil,
		v1.OpenAPIOptions{}, parser.NewParser(parser.Options{}), false, time.Minute)
	router := route.New()
	api.Register(router.WithPrefix("/api/v1"))
	return router
}

// admin is the database as the API administers it.
type admin struct{ *tsdb.DB }

// BlockMetas implements [v1.TSDBAdminStats].
func (a admin) BlockMetas() ([]tsdb.BlockMeta, error) { return a.DB.BlockMetas(), nil }

// Stats implements [v1.TSDBAdminStats].
func (a admin) Stats(label string, limit int) (*tsdb.Stats, error) {
	return a.Head().Stats(label, limit), nil
}

// WALReplayStatus implements [v1.TSDBAdminStats].
func (admin) WALReplayStatus() (tsdb.WALReplayStatus, error) { return tsdb.WALReplayStatus{}, nil }

// Sample is one sample of a series.
type Sample struct {
	Labels labels.Labels
	T      int64 // Unix milliseconds
	V      float64
}

// Append stores samples.
func (p *Prometheus) Append(t testing.TB, samples ...Sample) {
	t.Helper()
	refs := map[uint64]storage.SeriesRef{}
	app := p.DB.Appender(t.Context())
	for _, s := range samples {
		hash := s.Labels.Hash()
		ref, err := app.Append(refs[hash], s.Labels, s.T, s.V)
		if err != nil {
			t.Fatalf("append %s at %d: %v", s.Labels, s.T, err)
		}
		refs[hash] = ref
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}
