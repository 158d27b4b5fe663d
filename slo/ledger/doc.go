// Package ledger keeps the events of every objective: exact good and total counts a minute, and whether the minute
// was observed at all.
//
// Collectors commit increments to it, the checkpointer saves it, and everything that shows or decides reads windows from
// it. It owns the counts and how far each series has been counted (its cursor); it never parses a query or scrapes, and
// knows no target but that of the objectives it is given.
//
//	Batch ──Commit──▶ two open hours, dense ──sealed as time goes on──▶ blocks: bit-packed hours
//	                         ▲      │                                      │        ▲
//	                 newest minutes └──────── any window: two readings ────┘        └── late minutes rewrite a block
//	                                                │                                   and raise the revision
//	                  Checkpoint (dirty hours + cursors, one instant) ──▶ Store ──Restore──▶ after a restart
//
// # Why a window costs two readings
//
// A block holds, for each of its minutes, the events of the objective since the hour began, and the blocks hold the
// events before each hour. Neither has to be summed: within an hour the cumulative count is close to a straight line, so
// a block stores only the distance to that line, in as few bits as its largest distance needs. A reading is one addition,
// one multiplication and one bit field, for good and for total; a month costs what five minutes cost.
//
// # What is consistent with what
//
// A Batch is seen whole or not at all by a Reader of one objective and by a checkpoint. Objectives are evaluated one after
// another, so two statuses of one list may be some microseconds apart.
package ledger
