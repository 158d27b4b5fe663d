// Package promrules writes objectives as recording and alerting rules of Prometheus, so that whoever has a Prometheus can be alerted by
// it under the same tiers.
//
// It writes rules and evaluates none. The rules are as exact as PromQL can be: increase() extrapolates to the ends of its range and
// misses the first value of a new series, which the ledger does not. So a rule may fire or resolve an evaluation apart from the
// ledger's own alert.
//
//	objective ──Indicator──▶ selectors, signed ──┬─▶ record plimsoll:slo_events:increase      {service, slo, lookback}
//	                                             ├─▶ record plimsoll:slo_bad_events:increase
//	                                             └─▶ record plimsoll:slo_burn_rate:ratio
//	alerts.Tier ────────────────────────────────────▶ alert  on two lookbacks and the guard against low traffic
//	slo.AlertPolicy ────────────────────────────────▶ alert  on one lookback, for alertAfter
//
// Like the ledger's own, an alert that fires goes on through too few events, and is over after some quiet minutes. Two things are not in the rules:
// how much of a lookback was observed, and that a policy is to tell when there is no data.
package promrules
