// Package argo answers the gate's question as the web metric provider of Argo Rollouts asks it.
//
// Argo Rollouts takes every status but 2xx as an error of the measurement and drops its body, so a decision is always
// status 200: the template's conditions tell an allow (success) from a deny (failure), and a hold is neither, which makes the
// measurement inconclusive. deploy/argo holds the template.
//
//	AnalysisRun ──GET or POST──▶ Question ──▶ gate.Change ──Check──▶ gate.Decision ──▶ {"data": {"decision": …}}
//
// Source: Argo Rollouts, Analysis, "Web Metrics".
package argo
