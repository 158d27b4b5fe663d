package platform

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"plimsoll/platform/cache"
	"plimsoll/platform/catalog"
	"plimsoll/platform/edge"
	"plimsoll/platform/fault"
	"plimsoll/platform/gateway"
	"plimsoll/platform/gateway/apikey"
	"plimsoll/platform/httpmetrics"
	"plimsoll/platform/ingest"
	"plimsoll/platform/origin"
	"plimsoll/platform/playback"
	"plimsoll/platform/queue"
)

// parts are what roles share while they are wired.
type parts struct {
	http     *httpmetrics.Metrics
	cache    *cache.Metrics
	edgeAt   *listener
	playback *playback.Playback
	ingest   *ingest.Service
}

// wire makes the roles of this process and opens their listeners.
func (p *process) wire(ctx context.Context) (err error) {
	s := &parts{http: httpmetrics.New(p.reg), cache: cache.NewMetrics(p.reg)}
	if p.opsAt, err = listen(ctx, "ops", p.cfg.Listen.Ops); err != nil {
		return err
	}
	for _, role := range []struct {
		wanted bool
		wire   func(context.Context, *parts) error
	}{
		{p.cfg.has(Edge), p.openEdge}, // its address is part of what playback answers
		{p.cfg.has(Playback), p.wirePlayback},
		{p.cfg.has(Edge), p.wireEdge},
		{p.cfg.has(Ingest) || p.cfg.has(Worker), p.wireIngest},
		{p.cfg.has(Worker), p.wireWorker},
		{p.cfg.has(Gateway), p.wireGateway},
	} {
		if role.wanted {
			if err := role.wire(ctx, s); err != nil {
				return err
			}
		}
	}
	p.opsAt.handle(p.ops.handler(p.reg), p.logger)
	p.at.Ops = p.opsAt.url()
	if p.storage.process != nil {
		p.at.Blob = p.storage.process.Endpoint()
	}
	return nil
}

// openPublic opens a listener that is drained at the stop.
func (p *process) openPublic(ctx context.Context, name, addr string) (*listener, error) {
	l, err := listen(ctx, name, addr)
	if err == nil {
		p.public = append(p.public, l)
	}
	return l, err
}

func (p *process) openEdge(ctx context.Context, s *parts) (err error) {
	s.edgeAt, err = p.openPublic(ctx, "edge", p.cfg.Listen.Edge)
	p.at.Edge = s.edgeAt.url()
	return err
}

func (p *process) wirePlayback(ctx context.Context, s *parts) (err error) {
	edgeURL := p.cfg.Edge.URL
	if edgeURL == "" {
		edgeURL = s.edgeAt.url()
	}
	s.playback, err = playback.New(playback.Config{Catalog: catalog.New(p.db.pool), Objects: p.storage.store,
		EdgeURL: edgeURL, Metrics: s.cache})
	if err != nil || p.cfg.Listen.Origin == "" {
		return err
	}
	l, err := p.openPublic(ctx, "origin", p.cfg.Listen.Origin)
	if err != nil {
		return err
	}
	counted := s.http.Middleware(string(Playback), func(*http.Request) string { return "/v/{id}/*" })
	l.handle(otelhttp.NewHandler(counted(origin.Handler(s.playback.Fetch, p.logger)), string(Playback)), p.logger)
	p.at.Origin = l.url()
	return nil
}

func (p *process) wireEdge(_ context.Context, s *parts) error {
	fetch := origin.Client(p.cfg.Edge.Origin)
	if p.cfg.Edge.Origin == "" {
		fetch = s.playback.Fetch
	}
	e, err := edge.New(edge.Config{Fetch: fetch, Capacity: p.cfg.Edge.CacheBytes, StaleIfError: p.cfg.Edge.StaleIfError,
		HTTP: s.http, Metrics: edge.NewMetrics(p.reg), Logger: p.logger})
	if err != nil {
		return err
	}
	s.edgeAt.handle(e.Handler(), p.logger)
	return nil
}

// wireIngest makes the uploads' service. Workers have it too: they sweep abandoned uploads.
func (p *process) wireIngest(_ context.Context, s *parts) error {
	tasks, err := queue.NewClient(p.db.pool, p.logger)
	if err != nil {
		return err
	}
	s.ingest, err = ingest.New(ingest.Config{Pool: p.db.pool, Objects: p.storage.store, Queue: tasks, Metrics: ingest.NewMetrics(p.reg),
		MaxSize: p.cfg.Uploads.MaxSize, PartSize: p.cfg.Uploads.PartSize, UploadTTL: p.cfg.Uploads.TTL, Logger: p.logger})
	return err
}

func (p *process) wireGateway(ctx context.Context, s *parts) error {
	keys, err := apikey.New(apikey.Config{Pool: p.db.pool, Metrics: s.cache})
	if err != nil {
		return err
	}
	var register []func(huma.API)
	if p.cfg.has(Ingest) {
		register = append(register, (&ingest.Handlers{Service: s.ingest}).Register)
	}
	if p.cfg.has(Playback) {
		register = append(register, s.playback.Register)
	}
	cfg := gateway.Config{Authenticate: keys.Authenticate, ErrBadKey: apikey.ErrBadKey, Register: register, Metrics: s.http,
		Limits: p.cfg.Gateway.Limits, RequestTimeout: p.cfg.Gateway.RequestTimeout, Version: p.cfg.Version, Logger: p.logger}
	var g *gateway.Gateway
	if p.cfg.Dev {
		if _, err := keys.File(ctx, keyFile(p.cfg.Data), "development"); err != nil {
			return fmt.Errorf("make the API key for development: %w", err)
		}
		p.ops.faults = fault.New(func() []string { return g.Routes() }, nil)
		cfg.Fault = p.ops.faults
	}
	if g, err = gateway.New(cfg); err != nil {
		return err
	}
	l, err := p.openPublic(ctx, "gateway", p.cfg.Listen.Gateway)
	if err != nil {
		return err
	}
	l.handle(g.Handler(), p.logger)
	p.at.Gateway = l.url()
	return nil
}
