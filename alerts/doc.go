// Package alerts decides when the burn of an error budget is worth waking somebody.
//
// It is pure: it owns the tiers and the verdict, does no I/O and keeps no clock. Figures come from [plimsoll/slo]; the same tiers
// as rules of Prometheus are written by [plimsoll/alerts/promrules].
//
//	slo.Status + Tier ──Judge──▶ Verdict: burning or not, and the reason by name
//
// A tier burns when the budget went faster than its factor over a long lookback and still goes so over a short one. The long one makes
// the alert worth it, the short one ends it soon after the trouble does.
//
// # States
//
// A verdict moves the alert of a tier on, see [Transition]:
//
//	          burns                  burns long enough
//	Inactive ───────▶ Pending ──────────────────────────▶ Firing ◀─────────────┐
//	   ▲  ▲             │                                   │ quiet for a while │ burns again
//	   │  └─────────────┘ subsides                          ▼                   │
//	   └─────────────────── forgotten after a while ──── Resolved ──────────────┘
//
// One that has to last to fire is pending again before it fires again. One that was told as firing is not forgotten before its end is told.
//
// Beside the tiers, the alert policies of an objective (OpenSLO AlertPolicy) are alerts of their own, with the lookback, threshold and patience
// that they say; see [JudgePolicy]. Alerts of a service are told together, policies each by itself.
//
// Data that stops coming ends no alert: a verdict for which too little was seen leaves a firing alert firing.
package alerts
