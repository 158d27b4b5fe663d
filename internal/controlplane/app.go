package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	promcollectors "github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/riverqueue/river"

	alertspg "plimsoll/alerts/postgres"
	"plimsoll/dashboards/web"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem/drafts"
	postmortempg "plimsoll/incidents/postmortem/postgres"
	"plimsoll/incidents/reminders"
	riskpg "plimsoll/incidents/risk/postgres"
	"plimsoll/incidents/slack"
	"plimsoll/incidents/stakeholders"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/attestation"
	keyspg "plimsoll/slo/gate/attestation/postgres"
	deployspg "plimsoll/slo/gate/deploys/postgres"
	gatepg "plimsoll/slo/gate/postgres"
	"plimsoll/slo/ledger"
	ledgerpg "plimsoll/slo/ledger/postgres"
	"plimsoll/slo/ledger/replica"
)

// App is a control plane that can run once.
type App struct {
	cfg      Config
	logger   *slog.Logger
	token    string
	policies atomic.Pointer[gate.Policies]
	registry *prometheus.Registry
	term     atomic.Pointer[term]   // nil while this process does not lead; set under mu
	people   atomic.Pointer[people] // who is known; set by Run and by reloads, under mu

	ledger *ledger.Ledger

	mu       sync.Mutex // guards the next: a reload may come at any time
	defs     definitions
	admitted Config // whose tokens and issuers hold

	// Built by Run, in this order.
	url         string // where this process is reached; empty if nobody knows
	pool        *pgxpool.Pool
	store       *ledgerpg.Store
	replica     *replica.Replica
	corrected   *ledgerpg.Corrections
	incidents   *incidentspg.Store
	risks       *riskpg.Store
	postmortems *postmortempg.Store
	drafts      *drafts.Runner
	jobs        *river.Client[pgx.Tx]
	alerts      *alertspg.Engine
	gate        *gatepg.Gate
	signer      *attestation.Signer
	keys        *keyspg.Store
	deploys     *deployspg.Store
	pages       *web.Web
	reminders   []*reminders.Runner
	words       *stakeholders.Runner
	sessions    *identity.Sessions
	bot         *slack.Bot   // nil without a token for Slack
	inbox       *slack.Inbox // nil where Slack is not connected
	slackGate   *slackGate
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
	a := &App{
		cfg: cfg, logger: cmp.Or(cfg.Logger, slog.Default()), defs: defs, admitted: cfg, token: cfg.Token, registry: prometheus.NewRegistry(), slackGate: &slackGate{},
		ledger: ledger.New(ledger.Config{Retention: cfg.Retention}),
	}
	if err := a.try(defs); err != nil {
		return nil, err
	}
	a.policies.Store(defs.policies)
	a.ledger.SetObjectives(defs.objectives)
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
	a.url = cmp.Or(a.cfg.AdvertiseURL, reachable(listener.Addr()))
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
	s.start("database", db.server.Run)
	s.start("replica", a.replica.Run)
	s.start("corrections", a.corrected.Run)
	s.start("jobs", a.runJobs)
	s.start("http", func(ctx context.Context) error { return serve(ctx, listener, handler, a.logger) })
	s.start("live pages", a.pages.Run) // stopped before http, which waits for its streams
	if a.cfg.Slack.Mode == slackSocket {
		s.start("slack", a.runSlack)
	}
	if a.cfg.Ready != nil {
		a.cfg.Ready(listener.Addr())
	}
	return s.wait(ctx)
}

// build makes the rooms on an open database. Nothing runs yet.
func (a *App) build(ctx context.Context, db *database) (err error) {
	if err := a.buildReplica(ctx, db); err != nil {
		return err
	}
	if a.incidents, err = incidentspg.New(incidentspg.Config{Pool: db.pool, Changed: a.incidentChanged}); err != nil {
		return err
	}
	if a.risks, err = riskpg.New(riskpg.Config{Pool: db.pool}); err != nil {
		return err
	}
	if err := errors.Join(a.buildPostmortems(), a.buildSlack()); err != nil {
		return err
	}
	if a.jobs, err = a.newJobs(); err != nil {
		return err
	}
	if a.inbox, err = a.slackInbox(); err != nil {
		return err
	}
	if err := errors.Join(a.buildOutreach(), a.buildDrafts(), a.buildSessions()); err != nil {
		return err
	}
	if err := a.buildAlerts(); err != nil {
		return err
	}
	known := gateIncidents{a.incidents, a.postmortems}
	a.gate, err = gatepg.New(gatepg.Config{
		Pool: db.pool, Policies: a.policies.Load, Ledger: a.ledger, Incidents: known.open, References: known.references, Alerts: a.firing,
		Response: a.response, Jobs: a.jobs, Every: a.cfg.GateEvery, Logger: a.logger,
	})
	if err != nil {
		return err
	}
	if err := a.buildDeploys(); err != nil {
		return err
	}
	if err := a.openKeys(ctx); err != nil {
		return err
	}
	a.slackGate.Gate = a.gate
	a.pages, err = web.New(web.Config{Ledger: a.ledger, Freezes: a.gate.Binding, Incidents: a.incidents, Postmortems: a.postmortems, Risks: a.risks, Sessions: a.sessions, Closed: a.cfg.Identity.Reads == Identified,
		Alerts: a.alerts, DeadLetters: alertspg.DeadLetters{Jobs: a.jobs}.List, Sources: a.pageSources, Causes: a.causes().Of, Notice: a.notice, Logger: a.logger})
	if err != nil {
		return err
	}
	return a.exportMetrics()
}

// buildReplica fills the ledger with what is stored and makes what decides whether this process leads.
func (a *App) buildReplica(ctx context.Context, db *database) (err error) {
	a.pool = db.pool
	if a.store, err = ledgerpg.New(ledgerpg.Config{Pool: db.pool, URL: a.url}); err != nil {
		return err
	}
	a.replica, err = replica.New(replica.Config{
		Ledger: a.ledger, Store: a.store, Lock: ledgerpg.NewLock(db.pool, a.cfg.LeaderTimeout), Lead: a.lead, Logger: a.logger,
	})
	if err != nil {
		return err
	}
	if err := a.replica.Load(ctx); err != nil {
		return fmt.Errorf("load the last checkpoint: %w", err)
	}
	if a.corrected, err = ledgerpg.NewCorrections(ledgerpg.CorrectionsConfig{Pool: db.pool, Ledger: a.ledger, Logger: a.logger}); err != nil {
		return err
	}
	return a.corrected.Refresh(ctx)
}
