// Package backfill fills the ledger with what an existing Prometheus-compatible server knows of the time before Plimsoll counted.
//
// A backfill is a job: it is asked for once, is done by the process that leads, and goes on where it was after a crash. It owns the jobs and
// the choice of objectives. It never decides what a sample means, nor where history meets live counting: that is the collector's.
//
//	waiting ──▶ filling ──▶ meeting ──▶ done
//	   │           │           │
//	   ├───────────┴───────────┴──▶ cancelled     somebody asked for it
//	   └───────────┴──────────────▶ failed        it cannot be done: the server refuses it, or nobody knows the server or the objectives
//
// While it is filling, stretches of the past are read one after the other, each with a bounded number of samples, and not more than a few
// requests a second. Meeting begins when the past has been read up to the present: for some minutes everything new is read
// too, so that each series reaches the sample with which it was first counted live. There its history ends, to the event: nothing is counted twice
// and nothing is left out, whatever the order in which both arrive. How far a job has come is saved in one
// transaction with the events themselves, so that a crash loses and doubles nothing either; a job is done when its last events are durable.
//
// # Which objectives
//
// Those that were asked for by their service or key, or all; and with them those that count some of the same metrics, because half an
// objective's series would make a wrong figure. If that set or a query changes while the job runs, it begins again; what is filled already is
// passed over.
//
// # Half a window
//
// The past comes from its far end, so while a job is filling, the coverage of a window tells how much of it is there. An alert needs
// coverage; a window that is half filled pages nobody.
//
// # What a server does not tell
//
// Start timestamps do not come with history: the events that a new process had before it was first scraped are missing in it, as they are in every
// PromQL query. Native histograms are not read.
package backfill
