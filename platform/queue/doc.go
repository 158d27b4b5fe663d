// Package queue hands tasks to workers, so that each task is settled once whatever dies on the way. It owns the
// tasks of the catalog and their messages in River.
//
// The task row is the truth and a message only says "look at this row": a message that is lost is sent again, and one
// that arrives twice claims nothing. It does not know what a task does; the worker's [Handler] does.
//
//	Enqueue ──row + message, one transaction──▶ River ──▶ claim (compare and set: queued, this attempt)
//	                                                        │  lease token, attempt + 1
//	                    heartbeat extends the lease ◀── Handler
//	                                                        │
//	            publish and settle, one transaction, only with the lease token: a zombie changes nothing
//
//	sweep: running and the lease ran out ─▶ queued again, or dead when its tries are spent
//	       queued and no message is left  ─▶ message sent again
//
// Leases are measured by the database's clock, because workers' clocks differ. A trace begun by the request that
// enqueued a task goes on in its worker: W3C trace context travels in the message's metadata and is kept in the row.
package queue
