// Package slo holds what an objective is and what its numbers mean: objectives, windows, counts,
// error budgets, burn rates and forecasts.
//
// It is pure. It does no I/O, keeps no clock and imports nothing of this module; every instant is a
// parameter. The events themselves are kept by [plimsoll/slo/ledger], which hands this package a
// [Reader]; definitions are read from OpenSLO files by [plimsoll/slo/openslo].
//
//	Objective + Reader + instant ──Evaluate──▶ Status (budget, burn rates, coverage, forecast)
//
// All counts are whole events. A ratio that is configured (a target) is a decimal fraction in parts
// per billion, so that "is the budget spent?" is decided in integers and never by rounding.
package slo
