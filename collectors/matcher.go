package collectors

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// matcher decides which objectives want a series. It is immutable.
type matcher struct {
	objectives []*objective
	byName     map[string][]rule
	anyName    []rule // of selectors that do not choose the metric by equality
	selectors  map[string]bool
	print      float64 // identifies the set of selectors; a whole number
}

type rule struct {
	objective *objective
	term      *term
}

// newMatcher indexes the terms of all objectives by metric name.
func newMatcher(objs []*objective) *matcher {
	m := &matcher{objectives: objs, byName: map[string][]rule{}, selectors: map[string]bool{}}
	for _, o := range objs {
		for i := range o.terms {
			t := &o.terms[i]
			if t.name == "" {
				m.anyName = append(m.anyName, rule{o, t})
			} else {
				m.byName[t.name] = append(m.byName[t.name], rule{o, t})
			}
			m.selectors[t.text] = true
		}
	}
	m.print = m.fingerprint()
	return m
}

// unwanted reports, cheaply and with certainty if true, that no objective wants series of this name.
func (m *matcher) unwanted(name string) bool {
	return len(m.anyName) == 0 && len(m.byName[name]) == 0
}

// wants returns what an event of a series from a source adds to which objectives.
func (m *matcher) wants(source string, ls labels.Labels) []want {
	var wants []want
	add := func(rules []rule) {
		for _, r := range rules {
			if r.objective.source != source || !r.term.matches(ls) {
				continue
			}
			i := slices.IndexFunc(wants, func(w want) bool { return w.objective == r.objective })
			if i < 0 {
				i = len(wants)
				wants = append(wants, want{objective: r.objective})
			}
			wants[i].good += r.term.good
			wants[i].total += r.term.total
			wants[i].selectors = append(wants[i].selectors, r.term.text)
		}
	}
	add(m.byName[ls.Get(model.MetricNameLabel)])
	add(m.anyName)
	return wants
}

// sought reports whether the matcher would have noticed a series for all that w wants it for. A nil matcher noticed none.
func (m *matcher) sought(w *want) bool {
	if m == nil {
		return false
	}
	for _, text := range w.selectors {
		if !m.selectors[text] {
			return false
		}
	}
	return true
}

// fingerprint hashes the set of selectors to 53 bits, which a float64 holds exactly.
func (m *matcher) fingerprint() float64 {
	h := fnv.New64a()
	for _, text := range slices.Sorted(maps.Keys(m.selectors)) {
		fmt.Fprintf(h, "%q", text)
	}
	return float64(h.Sum64() >> 11)
}
