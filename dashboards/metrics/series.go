package metrics

import "github.com/prometheus/client_golang/prometheus"

// What the series of an objective are labelled with: its key in parts. The group is empty, and so absent, but for children.
var objectiveLabels = []string{"service", "slo", "objective", "group"}

// descs are all series of a [Collector].
type descs struct {
	events, target, sli, remaining, burn, coverage *prometheus.Desc
	quality                                        *prometheus.Desc
	gateAllow, freezeState, incidentOpen           *prometheus.Desc
	up                                             *prometheus.Desc
}

func newDescs() descs {
	objective := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append(objectiveLabels, labels...), nil)
	}
	return descs{
		events: objective("slo_events_total",
			"Events booked in the ledger since the server started, late ones and those of a filled gap among them, by result.", "result"),
		target:    objective("slo_objective_ratio", "Share of events that shall be good."),
		sli:       objective("slo_sli_ratio", "good / total over the objective's window; 1 without events."),
		remaining: objective("slo_error_budget_remaining_ratio", "1 - bad / allowed over the objective's window; below 0 the budget is overspent."),
		burn:      objective("slo_burn_rate", "(bad / total) / (1 - target) over a lookback; at 1 the budget lasts exactly one window.", "window"),
		coverage:  objective("slo_coverage_ratio", "Share of the minutes of the objective's window in which its source was seen."),
		quality:   objective("plimsoll_objective_quality", "1 for what is wrong with the data of an objective, 0 for what is not.", "signal"),
		gateAllow: prometheus.NewDesc("plimsoll_gate_allow",
			"1 if the deploy gate lets an ordinary change (class feature) through now, 0 if not.", []string{"service", "environment"}, nil),
		freezeState: prometheus.NewDesc("plimsoll_gate_freeze_state",
			"1 for the state that the freeze of a service and environment is in, 0 for the others.", []string{"service", "environment", "state"}, nil),
		incidentOpen: prometheus.NewDesc("incident_open", "Open incidents by severity, 1 being the worst.", []string{"severity"}, nil),
		up: prometheus.NewDesc("plimsoll_metrics_source_up",
			"0 if the gate or the incidents could not be read for this scrape, so that their series are missing.", []string{"source"}, nil),
	}
}

func (d descs) all() []*prometheus.Desc {
	return []*prometheus.Desc{d.events, d.target, d.sli, d.remaining, d.burn, d.coverage, d.quality, d.gateAllow, d.freezeState, d.incidentOpen, d.up}
}
