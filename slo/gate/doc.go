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
// Budgets are judged by the figures of now. Where they are stale, a policy may lend those of when the source was last heard, for a time; both
// are in the record.
//
// The freeze of one service in one environment:
//
//	              a budget below caution           any budget spent
//	┌──────┐ ──────────────────────▶ ┌─────────┐ ─────────────────▶ ┌─────────┐
//	│ Open │                         │ Caution │                    │ CodeRed │ ◀── any budget spent, from anywhere
//	└──────┘ ◀────────────────────── └─────────┘                    └─────────┘
//	    ▲       all above caution         ▲                              │ every budget above "thawAbove" for "thawAfter";
//	    │                                 │                              │ or all exit criteria met, and a release manager's
//	    │                                 │                              ▼ word; on fresh data
//	    │        after "thawing.for"      │                         ┌─────────┐
//	    └─────────────────────────────────┴──────────────────────── │ Thawing │ one change in "thawing.every"
//	                         by what is left of the budgets         └─────────┘
//
// In CodeRed changes are denied, and people owe it a commander, an action plan and a daily update. In Thawing changes go out one at a time; where "thawing.for" is 0,
// CodeRed goes by what is left of the budgets at once. A budget that was still spent when the criteria ended CodeRed is excused: it counts as low until it is back, or has lost as much again as
// "thawAbove". A person may freeze or thaw by hand, with a reason and an end: that lies over the phases and does not stop them. Data that is
// stale or missing never moves a freeze toward Open. Of an objective that never had a sample that holds for what moves by itself only: it spent
// nothing, and the word of a release manager does not wait for it.
//
// What goes out in spite of a policy: a rollback, always; one commit for which two people answer (an override, which owes a follow-up); and any
// change while the spent budget is not the team's to make good (an exemption, which turns CodeRed and spent budgets only).
//
// Source: Google SRE Workbook, "Error Budget Policy".
package gate
