package controlplane

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/dashboards/metrics"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/replica"
)

// exportMetrics puts what the rooms know on /metrics.
func (a *App) exportMetrics() error {
	exported, err := metrics.New(metrics.Config{
		Ledger: a.ledger, Gates: a.gateStates, OpenIncidents: gateIncidents{a.incidents, a.postmortems}.openBySeverity, Logger: a.logger,
	})
	if err != nil {
		return err
	}
	if err := a.registry.Register(exported); err != nil {
		return err
	}
	delivery, err := metrics.NewDelivery(metrics.DeliveryConfig{Logger: a.logger, Measures: func(ctx context.Context, from, to time.Time) ([]deploys.Measures, error) {
		return a.deploys.Measures(ctx, "", "", from, to)
	}})
	if err != nil {
		return err
	}
	if err := a.registry.Register(delivery); err != nil {
		return err
	}
	if err := exportReplica(a.registry, a.status, time.Now); err != nil {
		return err
	}
	return exportLedger(a.registry, a.ledger.Refusals)
}

// exportReplica shows who leads and how old things are.
func exportReplica(reg prometheus.Registerer, status func(now time.Time) Status, now func() time.Time) error {
	began := now()
	gauge := func(name, help string, labels prometheus.Labels, value func(s Status, at time.Time) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 {
			at := now()
			return value(status(at), at)
		})
	}
	all := []prometheus.Collector{
		gauge("plimsoll_ledger_checkpoint_age_seconds",
			"How much time is not saved yet: since the newest checkpoint, or since the start if there is none.", nil,
			func(s Status, at time.Time) float64 {
				if s.SavedAt == nil {
					return at.Sub(began).Seconds()
				}
				return at.Sub(*s.SavedAt).Seconds()
			}),
		gauge("plimsoll_data_age_seconds",
			"How old what is answered is: 0 on the process that leads; the time since the start if nothing is known.", nil,
			func(s Status, at time.Time) float64 {
				if s.AgeSeconds == nil {
					return at.Sub(began).Seconds()
				}
				return *s.AgeSeconds
			}),
		gauge("plimsoll_leader_epoch", "How often a process has taken over, as far as this one knows.", nil,
			func(s Status, _ time.Time) float64 { return float64(s.Epoch) }),
	}
	for _, role := range replica.Roles() {
		all = append(all, gauge("plimsoll_replica_role", "1 for the role of this process.", prometheus.Labels{"role": string(role)},
			func(s Status, _ time.Time) float64 {
				if s.Role == role {
					return 1
				}
				return 0
			}))
	}
	return registerAll(reg, all)
}

// exportLedger shows what the ledger could not keep.
func exportLedger(reg prometheus.Registerer, refusals func() ledger.Refusals) error {
	refused := func(reason string, n func(ledger.Refusals) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "plimsoll_ledger_refused_events_total",
			Help:        "Increments and observations that the ledger could not keep, because they lay in the future or before the retention, or were more than a minute can hold.",
			ConstLabels: prometheus.Labels{"reason": reason},
		}, func() float64 { return float64(n(refusals())) })
	}
	return registerAll(reg, []prometheus.Collector{
		refused("future", func(r ledger.Refusals) uint64 { return r.Future }),
		refused("old", func(r ledger.Refusals) uint64 { return r.Old }),
		refused("excess", func(r ledger.Refusals) uint64 { return r.Excess }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "plimsoll_ledger_refused_children_total",
			Help: "Attempts to add a child to an objective that had as many as it may have.",
		}, func() float64 { return float64(refusals().Children) }),
	})
}

func registerAll(reg prometheus.Registerer, all []prometheus.Collector) error {
	for _, c := range all {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}
