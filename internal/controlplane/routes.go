package controlplane

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	alertsapi "plimsoll/alerts/api"
	alertspg "plimsoll/alerts/postgres"
	backfillapi "plimsoll/collectors/backfill/api"
	backfillpg "plimsoll/collectors/backfill/postgres"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/push"
	"plimsoll/dashboards/metrics"
	"plimsoll/incidents"
	"plimsoll/incidents/alertmanager"
	incidentsapi "plimsoll/incidents/api"
	postmortemapi "plimsoll/incidents/postmortem/api"
	riskapi "plimsoll/incidents/risk/api"
	"plimsoll/internal/httpapi"
	"plimsoll/slo"
	sloapi "plimsoll/slo/api"
	"plimsoll/slo/causes"
	"plimsoll/slo/gate"
	gateapi "plimsoll/slo/gate/api"
	deploysapi "plimsoll/slo/gate/deploys/api"
	ledgerapi "plimsoll/slo/ledger/api"
	"plimsoll/slo/openslo"
	opensloapi "plimsoll/slo/openslo/api"
	reportapi "plimsoll/slo/report/api"
)

// routes are all that the control plane answers.
func (a *App) routes() (http.Handler, error) {
	api := httpapi.New(httpapi.Config{
		Title: "Plimsoll", Version: a.cfg.Version, Logger: a.logger, Authenticate: a.sessions.Authenticate, Closed: a.cfg.closed(),
		Middleware:  []func(http.Handler) http.Handler{ownSite()},
		Description: "Error budgets, the deploy gate, incidents and reports.",
	})
	rooms, err := a.dialects()
	if err != nil {
		return nil, err
	}
	for _, room := range append(rooms, []interface{ Register(huma.API) }{
		a, // its own status
		&sloapi.Handlers{Ledger: a.ledger, Now: time.Now, Causes: a.causes().Of, Retention: a.cfg.Retention},
		&opensloapi.Handlers{Ledger: a.ledger, Sources: a.dataSources},
		&ledgerapi.Corrections{Store: a.corrected, Ledger: a.ledger, Now: time.Now},
		&ledgerapi.Archive{Ledger: a.ledger, Saver: a.saver, Refresh: a.corrected.Refresh, Imported: a.corrected.Imported, Now: time.Now},
		&backfillapi.Handlers{Store: backfillpg.New(a.pool), Ledger: a.ledger, Server: a.server, Retention: a.cfg.Retention, Now: time.Now},
		&gateapi.Handlers{Gate: a.gate, Keys: a.signer, Published: a.keys, RequireIdentity: a.cfg.requireIdentity()},
		&deploysapi.Handlers{Store: a.deploys, Now: time.Now},
		&alertsapi.Handlers{Engine: a.alerts, DeadLetters: alertspg.DeadLetters{Jobs: a.jobs}},
		&alertmanager.Handlers{Store: a.incidents},
		&incidentsapi.Handlers{Store: a.incidents, Ledger: a.ledger, Now: time.Now},
		&postmortemapi.Handlers{Store: a.postmortems, Incidents: a.incidents, Now: time.Now},
		&riskapi.Handlers{Store: a.risks, Ledger: a.ledger, Now: time.Now},
		&reportapi.Handlers{Ledger: a.ledger, Now: time.Now, Decisions: a.decisions, Events: a.freezeEvents, Deploys: a.deploys.Since, Overrides: a.gate.OverridesBetween, Exemptions: a.gate.ExemptionsBetween, Incidents: a.incidentsOf, ActionItems: a.actionItems},
	}...) {
		room.Register(api.Huma)
	}
	a.pages.Mount(api.Mux)
	api.Mux.Handle("/metrics", promhttp.HandlerFor(prometheus.Gatherers{a.registry, prometheus.GathererFunc(a.gatherTerm)}, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	for path, protocol := range map[string]func(*push.Receiver) http.Handler{
		"/api/v1/write": (*push.Receiver).Write, "/api/v1/otlp/v1/metrics": (*push.Receiver).OTLP,
	} {
		handler, err := a.pushed(protocol)
		if err != nil {
			return nil, err
		}
		api.Mux.Handle(path, handler)
	}
	api.Mux.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	api.Mux.Get("/readyz", a.ready)
	api.Mux.Get("/readyz/leader", a.readyLeader)
	return api.Mux, a.mountSlack(api.Mux)
}

// gateStates are what an ordinary change would be told now, for the exported metrics.
func (a *App) gateStates(ctx context.Context) ([]metrics.Gate, error) {
	var phases []string
	for _, p := range gate.Phases() {
		phases = append(phases, string(p))
	}
	var out []metrics.Gate
	seen := map[string]bool{}
	for _, o := range a.ledger.Objectives() {
		if seen[o.Service] {
			continue
		}
		seen[o.Service] = true
		for _, env := range a.policies.Load().Environments(o.Service) {
			d, err := a.gate.Preview(ctx, gate.Change{Service: o.Service, Environment: env, Commit: "0000000", Class: gate.Feature})
			if err != nil {
				return nil, err
			}
			out = append(out, metrics.Gate{
				Service: o.Service, Environment: env, Allow: d.Outcome == gate.Allow,
				State: string(cmp.Or(d.Freeze.Phase, gate.Open)), States: phases,
			})
		}
	}
	return out, nil
}

// causes are what may have spent a budget.
func (a *App) causes() causes.Sources {
	return causes.Sources{
		Corrections: func(ctx context.Context) ([]slo.Correction, error) {
			all, _, err := a.corrected.Load(ctx)
			return all, err
		},
		Incidents: a.incidentsOf, Decisions: a.decisions, Deploys: a.deploysOf,
	}
}

// server returns a configured server, on any replica.
func (a *App) server(name string) (promql.Server, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.defs.server(name)
}

// dataSources are those that the files of objectives define.
func (a *App) dataSources() []openslo.Source {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.defs.sources
}

func (a *App) decisions(ctx context.Context, service string, from, to time.Time) ([]gate.Decision, error) {
	return a.gate.Decisions(ctx, gate.Filter{Service: service, From: from, To: to})
}

func (a *App) freezeEvents(ctx context.Context, service string, to time.Time) ([]gate.Event, error) {
	return a.gate.Events(ctx, gate.Filter{Service: service, To: to})
}

func (a *App) incidentsOf(ctx context.Context, from, to time.Time) ([]incidents.Incident, error) {
	list, err := a.incidents.Between(ctx, incidents.Viewer{}, from, to)
	return slices.DeleteFunc(list, func(i incidents.Incident) bool { return i.Drill }), err
}
