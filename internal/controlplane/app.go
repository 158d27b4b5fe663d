package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	promcollectors "github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/riverqueue/river"

	"plimsoll/collectors"
	"plimsoll/collectors/scrape"
	"plimsoll/dashboards/web"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	gatepg "plimsoll/slo/gate/postgres"
	"plimsoll/slo/ledger"
	ledgerpg "plimsoll/slo/ledger/postgres"
)

// App is a control plane that can run once.
type App struct {
	cfg      Config
	logger   *slog.Logger
	token    string
	policies atomic.Pointer[gate.Policies]
	registry *prometheus.Registry

	mu        sync.Mutex // guards the two below: a reload may come while Run builds
	defs      definitions
	collector *collectors.Collector // nil until it is built

	// Built by Run, in this order.
	ledger    *ledger.Ledger
	saver     *ledger.Checkpointer
	scraper   *scrape.Scraper
	incidents *incidentspg.Store
	jobs      *river.Client[pgx.Tx]
	gate      *gatepg.Gate
	pages     *web.Web
}

// New reads all definitions and checks the configuration; it connects to nothing.
func New(cfg Config) (*App, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	defs, err := cfg.readDefinitions()
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, logger: cmp.Or(cfg.Logger, slog.Default()), defs: defs, token: cfg.Token, registry: prometheus.NewRegistry()}
	a.policies.Store(defs.policies)
	a.registry.MustRegister(promcollectors.NewGoCollector(), promcollectors.NewProcessCollector(promcollectors.ProcessCollectorOpts{}))
	return a, nil
}

// Run serves until ctx is done, then stops gracefully. It returns early when a part cannot go on.
func (a *App) Run(ctx context.Context) (err error) {
	if a.token == "" {
		if a.token, err = identity.TokenFile(filepath.Join(a.cfg.DataDir, "token")); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", a.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen (choose another address with --listen): %w", err)
	}
	defer listener.Close()
	db, err := openDatabase(ctx, a.cfg, a.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close(context.Background())) }()
	if err := a.build(ctx, db); err != nil {
		return err
	}
	handler, err := a.routes()
	if err != nil {
		return err
	}

	s := newStages()
	s.start("checkpoints", a.saver.Run)
	s.start("scraping", a.scraper.Run)
	s.start("jobs", a.runJobs)
	s.start("gate", a.gate.Run)
	s.start("http", func(ctx context.Context) error { return serve(ctx, listener, handler, a.logger) })
	s.start("live pages", a.pages.Run) // stopped before http, which waits for its streams
	if a.cfg.Ready != nil {
		a.cfg.Ready(listener.Addr())
	}
	return s.wait(ctx)
}

// build makes the rooms on an open database. Nothing runs yet.
func (a *App) build(ctx context.Context, db *database) (err error) {
	a.ledger = ledger.New(ledger.Config{Retention: a.cfg.Retention})
	store, err := ledgerpg.New(ledgerpg.Config{Pool: db.pool})
	if err != nil {
		return err
	}
	if err := store.Lead(ctx); err != nil {
		return err
	}
	if err := store.Load(ctx, a.ledger); err != nil {
		return fmt.Errorf("load the last checkpoint: %w", err)
	}
	a.saver = &ledger.Checkpointer{Ledger: a.ledger, Store: store, Every: a.cfg.CheckpointEvery, Logger: a.logger}
	collector, err := a.buildCollector()
	if err != nil {
		return err
	}
	a.scraper, err = scrape.New(scrape.Config{Appender: collector, Jobs: a.cfg.ScrapeConfigs, Dir: a.cfg.Dir, Registerer: a.registry, Logger: a.logger})
	if err != nil {
		return err
	}
	if a.incidents, err = incidentspg.New(incidentspg.Config{Pool: db.pool}); err != nil {
		return err
	}
	if a.jobs, err = newJobs(a.cfg, db.pool, a.incidents, a.logger); err != nil {
		return err
	}
	known := gateIncidents{a.incidents}
	a.gate, err = gatepg.New(gatepg.Config{
		Pool: db.pool, Policies: a.policies.Load, Ledger: a.ledger, Incidents: known.open, References: known.references,
		Jobs: a.jobs, Every: a.cfg.GateEvery, Logger: a.logger,
	})
	if err != nil {
		return err
	}
	a.pages, err = web.New(web.Config{Ledger: a.ledger, Freezes: a.gate.Freezes, Incidents: a.incidents, Logger: a.logger})
	if err != nil {
		return err
	}
	return a.exportMetrics()
}

// buildCollector makes what counts samples, with the objectives as they are by now.
func (a *App) buildCollector() (*collectors.Collector, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	collector, err := collectors.New(collectors.Config{Ledger: a.ledger, Registerer: a.registry})
	if err != nil {
		return nil, err
	}
	if err := collector.SetObjectives(a.defs.objectives); err != nil {
		return nil, err
	}
	a.collector = collector
	return collector, nil
}

// Reload reads objectives and policies again; they take whole or change nothing. It may be called at any time.
func (a *App) Reload() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	defs, err := a.cfg.readDefinitions()
	if err != nil {
		return err
	}
	if a.collector != nil {
		if err := a.collector.SetObjectives(defs.objectives); err != nil {
			return err
		}
	}
	a.defs = defs
	a.policies.Store(defs.policies)
	return nil
}

func (a *App) runJobs(ctx context.Context) error {
	if err := a.jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if err := a.jobs.Stop(grace); err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	return a.jobs.StopAndCancel(last) // what was cancelled is tried again at the next start
}

// stopGrace is how long a part gets to finish what it is doing.
const stopGrace = 10 * time.Second

// serve answers requests until ctx is done and then finishes those under way.
func serve(ctx context.Context, l net.Listener, h http.Handler, logger *slog.Logger) error {
	srv := httpapi.Server(h, logger)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return srv.Close()
	}
	return nil
}
