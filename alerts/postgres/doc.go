// Package postgres keeps alerts in PostgreSQL, moves them on, and has durable jobs tell the receivers.
//
// It owns the tables alerts_states, alerts_groups, alerts_notices and alerts_deliveries. What burns is decided by [plimsoll/alerts]; how
// a receiver is spoken to is known by [plimsoll/alerts/notify].
//
//	statuses of the ledger ──Judge, Transition──▶ alerts_states ──Due──▶ notice ──┬─▶ job ──▶ receiver 1
//	         └──────────────────────── one transaction ──────────────────────────┘─▶ job ──▶ receiver 2
//
// Notices about the tiers of a service go by routes; those about an alert policy go to the receivers that it names. One that is urgent enough
// also goes to the incident of its episode, by a job that somebody else works on.
//
// A job is tried again until it succeeds or is given up; what was given up is a dead letter, which can be listed and replayed. One attempt at a time
// tells a receiver about a group, and it tells what is newest of it:
//
//	take the turn ──busy──▶ later
//	     │
//	     ▼
//	newest notice for this receiver ──told already──▶ done
//	     │ with what ended in those that it has overtaken
//	     ▼
//	receiver ──takes it──▶ record how far it was told, end the turn
package postgres

import (
	"embed"

	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the tables of this package.
var Migrations = pg.Migrations{Name: "alerts", FS: files}
