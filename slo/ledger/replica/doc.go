// Package replica lets several processes keep one ledger: one leads and counts, the others follow what it has saved and answer reads.
// It owns who does which, and when that changes. It never counts a sample, and it reaches the database only through the store and
// the lock that it is given.
//
//	     ┌──────────── Following ◀───────────────────────────────┐
//	     │   applies each checkpoint, tries the lock             │
//	     │ has the lock                                          │ the epoch has moved on: stops counting,
//	     ▼                                                       │ throws away what is not saved
//	taking over: raise the epoch, catch up, load cursors ──error─┤
//	     │                                                       │
//	     ▼          lock lost                                    │
//	  Leading ─────────────────────▶ Suspended ──────────────────┤
//	     │  ◀───────────────────────   counts on, in memory      │
//	     │    has the lock again,                                │
//	     │    the epoch is as it was                             │
//	     └───────────────────────────────────────────────────────┘
//
// The lock elects; the epoch decides. A leader that has lost its lock, for the database is away or it was itself frozen, may
// go on counting in memory for as long as the epoch is its own: nobody else has counted meanwhile, and what it holds is not lost
// when the database comes back. As soon as another has raised the epoch no checkpoint of the old leader is taken, so that nothing it
// still did can be seen, and nothing it acknowledged is lost: that was in a checkpoint before.
//
// At shutdown the leader saves its last checkpoint and gives the lock back, and another has it within half a second.
package replica
