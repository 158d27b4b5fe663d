// Package probe watches a service from outside, as its users meet it: it runs journeys of HTTP requests on a schedule and counts
// how they end.
//
//	schedule ─▶ step ─▶ request ─▶ expectations hold? ──no──▶ until is over? ──yes──▶ failure, with a reason
//	             ▲                     │ yes                       │ no
//	             │                     ▼                           └──▶ the same request again
//	             └────────────────  capture ─▶ last step? ──yes──▶ success
//
// It owns the definitions of journeys, their schedule and their counters. It never decides what a run means for an
// objective, and keeps nothing of an answer beyond its run.
//
// # Schedule
//
// A probe runs at fixed instants, one Every after the other, at an offset that follows from its name: probes do not start all at once, and a
// restart does not shift them. Its timeout is not longer than Every, so that no run meets the one before. A
// run that could not begin in its turn, because the process was suspended, is left out and measured. A run that
// the process breaks off, because it stops or the probe changes, counts nothing.
//
// # Counters
//
// Runs, steps and durations are counters with a start timestamp, appended after each run and twice a minute, so that a counter begins at
// zero with each process and no run is counted twice. Runs of the seconds before a crash that the ledger had not saved are lost with it.
// The series carry job="probe", instance and probe (both the probe's name) and service. The metric "up" is 1 as long as the probe
// runs: a service that is down is bad events, a prober that is down is missing data.
//
// # What is kept secret
//
// Values from the environment, captured values, addresses as they were sent and whatever a service answers stay out of logs, errors and the API. A
// failure says which expectation did not hold, in the words of the definition, and not what came instead, except for a status.
package probe
