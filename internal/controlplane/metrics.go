package controlplane

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/dashboards/metrics"
	"plimsoll/slo/ledger"
)

// exportMetrics puts what the rooms know on /metrics.
func (a *App) exportMetrics() error {
	exported, err := metrics.New(metrics.Config{
		Ledger: a.ledger, Gates: a.gateStates, OpenIncidents: gateIncidents{a.incidents}.openBySeverity, Logger: a.logger,
	})
	if err != nil {
		return err
	}
	if err := a.registry.Register(exported); err != nil {
		return err
	}
	return exportLedger(a.registry, a.saver.Health, a.ledger.Refusals, time.Now)
}

// exportLedger shows how the ledger fares. Until the first checkpoint, nothing since now is saved.
func exportLedger(reg prometheus.Registerer, health func() ledger.Health, refusals func() ledger.Refusals, now func() time.Time) error {
	began := now()
	age := func() float64 {
		at := now()
		if saved, ok := health().Age(at); ok {
			return saved.Seconds()
		}
		return at.Sub(began).Seconds()
	}
	refused := func(reason string, n func(ledger.Refusals) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "plimsoll_ledger_refused_events_total",
			Help:        "Increments and observations that the ledger could not keep, because they lay in the future or before the retention.",
			ConstLabels: prometheus.Labels{"reason": reason},
		}, func() float64 { return float64(n(refusals())) })
	}
	for _, c := range []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "plimsoll_ledger_checkpoint_age_seconds",
			Help: "How much time is not saved yet: since the newest checkpoint, or since the start if there is none.",
		}, age),
		refused("future", func(r ledger.Refusals) uint64 { return r.Future }),
		refused("old", func(r ledger.Refusals) uint64 { return r.Old }),
	} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}
