package push

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// TestKnownCollision has two series with one hash: neither is taken for the other.
func TestKnownCollision(t *testing.T) {
	t.Parallel()
	k := newKnown(1 << 20)
	hash := xxhash.Sum64String("ours")
	p := &k.parts[hash%uint64(len(k.parts))]
	p.add(hash, &entry{labels: "theirs", part: p}, k.budget)
	if e := k.find([]byte("ours")); e != nil {
		t.Fatalf("found %q", e.labels)
	}
	added := k.add("ours")
	if e := k.find([]byte("ours")); e != added {
		t.Fatalf("found %v, want the series that was added", e)
	}
}

// TestKnownBounded adds far more series than there is memory for, and keeps hearing of one.
func TestKnownBounded(t *testing.T) {
	t.Parallel()
	const budget, size = 256 << 10, 100
	k := newKnown(budget)
	kept := k.add("kept")
	for i := range 100_000 {
		k.add(fmt.Sprintf("%*d", size, i))
		if k.find([]byte("kept")) != kept {
			t.Fatalf("the series that is heard of all along is forgotten after %d others", i)
		}
	}
	// A part may pass its budget by the series that fills it.
	if most := budget/(size+entrySize) + 2*len(k.parts) + 1; k.len() > most {
		t.Errorf("%d series are known, want at most %d", k.len(), most)
	}
	if k.find([]byte(fmt.Sprintf("%*d", size, 0))) != nil {
		t.Error("a series that was not heard of for long is still known")
	}
}

func TestKnownConcurrent(t *testing.T) {
	t.Parallel()
	k := newKnown(64 << 10)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 20_000 {
				labels := fmt.Sprint("series ", i%(1000+worker))
				if e := k.find([]byte(labels)); e == nil {
					k.add(labels)
				} else if e.labels != labels {
					t.Errorf("found %q for %q", e.labels, labels)
				}
			}
		})
	}
	wg.Wait()
}

// TestDisplacedKeepNobody: a sender that makes series of one hash leaves no chain of them in memory, each of which came after the one before.
func TestDisplacedKeepNobody(t *testing.T) {
	t.Parallel()
	k := newKnown(1 << 20)
	p := &k.parts[0]
	var all []*entry
	for i := range 4 {
		e := &entry{labels: fmt.Sprint(i), part: p}
		p.add(7, e, k.budget)
		if i > 0 {
			all[i-1].follow(e)
		}
		all = append(all, e)
	}
	for i, e := range all[:3] {
		if e.young() || e.next.Load() != nil {
			t.Errorf("series %d, in whose place is another, counts as known: %v", i, e.young())
		}
	}
}
