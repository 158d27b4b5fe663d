// Package sqlcheck counts good and total events with a query, for what only the database of a service knows: whether a
// transaction that succeeded is really there, or whether work was finished in time.
//
//	(from, to] ──query in a read-only transaction──▶ good, total ──▶ Appender, at to
//	    ▲                                                                │
//	    └── the interval after the last one that was counted ◀───────────┘
//
// It owns the schedule of the checks and which interval is asked next. It never writes to the database that it asks, keeps no
// connection between two questions, and does not decide what an event means.
//
// # Each interval once
//
// Intervals follow one another without gap or overlap, and end at whole multiples of the check's Every. An interval is asked
// when it has been over for Delay, so that its rows have settled: rows that appear or change later are not seen. It counts when its answer
// is appended; until then it is asked again. Each interval is appended as a counter of its own, that started at its beginning: nothing
// is carried from one to the next in memory. After a restart the checks go on behind the newest interval that the ledger
// has kept, so that what was counted but not saved is asked again, and what was saved is not. After an outage, of the
// database or of this process, they catch up interval by interval, at most as far back as the check's CatchUp; what is
// older stays a gap and shows in the coverage.
//
// An interval for which there is an answer is observed, each minute of it, with events or without. One without an answer is not.
//
// # Reading only
//
// Each question is one statement in a transaction that is read-only and has a statement timeout on the server. A role that
// could write all the same is reported in the health of the check, because a role that cannot is the better lock.
package sqlcheck
