// Package incidents says what an incident is and what may happen to it: severities, the lifecycle, roles, the timeline,
// the cadence of updates, tasks, messages to stakeholders, who may see it, and the times to detect, acknowledge, mitigate
// and resolve.
//
// It is pure. It does no I/O and keeps no clock; every instant is a parameter. Each change is a [Command] that [Apply]
// checks and carries out, and that leaves at least one [TimelineEntry] on the timeline. Records are kept by
// plimsoll/incidents/postgres, which runs one command a transaction. [Merge] and [Link] change two incidents at once and go
// through [ApplyPair].
//
//	            ┌────────────────────────────── Reopen ───────────────────────────┐
//	            ▼                                                │                │
//	Declare ▶ declared ──Acknowledge──▶ acknowledged ──Mitigate──▶ mitigated ──Resolve──▶ resolved ──Close──▶ closed
//	            │   ▲                     │      │                                ▲
//	            │   │ Reopen              │      └────────── Resolve ─────────────┘
//	            └───┴────── Cancel ───────┘
//	                 cancelled
//
//	declared, acknowledged, mitigated or resolved ──Merge──▶ merged ──Reopen──▶ acknowledged or declared
//
// A step that was jumped over is taken at the same instant, with an entry of its own: mitigating or resolving
// acknowledges, resolving mitigates, and taking command acknowledges. In an emergency nobody is refused for the sake of
// ceremony. An incident that is reopened becomes acknowledged (declared, if nobody had acknowledged it before it was
// cancelled or merged); its times to mitigate and resolve then run to the last time it was mitigated and resolved.
//
// The lifecycle and roles follow the incident command of the Google SRE workbook and PagerDuty's incident response guide.
package incidents
