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
	versions  []version      // of the objective; ascending
	stored    []version      // as they were checkpointed
	amended   bool           // versions are not stored
	children  int
	drops     drops

	corrections       []slo.Correction // that hold for the objective, by number
	correctionChanges uint64           // how often one that is for the objective was made or taken back
	slices            *sliceTrack      // of the objective; nil if it is judged by events
	judged            *judged          // what the objective is judged by; nil if that is its events
	retention         int64            // closed hours to keep

	shared  bool    // a copy of events may be in use: blocks must be copied before they are changed in place
	garbage int     // words that no block refers to
	excess  bool    // a minute could not hold what was to be added, which is not counted as refused yet
	late    bool    // a settled minute has changed, for which the revision has not grown yet
	revised uint64  // the commit for which the revision grew last
	listed  bool    // in the ledger's list of dirty tracks
	dirty   []int64 // hours that changed since they were last checkpointed, each once
}

// settled is how old a minute must be, compared with the newest of its objective, to count as known to everybody: when it changes after
// that, the revision grows.
const settled = 5

// unsettled returns the first minute that may change without a new revision.
func (t *track) unsettled() slo.Minute {
	return slo.Minute(floorDiv(t.lastSample, minuteMillis)) - settled
}

// add books the increment and returns what of it lay before the retention. Its time must already be known to be after 1970 and not
// in the future.
func (t *track) add(inc *Increment) (lost slo.Counts) {
	last := inc.To
	from := min(inc.From, inc.To)
	if from < inc.To {
		last-- // the interval is (From, To]: an event at the end of a minute is not in the next one
	}
	first, final := slo.Minute(floorDiv(from, minuteMillis)), slo.Minute(floorDiv(last, minuteMillis))
	t.lastSample = max(t.lastSample, inc.To)
	t.advance(hourOf(final))
	oldest := t.oldest()
	switch all := (slo.Counts{Good: inc.Good, Total: inc.Total}); {
	case final < oldest:
		return all
	case first == final:
		t.span(first, final, func(slo.Minute) slo.Counts { return all })
		return slo.Counts{}
	}
	until := func(m slo.Minute) slo.Counts { // what has happened by the end of minute m
		x := min((int64(m)+1)*minuteMillis, inc.To)
		return slo.Counts{Good: share(inc.Good, from, inc.To, x), Total: share(inc.Total, from, inc.To, x)}
	}
	if first < oldest {
		lost, first = until(oldest-1), oldest
	}
	booked := lost
	t.span(first, final, func(m slo.Minute) slo.Counts {
		before := booked
		booked = until(m)
		return booked.Sub(before)
	})
	return lost
}

// span adds part(m) to each minute from first to final, hour by hour. What a minute cannot hold is left out of it; see [MaxMinute].
func (t *track) span(first, final slo.Minute, part func(slo.Minute) slo.Counts) {
	unsettled := t.unsettled()
	for m := first; m <= final; {
		hour := hourOf(m)
		next := min(slo.Minute((hour+1)*hourMinutes), final+1)
		d := t.openHour(hour)
		closed, from := d == nil, m
		if closed {
			t.extend(hour)
			d = new(denseHour)
			t.unpack(int(hour-t.first), d)
		}
		for ; m < next; m++ {
			c, i := part(m), int(int64(m)-hour*hourMinutes)
			if !plausibleMinute(c) || !plausibleMinute(d.minute(i).Add(c)) {
				t.excess = true
				continue
			}
			d.add(i, c)
			t.late = t.late || m < unsettled && c != (slo.Counts{})
		}
		if closed {
			t.rewrite(hour, d)
		} else {
			t.touch(hour, &d.dirty)
		}
		t.slices.mark(hour, minutesOf(hour, from, m-1))
	}
}

// minutesOf returns the bits of the minutes from first to last, which are in an hour.
func minutesOf(hour int64, first, last slo.Minute) uint64 {
	until := func(m slo.Minute) uint64 { return 1<<(int64(m)-hour*hourMinutes) - 1 }
	return until(last+1) &^ until(first)
}

// observe marks the minute of an instant as observed and reports whether it lies within the retention.
func (t *track) observe(at int64) bool {
	m := slo.Minute(floorDiv(at, minuteMillis))
	hour := hourOf(m)
	bit := uint64(1) << (int64(m) - hour*hourMinutes)
	t.lastSample = max(t.lastSample, at)
	t.advance(hour)
	if m < t.oldest() {
		return false
	}
	if d := t.openHour(hour); d != nil {
		if d.observed&bit == 0 {
			d.observed |= bit
			t.late = t.late || m < t.unsettled()
			t.touch(hour, &d.dirty)
		}
		return true
	}
	t.extend(hour)
	n := int(hour - t.first)
	if t.blocks[n].observed&bit == 0 {
		t.own()
		t.blocks[n].observed |= bit
		t.late = true
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

// rewrite replaces a closed hour by d.
func (t *track) rewrite(hour int64, d *denseHour) {
	t.own()
	n := int(hour - t.first)
	old, grown := t.blocks[n], d.all().Sub(t.sum(n))
	observed := seen(d.observed, hourMinutes) - seen(old.observed, hourMinutes)
	b, words := pack(t.words, d)
	b.before, b.seen, b.dirty = old.before, old.seen, old.dirty
	t.words, t.blocks[n] = words, b
	t.garbage += old.size()
	t.changed(n, grown, observed)
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
	t.touch(t.first+int64(n), &t.blocks[n].dirty)
}

// own makes the blocks safe to change in place.
func (t *track) own() {
	if t.shared {
		t.blocks, t.shared = slices.Clone(t.blocks), false
	}
}

// copy returns the events in a copy that stays as it is.
func (t *track) copy() *events {
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
