package push

import (
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// known are the series that were heard of, by the bytes of their labels. It is bounded: each part has a young and an old half, and when
// the young one is full it becomes the old one, whose series are forgotten unless they were heard of since.
//
// Senders send the same series in the same order, again and again. So each series remembers which came after it, and that one is
// tried first: to compare its labels costs much less than to read and to look up those that came.
type known struct {
	parts  [64]knownPart
	budget int64 // of one half of one part, in bytes
}

type knownPart struct {
	mu         sync.Mutex
	young, old map[uint64]*entry // by hash
	size       int64             // of young, in bytes
	turn       atomic.Uint32     // counts the young halves
}

// entry is a series whose labels have been found valid.
type entry struct {
	labels string // as remote write 1.0 writes them
	// What the appender called the series of floats and the one of native histograms with these labels; 0 if it has not yet.
	float, native atomic.Uint64

	part *knownPart
	turn atomic.Uint32         // that of the part when the series was last put into its young half
	next atomic.Pointer[entry] // the series that came after it the last time; nil if none did
}

// entrySize is about what an entry takes beside its labels.
const entrySize = 180

func newKnown(budget int64) *known {
	k := &known{}
	k.budget = max(1, budget/int64(2*len(k.parts)))
	return k
}

// find returns the series with these labels, or nil.
func (k *known) find(labels []byte) *entry {
	hash := xxhash.Sum64(labels)
	p := &k.parts[hash%uint64(len(k.parts))]
	p.mu.Lock()
	e := p.young[hash]
	if e == nil {
		if e = p.old[hash]; e != nil {
			p.add(hash, e, k.budget)
		}
	}
	p.mu.Unlock()
	if e == nil || e.labels != string(labels) {
		return nil
	}
	return e
}

// add remembers a series. It takes the place of another with the same hash.
func (k *known) add(labels string) *entry {
	hash := xxhash.Sum64String(labels)
	p := &k.parts[hash%uint64(len(k.parts))]
	e := &entry{labels: labels, part: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(hash, e, k.budget)
	return e
}

func (p *knownPart) add(hash uint64, e *entry, budget int64) {
	if p.size > budget || p.young == nil {
		p.turnOver()
	}
	turn := p.turn.Load()
	if other := p.young[hash]; other != nil && other != e { // it is forgotten
		other.turn.Store(turn - 1)
		other.next.Store(nil)
	}
	e.turn.Store(turn)
	p.young[hash] = e
	p.size += int64(len(e.labels)) + entrySize
}

// turnOver makes the young half the old one. A series that is forgotten keeps no others in memory.
func (p *knownPart) turnOver() {
	for _, e := range p.old {
		if !e.young() {
			e.next.Store(nil)
		}
	}
	p.old, p.young, p.size = p.young, map[uint64]*entry{}, 0
	p.turn.Add(1)
}

// young reports whether the series is in the young half, so that it need not be looked up to be kept.
func (e *entry) young() bool { return e.turn.Load() == e.part.turn.Load() }

// follow remembers that other came after e, unless e is forgotten meanwhile.
func (e *entry) follow(other *entry) {
	if e.next.Load() != other && e.young() {
		e.next.Store(other)
	}
}

// len returns the number of series that are known; one that is in both halves counts twice.
func (k *known) len() int {
	n := 0
	for i := range k.parts {
		p := &k.parts[i]
		p.mu.Lock()
		n += len(p.young) + len(p.old)
		p.mu.Unlock()
	}
	return n
}
