package ledger

import "time"

// Cursor is how far one series has been counted. It is checkpointed together with the events that were counted up to it, so
// that after a restart counting goes on exactly there.
type Cursor struct {
	// Key identifies the series: its source and labels in a canonical form. Any bytes are allowed, but at least one.
	Key string
	// T is the time of the newest counted sample and Start the start timestamp it came with, in Unix milliseconds.
	T, Start int64
	// Value of the newest counted sample.
	Value float64
	// Gaps are the times before T that were not counted, in an encoding of whoever writes them; empty for none.
	Gaps string

	id CursorID // set by the ledger when the cursor is committed; spares the next commit the search
}

// CursorID numbers the cursors of a ledger and its store, from 1. The number of a forgotten cursor is given out again.
type CursorID int32

// cursorLife is how long a cursor is kept after its series was last seen. It bounds the table where series come and
// go, as those of pods do; a source that is away for longer is counted as a new one.
const cursorLife = 7 * 24 * time.Hour

// cursors is the table of all cursors.
type cursors struct {
	rows      []cursorRow // by id − 1; free ones have no key
	ids       map[string]CursorID
	free      []CursorID
	newest    int64 // the latest T of all
	dirty     []CursorID
	forgotten []CursorID // since the last checkpoint
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
	row.T, row.Start, row.Value, row.Gaps = c.T, c.Start, c.Value, c.Gaps
	s.newest = max(s.newest, c.T)
	s.touch(c.id)
}

func (s *cursors) touch(id CursorID) {
	if row := &s.rows[id-1]; !row.dirty {
		row.dirty = true
		s.dirty = append(s.dirty, id)
	}
}

// find returns the number of a key and gives it one if it has none.
func (s *cursors) find(key string) CursorID {
	id, ok := s.ids[key]
	if ok {
		return id
	}
	if n := len(s.free); n > 0 {
		id, s.free = s.free[n-1], s.free[:n-1]
	} else {
		s.rows = append(s.rows, cursorRow{})
		id = CursorID(len(s.rows))
	}
	s.rows[id-1].Cursor = Cursor{Key: key, id: id}
	s.ids[key] = id
	return id
}

// expire forgets the cursors of series that have not been seen for [cursorLife].
func (s *cursors) expire() {
	for i := range s.rows {
		row := &s.rows[i]
		if row.Key != "" && row.T < s.newest-cursorLife.Milliseconds() {
			delete(s.ids, row.Key)
			s.free = append(s.free, row.id)
			s.forgotten = append(s.forgotten, row.id)
			row.Cursor = Cursor{}
		}
	}
}

// take returns what changed since it was last called. A number may be both forgotten and in use again.
func (s *cursors) take() (forgotten []CursorID, changed []CursorState) {
	changed = make([]CursorState, 0, len(s.dirty))
	for _, id := range s.dirty {
		row := &s.rows[id-1]
		row.dirty = false
		if row.Key != "" {
			changed = append(changed, CursorState{ID: id, Cursor: row.Cursor})
		}
	}
	forgotten, s.forgotten = s.forgotten, nil
	s.dirty = s.dirty[:0]
	return forgotten, changed
}

// putBack undoes take.
func (s *cursors) putBack(forgotten []CursorID, changed []CursorState) {
	s.forgotten = append(s.forgotten, forgotten...)
	for _, c := range changed {
		s.touch(c.ID)
	}
}

// restore puts a stored cursor under its number, which must be higher than all before.
func (s *cursors) restore(c CursorState) error {
	if int(c.ID) <= len(s.rows) || s.ids[c.Key] != 0 {
		return ErrNotEmpty
	}
	for int(c.ID) > len(s.rows)+1 {
		s.rows = append(s.rows, cursorRow{})
		s.free = append(s.free, CursorID(len(s.rows)))
	}
	c.Cursor.id = c.ID
	s.rows = append(s.rows, cursorRow{Cursor: c.Cursor})
	s.ids[c.Key] = c.ID
	s.newest = max(s.newest, c.T)
	return nil
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
