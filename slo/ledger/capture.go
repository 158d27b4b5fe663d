package ledger

import "plimsoll/slo"

// capture holds what changed as it was at one instant, until it is written in its stored form. Appends wait while it is taken, and so it takes
// as little as it can: closed hours are never overwritten where they lie, and of open hours it is enough to copy the minutes that were booked.
// It keeps its memory for the next checkpoint, because to get as much anew would take longer than to fill it.
type capture struct {
	closed []closedHour
	open   []openHour
	sums   []slo.Counts // of the open hours, one after the other
}

// closedHour is a block with its words.
type closedHour struct {
	block
	sum   slo.Counts
	words []uint64
	into  *Block
}

// openHour is an hour of which so many sums were filled.
type openHour struct {
	observed uint64
	filled   int
	into     *Block
}

// take notes the dirty hours of t and clears their marks. The blocks have their bytes after [capture.write].
func (c *capture) take(t *track) ObjectiveState {
	t.listed = false
	s := ObjectiveState{Key: t.key, Revision: t.revision, LastSample: t.lastSample, Blocks: make([]Block, len(t.dirty))}
	for i, hour := range t.dirty {
		into, n := &s.Blocks[i], int(hour-t.first)
		into.Hour = hour
		if n < len(t.blocks) {
			b := &t.blocks[n]
			b.dirty = false
			c.closed = append(c.closed, closedHour{*b, t.sum(n), t.words[b.offset : int(b.offset)+b.size()], into})
		} else {
			d := &t.open[n-len(t.blocks)]
			d.dirty = false
			c.open = append(c.open, openHour{d.observed, d.filled, into})
			c.sums = append(c.sums, d.sums[:d.filled]...)
		}
	}
	t.dirty = t.dirty[:0]
	s.Drops = t.drops.take()
	if t.amended {
		t.amended, t.stored, s.Versions = false, t.versions, t.versionStates()
	}
	return s
}

// write gives the blocks their bytes.
func (c *capture) write() {
	var data chunks
	for _, h := range c.closed {
		h.into.Data = data.store(&h.block, h.sum, h.words)
	}
	var d denseHour
	var words []uint64
	sums := c.sums
	for _, h := range c.open {
		d.observed, d.filled = h.observed, copy(d.sums[:], sums[:h.filled])
		sums = sums[h.filled:]
		var b block
		b, words = pack(words[:0], &d)
		h.into.Data = data.store(&b, d.all(), words)
	}
	clear(c.closed)
	clear(c.open)
	c.closed, c.open, c.sums = c.closed[:0], c.open[:0], c.sums[:0]
}

// chunks is memory for many small byte strings.
type chunks []byte

// chunkSize has room for the stored form of at least 60 hours.
const chunkSize = 64 << 10

// store writes a block in its stored form.
func (c *chunks) store(b *block, sum slo.Counts, words []uint64) []byte {
	if cap(*c)-len(*c) < formatHeader+8*len(words)+formatTrailer {
		*c = make([]byte, 0, chunkSize)
	}
	from := len(*c)
	*c = appendStored(*c, b, sum, words)
	return (*c)[from:len(*c):len(*c)]
}
