// Package oracle holds the test that nothing Plimsoll says of a budget differs from what a plain replay of the raw samples gives.
//
// A history is drawn from a seed: counters and gauges of processes that come, go, restart, repeat themselves and are late; objectives of
// every method and window that change, leave and come back; corrections that are made and taken back; checkpoints; and processes of
// Plimsoll that are killed between them. The samples go through a collector into a ledger, as in the server. The log of what was sent goes to
// the replay, which knows neither cursors, blocks, batches nor prefix sums, and adds up minute by minute. Then every figure of every objective must be
// the same, now and for instants in the past, and for a follower that takes over block by block: the children too, what gaps mean to each
// use, and when a budget will be spent or back.
//
//	seed ──▶ history ──▶ collector ──▶ ledger ──▶ status ──┐
//	            │                        │ ▲                ├──▶ equal
//	            │                   save │ │ kill, load     │
//	            └──── log ──▶ replay ──▶ judge ─────────────┘
//
// One history in five is counted live only in its end, and filled from an archive as a backfill does; see filled. What the histories contained
// is counted, shown with -v, and fails the test where it is nothing. And so that the comparison itself is known to see: each of the faults is
// planted between a history and Plimsoll, or in what Plimsoll says, and must be found.
//
// A history that fails prints its seed and number, with which it is drawn again alone and shown; -histories asks for more of them:
//
//	go test ./slo/ledger/oracle -args -histories 100000
//	go test ./slo/ledger/oracle -args -seed 7499965999840911284 -only 370
package oracle
