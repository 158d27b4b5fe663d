package ledger

// Cursor is how far one series has been counted. It is checkpointed together with the events that were counted up to it, so
// that after a restart counting goes on exactly there.
type Cursor struct {
	// Key identifies the series: its source and labels in a canonical form. Any bytes are allowed.
	Key string
	// T is the time of the newest counted sample and Start the start timestamp it came with, in Unix milliseconds.
	T, Start int64
	// Value of the newest counted sample.
	Value float64

	id CursorID // set by the ledger when the cursor is first committed; spares the next commit the search
}

// CursorID numbers the cursors of a ledger and its store, from 1.
type CursorID int32

// cursors is the table of all cursors.
type cursors struct {
	rows  []cursorRow // by id − 1
	ids   map[string]CursorID
	dirty []CursorID
}

type cursorRow struct {
	Cursor
	dirty bool
}

func newCursors() cursors { return cursors{ids: map[string]CursorID{}} }

// set stores the state of c.
func (s *cursors) set(c *Cursor) {
	if c.id <= 0 || int(c.id) > len(s.rows) || s.rows[c.id-1].Key != c.Key {
		c.id = s.find(c.Key)
	}
	row := &s.rows[c.id-1]
	row.T, row.Start, row.Value = c.T, c.Start, c.Value
	if !row.dirty {
		row.dirty = true
		s.dirty = append(s.dirty, c.id)
	}
}

func (s *cursors) find(key string) CursorID {
	id, ok := s.ids[key]
	if !ok {
		id = CursorID(len(s.rows) + 1)
		s.rows = append(s.rows, cursorRow{Cursor: Cursor{Key: key, id: id}})
		s.ids[key] = id
	}
	return id
}

// Cursor returns how far a series had been counted when it was last committed.
func (l *Ledger) Cursor(key string) (Cursor, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, ok := l.cursors.ids[key]
	if !ok {
		return Cursor{}, false
	}
	return l.cursors.rows[id-1].Cursor, true
}
