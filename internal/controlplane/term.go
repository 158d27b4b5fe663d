package controlplane

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"plimsoll/collectors"
	"plimsoll/collectors/scrape"
	"plimsoll/slo/ledger"
)

// term is what exists only while this process leads: what counts samples into the ledger, and what saves it. Another term has others, so
// that nothing of a former one can be counted in it.
type term struct {
	registry  *prometheus.Registry // of the collectors' metrics
	saver     *ledger.Checkpointer
	collector *collectors.Collector
	scraper   *scrape.Scraper
}

// lead counts and saves until ctx is done. What commits has ended before the last checkpoint.
func (a *App) lead(ctx context.Context, epoch int64) error {
	t, err := a.begin(epoch)
	if err != nil {
		return fmt.Errorf("begin to lead: %w", err)
	}
	defer a.term.Store(nil)
	s := newStages()
	s.start("checkpoints", t.saver.Run)
	s.start("scraping", t.scraper.Run)
	s.start("gate", a.gate.Run)
	return s.wait(ctx)
}

// begin makes a term with the objectives and jobs as they are by now. Nothing runs yet.
func (a *App) begin(epoch int64) (*term, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &term{registry: prometheus.NewRegistry()}
	t.saver = &ledger.Checkpointer{Ledger: a.ledger, Store: a.store, Every: a.cfg.CheckpointEvery, Logger: a.logger}
	var err error
	if t.collector, err = collectors.New(collectors.Config{Ledger: a.ledger, Registerer: t.registry}); err != nil {
		return nil, err
	}
	if err := t.collector.SetObjectives(a.defs.objectives); err != nil {
		return nil, err
	}
	t.scraper, err = scrape.New(scrape.Config{Appender: t.collector, Jobs: a.defs.scrape, Dir: a.cfg.Dir, Registerer: t.registry, Logger: a.logger})
	if err != nil {
		return nil, err
	}
	a.term.Store(t)
	return t, nil
}

// gatherTerm gathers the metrics of the present term; none while there is none.
func (a *App) gatherTerm() ([]*dto.MetricFamily, error) {
	if t := a.term.Load(); t != nil {
		return t.registry.Gather()
	}
	return nil, nil
}
