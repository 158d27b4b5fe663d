// Package risk is the register of technical debt: what may go wrong because something was left undone, how bad that would be, how soon it may
// come, and what it costs to put right.
//
// It is pure. It does no I/O and keeps no clock. It owns the scores, the matrix, the ranking, the arithmetic of money, the justification in
// plain words and the suggestion of items; records are kept by plimsoll/incidents/risk/postgres.
//
//	            ┌──────────── reopen ◀───────────┐
//	            ▼                                │
//	Add ──▶   open  ──▶ planned ──▶ done ────────┤
//	            │ ▲         │                    │
//	            │ └─────────┤                    │
//	            └───────────┴──▶ accepted ───────┘
//
// Accepting a risk and reopening an item need a reason. Every change is a version with who made it, and the history is never rewritten.
//
// The package never decides that work is done: it ranks, and people choose.
package risk
