// Package slo holds what an objective is and what its numbers mean: objectives, windows, counts, slices, corrections, error budgets,
// burn rates, forecasts and what spent a budget.
//
// It is pure. It does no I/O, keeps no clock and imports nothing of this module; every instant is a parameter. The events themselves are
// kept by [plimsoll/slo/ledger], which hands this package a [Reader]; definitions are read from OpenSLO files by [plimsoll/slo/openslo].
//
// What was measured is never changed. Everything else is a reader over a reader:
//
//	raw ──Corrected──▶ without what was excluded ──Sliced──▶ as slices ──Evaluate──▶ Status (budget, burn rates, coverage)
//	└────────────────────── View of an objective ─────────────────────┘                │
//	                                                                                   ├─ Gaps: as a use wants minutes without data to be seen
//	the Status of each component ──EvaluateComposite──▶ Status                         ├─ Predict: when the budget changes sides
//	                                                                                   ├─ Attribute: what spent it
//	                                                                                   ├─ Quality: what is wrong with the data
//	                                                                                   └─ Explain: how each figure comes about
//
// All counts are whole; what one stands for is the [Measure] of the objective. A ratio that is configured (a target) is a decimal fraction
// in parts per billion, so that "is the budget spent?" is decided in integers and never by rounding.
package slo
