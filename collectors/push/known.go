package push

import (
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// known are the series that were heard of, by the bytes of their labels. It is bounded: each part has a young and an old half, and when
// the young one is full it becomes the old one, whose series are forgotten unless they were heard of since.
type known struct {
	parts  [64]knownPart
	budget int64 // of one half of one part, in bytes
}

type knownPart struct {
	mu         sync.Mutex
	young, old map[uint64]*entry // by hash
	size       int64             // of young, in bytes
}

// entry is a series whose labels have been found valid.
type entry struct {
	labels string // as remote write 1.0 writes them
	// What the appender called the series of floats and the one of native histograms with these labels; 0 if it has not yet.
	float, native atomic.Uint64
}

// entrySize is about what an entry takes beside its labels.
const entrySize = 150

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
	e := &entry{labels: labels}
	hash := xxhash.Sum64String(labels)
	p := &k.parts[hash%uint64(len(k.parts))]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(hash, e, k.budget)
	return e
}

func (p *knownPart) add(hash uint64, e *entry, budget int64) {
	if p.size > budget || p.young == nil {
		p.old, p.young, p.size = p.young, map[uint64]*entry{}, 0
	}
	p.young[hash] = e
	p.size += int64(len(e.labels)) + entrySize
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
