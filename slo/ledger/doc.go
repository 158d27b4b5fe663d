// Package ledger keeps the events of every objective: exact good and total counts a minute, and whether the minute
// was observed at all.
//
// Collectors commit increments to it, the checkpointer saves it, and everything that shows or decides reads windows from
// it. It owns the counts, how far each series has been counted (its cursor), since when which definition of an objective is in force, and the
// children that were found while counting; it never parses a query or scrapes.
//
//	Batch ──Commit──▶ two open hours, dense ──sealed as time goes on──▶ blocks: bit-packed hours
//	                         ▲      │                                      │        ▲
//	                 newest minutes └──────── any window: two readings ────┘        └── late minutes rewrite a block
//	                                                │                                   and raise the revision
//	                  Checkpoint (dirty hours + cursors, one instant) ──▶ Store ──Restore──▶ after a restart
//	                                                                        └───Apply───▶ a follower
//
// # What an objective is judged by
//
// The events are kept as they were measured. What a Reader shows is derived from them, layer by layer, under the definition that was in
// force at the instant that is asked for:
//
//	events ──▶ corrections (slo.Corrected) ──▶ slices, if that is the method ──▶ slo.Evaluate ──▶ Status
//	                                             └── a second track, brought up to date minute by minute; never stored
//
// The plain readers of package slo say what is right; tests hold the tracks against them. A composite has no events: its status is made from
// those of its components.
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
