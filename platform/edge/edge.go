package edge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"golang.org/x/sync/singleflight"

	"plimsoll/platform/httpmetrics"
	"plimsoll/platform/origin"
)

// Role is the value of the role label of this listener's metrics.
const Role = "edge"

// route is the one pattern that the edge serves.
const route = "/v/{id}/*"

// Config of an edge.
type Config struct {
	// Fetch reads from the origin. Required.
	Fetch origin.Fetch
	// Capacity is how many bytes are kept in memory; 256 MiB if zero.
	Capacity int64
	// StaleIfError is how long past its freshness an object may stand in for an origin that cannot answer; 1 h if zero.
	StaleIfError time.Duration
	// FetchTimeout bounds one fetch; 10 s if zero.
	FetchTimeout time.Duration
	// HTTP counts the requests, Metrics the cache. Required.
	HTTP    *httpmetrics.Metrics
	Metrics *Metrics
	Logger  *slog.Logger
	Now     func() time.Time
}

// retryOrigin is how long an origin that could not answer for an object is left alone while an old copy stands in.
const retryOrigin = time.Second

// Edge is the caching tier as a handler.
type Edge struct {
	cfg     Config
	objects *otter.Cache[string, *object]
	fetches singleflight.Group
	handler http.Handler
}

// New makes an edge with nothing in memory.
func New(cfg Config) (*Edge, error) {
	if cfg.Fetch == nil || cfg.HTTP == nil || cfg.Metrics == nil {
		return nil, errors.New("the edge needs an origin and metrics")
	}
	if cfg.Capacity < 0 {
		return nil, fmt.Errorf("the edge cannot keep %d bytes", cfg.Capacity)
	}
	cfg.Capacity = cmp.Or(cfg.Capacity, 256<<20)
	cfg.StaleIfError = cmp.Or(cfg.StaleIfError, time.Hour)
	cfg.FetchTimeout = cmp.Or(cfg.FetchTimeout, 10*time.Second)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	objects, err := otter.New(&otter.Options[string, *object]{
		MaximumWeight: uint64(cfg.Capacity),
		Weigher:       func(path string, o *object) uint32 { return o.weight(path) },
		// Evict where the object comes in: a busy machine gets round to a task of its own late, and until then memory has no bound.
		Executor: func(evict func()) { evict() },
	})
	if err != nil {
		return nil, fmt.Errorf("make edge cache: %w", err)
	}
	e := &Edge{cfg: cfg, objects: objects}
	cfg.Metrics.watch(objects.WeightedSize)
	counted := cfg.HTTP.Middleware(Role, routeOf)(http.HandlerFunc(e.serve))
	e.handler = otelhttp.NewHandler(counted, Role, otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
		return r.Method + " " + cmp.Or(routeOf(r), httpmetrics.Unmatched)
	}))
	return e, nil
}

// Handler serves viewers.
func (e *Edge) Handler() http.Handler { return e.handler }

func routeOf(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, "/v/") {
		return route
	}
	return ""
}

// result says where an answer came from.
type result string

const (
	hit   result = "hit"   // from memory, fresh
	miss  result = "miss"  // from the origin
	stale result = "stale" // from memory, because the origin could not answer
)

// find returns the object at a path from memory or from the origin.
func (e *Edge) find(ctx context.Context, path string) (*object, result, error) {
	if o, ok := e.objects.GetIfPresent(path); ok && e.cfg.Now().Before(o.freshUntil) {
		return o, o.from, nil
	}
	fetched := e.fetches.DoChan(path, func() (any, error) { return e.fetch(context.WithoutCancel(ctx), path) })
	select {
	case r := <-fetched:
		o, _ := r.Val.(*object)
		switch {
		case r.Err != nil:
			return nil, miss, r.Err
		case o.from == stale:
			return o, stale, nil
		default:
			return o, miss, nil
		}
	case <-ctx.Done():
		return nil, miss, ctx.Err()
	}
}

// fetch runs once for all who wait for a path.
func (e *Edge) fetch(ctx context.Context, path string) (*object, error) {
	held, _ := e.objects.GetIfPresent(path)
	if held != nil && e.cfg.Now().Before(held.freshUntil) { // the fetch before this one ended after the caller had looked
		return held, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.FetchTimeout)
	defer cancel()
	fetched, err := e.cfg.Fetch(ctx, path)
	now := e.cfg.Now()
	switch {
	case err == nil:
		e.cfg.Metrics.origin("object")
		o := newObject(fetched, now, e.cfg.StaleIfError)
		e.objects.Set(path, o)
		return o, nil
	case errors.Is(err, origin.ErrAbsent):
		e.cfg.Metrics.origin("absent")
		e.objects.Invalidate(path)
		return nil, err
	}
	e.cfg.Metrics.origin("unavailable")
	if held == nil || !now.Before(held.staleUntil) {
		return nil, err
	}
	e.cfg.Logger.WarnContext(ctx, "serving an old copy because the origin cannot answer", "path", path, "err", err)
	o := held.standIn(now.Add(retryOrigin))
	e.objects.Set(path, o)
	return o, nil
}
