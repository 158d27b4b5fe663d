package ledger

import (
	"slices"

	"plimsoll/slo"
)

// advance makes hour an open one if it is newer than all that is kept, closes the hours that fall behind and
// forgets the ones that leave the retention.
func (t *track) advance(hour int64) {
	if !t.started {
		t.started, t.first = true, hour-openHours+1
		return
	}
	steps := hour - t.head()
	if steps <= 0 {
		return
	}
	if steps > t.retention+openHours {
		t.restart(hour)
		return
	}
	for range steps {
		t.seal()
	}
	t.expire()
}

// restart forgets everything but the sums: all that is kept has left the retention.
func (t *track) restart(hour int64) {
	for range openHours {
		t.seal()
	}
	t.first = hour - openHours + 1
	t.blocks, t.words, t.garbage, t.dirty, t.shared = nil, nil, 0, nil, false
}

// seal turns the oldest open hour into a block and opens the next.
func (t *track) seal() {
	d := &t.open[0]
	b, words := pack(t.words, d)
	b.before, b.seen, b.dirty = t.end.Counts, uint32(t.end.observed), d.dirty
	t.words = words
	t.blocks = append(t.blocks, b)
	t.end.Counts = t.end.Counts.Add(d.all())
	t.end.observed += seen(d.observed, hourMinutes)
	copy(t.open[:], t.open[1:])
	t.open[openHours-1] = denseHour{}
}

// expire forgets the closed hours that have left the retention.
func (t *track) expire() {
	if n := len(t.blocks) - int(t.retention); n > 0 {
		t.drop(n)
	}
}

// drop forgets the oldest n blocks.
func (t *track) drop(n int) {
	for i := range n {
		t.garbage += t.blocks[i].size()
	}
	t.blocks = t.blocks[n:]
	t.first += int64(n)
	t.dirty = slices.DeleteFunc(t.dirty, func(hour int64) bool { return hour < t.first })
	t.compact()
}

// oldest returns the first minute that the retention allows to be kept.
func (t *track) oldest() slo.Minute {
	return slo.Minute(max(0, t.head()-openHours+1-t.retention) * hourMinutes)
}

// extend makes sure that there is a block for a closed hour within the retention.
func (t *track) extend(hour int64) {
	missing := t.first - hour
	if missing <= 0 {
		return
	}
	start := t.start(0)
	empty := block{before: start.Counts, seen: uint32(start.observed)}
	blocks := make([]block, missing, missing+int64(len(t.blocks)))
	for i := range blocks {
		blocks[i] = empty
	}
	t.blocks, t.shared = append(blocks, t.blocks...), false
	t.first = hour
}
