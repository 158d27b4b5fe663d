package controlplane

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"plimsoll/collectors"
	"plimsoll/collectors/backfill"
	backfillpg "plimsoll/collectors/backfill/postgres"
	"plimsoll/collectors/probe"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/push"
	"plimsoll/collectors/scrape"
	"plimsoll/collectors/sqlcheck"
	"plimsoll/slo/ledger"
)

// term is what exists only while this process leads: what counts samples into the ledger, and what saves it. Another term has others, so
// that nothing of a former one can be counted in it.
type term struct {
	registry  *prometheus.Registry // of the collectors' metrics
	saver     *ledger.Checkpointer
	collector *collectors.Collector
	scraper   *scrape.Scraper
	servers   *promql.Source
	prober    *probe.Prober
	checks    *sqlcheck.Checker
	filler    *backfill.Runner
	pushes    *pushes
}

// lead counts and saves until ctx is done. What commits has ended before the last checkpoint.
func (a *App) lead(ctx context.Context, _ int64) error {
	t, err := a.begin()
	if err != nil {
		return fmt.Errorf("begin to lead: %w", err)
	}
	defer a.term.Store(nil)
	s := newStages()
	s.start("checkpoints", t.saver.Run)
	s.start("scraping", t.scraper.Run)
	s.start("reading servers", t.servers.Run)
	s.start("probes", t.prober.Run)
	s.start("SQL checks", t.checks.Run)
	s.start("backfills", t.filler.Run)
	s.start("pushes", t.pushes.run)
	s.start("gate", a.gate.Run)
	s.start("alerts", a.alerts.Run)
	s.start("reminders", a.runReminders)
	s.start("drafts of postmortems", a.drafts.Run)
	s.start("word to stakeholders", a.words.Run)
	s.start("freeze periods of GitLab", a.keepGitLab)
	return s.wait(ctx)
}

// begin makes a term with the definitions as they are by now. Nothing runs yet.
func (a *App) begin() (*term, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, err := a.newTerm(a.ledger, a.defs)
	if err != nil {
		return nil, err
	}
	a.term.Store(t)
	return t, nil
}

// try says what would be wrong with definitions when this process leads. It changes nothing.
func (a *App) try(defs definitions) error {
	_, err := a.newTerm(a.ledger.Blank(), defs)
	return err
}

// newTerm makes a term that counts into a ledger.
func (a *App) newTerm(l *ledger.Ledger, defs definitions) (t *term, err error) {
	t = &term{registry: prometheus.NewRegistry()}
	t.saver = &ledger.Checkpointer{Ledger: l, Store: a.store, Every: a.cfg.CheckpointEvery, Logger: a.logger}
	t.collector, err = collectors.New(collectors.Config{Ledger: l, Registerer: t.registry, Horizon: a.cfg.LateHorizon, Limits: a.cfg.collectorLimits()})
	if err != nil {
		return nil, err
	}
	if err := t.collector.SetObjectives(defs.objectives); err != nil {
		return nil, err
	}
	t.scraper, err = scrape.New(scrape.Config{Appender: t.collector, Jobs: defs.scrape, Dir: a.cfg.Dir, Registerer: t.registry, Logger: a.logger})
	if err != nil {
		return nil, err
	}
	t.servers, err = promql.New(promql.Config{
		Servers: defs.servers, Collector: t.collector, Ledger: l, Registerer: t.registry, Logger: a.logger,
	})
	if err != nil {
		return nil, err
	}
	t.prober, err = probe.New(probe.Config{Appender: t.collector, Probes: defs.probes, Registerer: t.registry, Logger: a.logger})
	if err != nil {
		return nil, err
	}
	own := t.collector.From("")
	t.checks, err = sqlcheck.New(sqlcheck.Config{Appender: own.Late(), Last: own.Last, Checks: defs.checks, Registerer: t.registry, Logger: a.logger})
	if err != nil {
		return nil, err
	}
	t.filler, err = backfill.New(backfill.Config{
		Store: backfillpg.New(a.pool), Collector: t.collector, Ledger: l, Server: t.servers.Server, Sync: t.saver.Sync, Logger: a.logger,
	})
	if err != nil {
		return nil, err
	}
	t.pushes, err = newPushes(push.Config{
		Appender: t.collector, Deltas: t.collector.Deltas(), Sync: t.saver.Sync, Limits: a.cfg.pushLimits(), Registerer: t.registry, Logger: a.logger,
	})
	return t, err
}

// apply gives the collectors new definitions. After an error they have those from before.
func (t *term) apply(defs, before definitions) error {
	steps := []func(definitions) error{
		func(d definitions) error { return t.scraper.Apply(d.scrape) },
		func(d definitions) error { return t.servers.Apply(d.servers) },
		func(d definitions) error { return t.prober.Apply(d.probes) },
		func(d definitions) error { return t.checks.Apply(d.checks) },
		func(d definitions) error { return t.collector.SetObjectives(d.objectives) },
	}
	for i, step := range steps {
		err := step(defs)
		if err == nil {
			continue
		}
		for _, undo := range steps[:i] {
			err = errors.Join(err, undo(before))
		}
		return err
	}
	return nil
}

// gatherTerm gathers the metrics of the present term; none while there is none.
func (a *App) gatherTerm() ([]*dto.MetricFamily, error) {
	if t := a.term.Load(); t != nil {
		return t.registry.Gather()
	}
	return nil, nil
}
