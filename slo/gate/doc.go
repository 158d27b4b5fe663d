// Package gate decides whether a change may go to an environment of a service now, and keeps the release freeze.
//
// It owns the policy (a YAML file in git), the decision and the freeze machine. It is pure: no database, no HTTP, no
// clock. [plimsoll/slo/gate/postgres] gathers the snapshot, serialises checks with freezes and keeps the audit log.
//
//	Policy + Snapshot + Change ──Decide──▶ Decision (allow, deny or hold; the clause that decided; all clauses; what would flip it)
//	State + Input ──Transition──▶ State, Events
//
// A decision walks the clauses of the policy in order. The first that speaks decides; the others are evaluated all the
// same, so that the record shows all that stood in the way. Hold means "cannot be decided now" and is never an allow.
//
// The freeze of one service in one environment:
//
//	              a budget below caution           any budget spent
//	┌──────┐ ──────────────────────▶ ┌─────────┐ ─────────────────▶ ┌─────────┐
//	│ Open │                         │ Caution │                    │ CodeRed │ ◀── any budget spent, from anywhere
//	└──────┘ ◀────────────────────── └─────────┘                    └─────────┘
//	    ▲       all above caution         ▲                              │ every budget above "thawAbove"
//	    │                                 │                              ▼ for "thawAfter", on fresh data
//	    │        after "thawing.for"      │                         ┌─────────┐
//	    └─────────────────────────────────┴──────────────────────── │ Thawing │ one change in "thawing.every"
//	                         by what is left of the budgets         └─────────┘
//
// In CodeRed changes are denied. In Thawing they go out one at a time. A person may freeze or thaw by hand, with a reason
// and an end: that lies over the phases and does not stop them. Data that is stale or missing never moves a freeze
// toward Open.
//
// Source: Google SRE Workbook, "Error Budget Policy".
package gate
