// Package deploys keeps what became of changes that went out, and measures how a team delivers by it.
//
// It owns the record of a deploy, its state machine and the four measures of DORA. It is pure: no database, no HTTP, no clock.
// [plimsoll/slo/gate/deploys/postgres] keeps the records. It never decides whether a change may go out: that is [plimsoll/slo/gate], whose
// decision a deploy refers to.
//
//	Report ──▶ Apply ──▶ Deploy, with the event that moved it ──▶ Measure ──▶ frequency, lead time, failure rate, recovery time
//
// One deploy brings one commit to one environment of one service, once:
//
//	            finish              roll back
//	┌─────────┐ ──────▶ ┌──────────┐ ────────▶ ┌─────────────┐
//	│ started │         │ finished │           │ rolled_back │
//	└─────────┘         └──────────┘           └─────────────┘
//	  │     │             ▲      │ fail            ▲       ▲
//	  │     │             │      ▼                 │       │
//	  │     │    finish*  └─ ┌────────┐            │       │
//	  │     └──────────────▶ │ failed │ ───────────┘       │
//	  │           fail       └────────┘  roll back         │
//	  └────────────────────────────────────────────────────┘
//	                       roll back
//
// * only where it had not finished before: the same deploy was tried again and went out. What finished and then failed is put right by a
// rollback or by another deploy. An event that says what is known already changes nothing, so that it may be told as often as one likes.
//
// Source of the measures: DORA, "DORA's software delivery performance metrics" (dora.dev/guides/dora-metrics).
package deploys
