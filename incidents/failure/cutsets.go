package failure

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// CutSet is a set of events that together bring the top event about, by name, sorted.
type CutSet []string

// MaxCutSets bounds how many sets are kept at any step, so that a tree that explodes is refused rather than filling the memory.
const MaxCutSets = 100_000

// CutSets returns the minimal cut sets: those of which no part is one, too. The smaller come first. It is MOCUS (NUREG-0492, chapter
// VII), from the bottom up so that each gate is expanded once, with absorption at each gate.
func (t *Tree) CutSets() ([]CutSet, error) {
	order := t.order()
	index := map[string]int{}
	for i, name := range order {
		index[name] = i
	}
	m := mocus{tree: t, index: index, words: (len(order) + 63) / 64, done: map[string][]set{}}
	found, err := m.expand(t.Top)
	if err != nil {
		return nil, err
	}
	sets := make([]CutSet, len(found))
	for i, s := range found {
		for e, name := range order {
			if s.has(e) {
				sets[i] = append(sets[i], name)
			}
		}
		slices.Sort(sets[i])
	}
	slices.SortFunc(sets, func(a, b CutSet) int { return cmp.Or(cmp.Compare(len(a), len(b)), slices.Compare(a, b)) })
	return sets, nil
}

// set is a set of events, a bit each.
type set []uint64

func (s set) has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }

// within reports whether every event of s is in t.
func (s set) within(t set) bool {
	for i, w := range s {
		if w&^t[i] != 0 {
			return false
		}
	}
	return true
}

func (s set) size() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) union(t set) set {
	u := make(set, len(s))
	for i := range s {
		u[i] = s[i] | t[i]
	}
	return u
}

type mocus struct {
	tree  *Tree
	index map[string]int
	words int
	done  map[string][]set
}

func (m *mocus) expand(name string) ([]set, error) {
	if sets, ok := m.done[name]; ok {
		return sets, nil
	}
	var sets []set
	if i, ok := m.index[name]; ok {
		s := make(set, m.words)
		s[i/64] = 1 << (i % 64)
		sets = []set{s}
	} else {
		var err error
		if sets, err = m.gate(name, m.tree.Gates[name]); err != nil {
			return nil, err
		}
	}
	m.done[name] = sets
	return sets, nil
}

// gate combines the sets of the inputs. ways[k] are the sets that bring k of the inputs about that have been looked at, as long
// as those that are left can make them enough.
func (m *mocus) gate(name string, g Gate) ([]set, error) {
	ways := make([][]set, g.AtLeast+1)
	ways[0] = []set{make(set, m.words)}
	for n, in := range g.Inputs {
		sets, err := m.expand(in)
		if err != nil {
			return nil, err
		}
		for k := g.AtLeast; k >= g.fewest(n); k-- {
			if len(ways[k-1])*len(sets)+len(ways[k]) > MaxCutSets {
				return nil, fmt.Errorf("the gate %s has more than %d cut sets to look at; divide the tree", name, MaxCutSets)
			}
			for _, a := range ways[k-1] {
				for _, b := range sets {
					ways[k] = append(ways[k], a.union(b))
				}
			}
			ways[k] = absorb(ways[k])
		}
	}
	return ways[g.AtLeast], nil
}

// fewest is how many of the first inputs, up to the one numbered n from 0, must happen for the others to be able to make them
// enough; at least 1.
func (g Gate) fewest(n int) int { return max(1, g.AtLeast-(len(g.Inputs)-1-n)) }

// absorb leaves out every set that holds another one.
func absorb(sets []set) []set {
	slices.SortFunc(sets, func(a, b set) int { return cmp.Compare(a.size(), b.size()) })
	var kept []set
	for _, s := range sets {
		if !slices.ContainsFunc(kept, func(k set) bool { return k.within(s) }) {
			kept = append(kept, s)
		}
	}
	return kept
}
