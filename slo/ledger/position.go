package ledger

import "time"

// Position is how far a store has come.
type Position struct {
	// Epoch is how often a process has taken over; 0 before the first.
	Epoch int64
	// Leader is the URL of the process that took over last; empty if it told none.
	Leader string
	// Checkpoint is the number of the newest checkpoint; 0 before the first.
	Checkpoint int64
	// At is the instant of that checkpoint: everything that had been committed by then is in the store. Zero before the first.
	At time.Time
}

// Blank returns an empty ledger with the configuration of l, into which a store loads what l is to [Ledger.Replace] its own by.
func (l *Ledger) Blank() *Ledger {
	return New(Config{Retention: time.Duration(l.retention) * time.Hour, Now: l.now})
}

// TakeCursors replaces all cursors by those of another ledger, which must not be used any more. A process that has followed
// needs them when it begins to count. What is taken over counts as saved.
func (l *Ledger) TakeCursors(from *Ledger) {
	from.mu.Lock()
	defer from.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cursors = from.cursors
}
