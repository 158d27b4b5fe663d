package ledger

import (
	"slices"

	"plimsoll/slo"
)

// track is what the ledger holds of one key. It outlives the objective, so that one that is removed and comes back has its events.
type track struct {
	events
	key       slo.Key
	objective *slo.Objective // nil while the key is not an objective
	retention int64          // closed hours to keep

	shared  bool    // a copy of events may be in use: blocks must be copied before they are changed in place
	garbage int     // words that no block refers to
	listed  bool    // in the ledger's list of dirty tracks
	dirty   []int64 // hours that changed since they were last checkpointed, each once
}

// add books the increment and reports how much of it lay before the retention or, signed, was lost to it.
// Times must already be known not to lie in the future.
func (t *track) add(inc *Increment) (lost slo.Counts) {
	last := inc.To
	from := min(inc.From, inc.To)
	if from < inc.To {
		last-- // the interval is (From, To]: an event at the end of a minute is not in the next one
	}
	first, final := floorDiv(from, minuteMillis), floorDiv(last, minuteMillis)
	t.lastSample = max(t.lastSample, inc.To)
	t.advance(floorDiv(final, hourMinutes))
	c := slo.Counts{Good: inc.Good, Total: inc.Total}
	if first == final {
		return t.book(slo.Minute(final), c)
	}
	var booked slo.Counts
	t.span(slo.Minute(first), slo.Minute(final), func(m slo.Minute) slo.Counts {
		x := min((int64(m)+1)*minuteMillis, inc.To)
		until := slo.Counts{Good: share(inc.Good, from, inc.To, x), Total: share(inc.Total, from, inc.To, x)}
		part := until.Sub(booked)
		booked = until
		return part
	}, &lost)
	return lost
}

// book adds c to one minute.
func (t *track) book(m slo.Minute, c slo.Counts) (lost slo.Counts) {
	hour := floorDiv(int64(m), hourMinutes)
	if d := t.openHour(hour); d != nil {
		d.add(int(int64(m)-hour*hourMinutes), c)
		t.touch(hour, &d.dirty)
		return slo.Counts{}
	}
	t.span(m, m, func(slo.Minute) slo.Counts { return c }, &lost)
	return lost
}

// span adds part(m) to each minute from first to final, hour by hour. What lies before the retention is added to lost.
func (t *track) span(first, final slo.Minute, part func(slo.Minute) slo.Counts, lost *slo.Counts) {
	for m := first; m <= final; {
		hour := floorDiv(int64(m), hourMinutes)
		next := slo.Minute((hour + 1) * hourMinutes)
		switch d := t.openHour(hour); {
		case d != nil:
			for ; m < next && m <= final; m++ {
				d.add(int(int64(m)-hour*hourMinutes), part(m))
			}
			t.touch(hour, &d.dirty)
		case t.extend(hour):
			var d denseHour
			t.unpack(int(hour-t.first), &d)
			for ; m < next && m <= final; m++ {
				d.add(int(int64(m)-hour*hourMinutes), part(m))
			}
			t.rewrite(hour, &d)
		default:
			for ; m < next && m <= final; m++ {
				*lost = lost.Add(part(m))
			}
		}
	}
}

// observe marks the minute of an instant as observed and reports whether it lies within the retention.
func (t *track) observe(at int64) bool {
	m := floorDiv(at, minuteMillis)
	hour := floorDiv(m, hourMinutes)
	bit := uint64(1) << (m - hour*hourMinutes)
	t.lastSample = max(t.lastSample, at)
	t.advance(hour)
	if d := t.openHour(hour); d != nil {
		if d.observed&bit == 0 {
			d.observed |= bit
			t.touch(hour, &d.dirty)
		}
		return true
	}
	if !t.extend(hour) {
		return false
	}
	n := int(hour - t.first)
	if t.blocks[n].observed&bit == 0 {
		t.own()
		t.blocks[n].observed |= bit
		t.changed(n, slo.Counts{}, 1)
	}
	return true
}

// openHour returns the dense form of an open hour, or nil.
func (t *track) openHour(hour int64) *denseHour {
	if n := hour - t.first - int64(len(t.blocks)); n >= 0 && n < openHours {
		return &t.open[n]
	}
	return nil
}

// touch marks an hour as dirty.
func (t *track) touch(hour int64, dirty *bool) {
	if !*dirty {
		*dirty = true
		t.dirty = append(t.dirty, hour)
	}
}

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

// extend makes sure that there is a block for a closed hour and reports false if it lies before the retention.
func (t *track) extend(hour int64) bool {
	missing := t.first - hour
	if missing <= 0 {
		return true
	}
	if int64(len(t.blocks))+missing > t.retention {
		return false
	}
	start := t.start(0)
	empty := block{before: start.Counts, seen: uint32(start.observed)}
	blocks := make([]block, missing, missing+int64(len(t.blocks)))
	for i := range blocks {
		blocks[i] = empty
	}
	t.blocks, t.shared = append(blocks, t.blocks...), false
	t.first = hour
	return true
}

// rewrite replaces a closed hour by d.
func (t *track) rewrite(hour int64, d *denseHour) {
	t.own()
	n := int(hour - t.first)
	old, grown := t.blocks[n], d.all().Sub(t.sum(n))
	b, words := pack(t.words, d)
	b.before, b.seen, b.dirty = old.before, old.seen, old.dirty
	t.words, t.blocks[n] = words, b
	t.garbage += old.size()
	t.changed(n, grown, 0)
	t.compact()
}

// changed carries a change of blocks[n] to everything after it.
func (t *track) changed(n int, c slo.Counts, observed int64) {
	for i := n + 1; i < len(t.blocks); i++ {
		b := &t.blocks[i]
		b.before = b.before.Add(c)
		b.seen += uint32(observed)
	}
	t.end.Counts = t.end.Counts.Add(c)
	t.end.observed += observed
	t.revision++
	t.touch(t.first+int64(n), &t.blocks[n].dirty)
}

// own makes the blocks safe to change in place.
func (t *track) own() {
	if t.shared {
		t.blocks, t.shared = slices.Clone(t.blocks), false
	}
}

// view returns a copy that stays as it is.
func (t *track) view() *events {
	t.shared = true
	e := t.events
	return &e
}

// compact writes the words anew when an eighth of them is garbage.
func (t *track) compact() {
	if t.garbage*8 <= len(t.words) {
		return
	}
	t.own()
	words := make([]uint64, 0, len(t.words)-t.garbage+len(t.words)/16)
	for i := range t.blocks {
		b := &t.blocks[i]
		offset := len(words)
		words = append(words, t.words[b.offset:int(b.offset)+b.size()]...)
		b.offset = uint32(offset)
	}
	t.words, t.garbage = words, 0
}
