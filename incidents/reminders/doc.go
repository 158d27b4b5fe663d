// Package reminders tells people what is overdue, once each.
//
// What is overdue is decided elsewhere, by pure functions such as [plimsoll/incidents.Reminders]; a [Source] reads
// records and asks one. While its process leads, the runner looks at every source in turn and keeps each occasion that it has
// not seen before, together with the job that tells it:
//
//	sources ──overdue──▶ occasion kept? ──yes──▶ nothing
//	                          │ no
//	                          ▼
//	              keep it + insert the job (one transaction)
//	                          │
//	                          ▼
//	        job: still overdue? ──yes──▶ notify ─▶ told
//	                          └───no───▶ settled
//
// So an occasion is told once across replicas and restarts, a channel that is down for a night gets it in the morning if it still
// matters, and nobody is reminded of what was done meanwhile. The package owns the table of occasions. It never
// decides what is overdue, never changes a record and knows no channel.
package reminders
