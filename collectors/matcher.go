package collectors

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// objective is one objective as the collector sees it.
type objective struct {
	key     slo.Key
	service string
	ref     ledger.Ref
	terms   []term
	feeders *feeders
}

// term is a selector with what one of its events adds.
type term struct {
	selector
	good, total int64
}

// want is what one event of a series adds to one objective.
type want struct {
	objective   *objective
	good, total int64
	selectors   []string // that chose the series
}

// compileObjective reads both queries of an indicator into terms.
func compileObjective(o *slo.Objective) (*objective, error) {
	obj := &objective{key: o.Key, service: o.Service}
	add := func(query string, good, total int64) error {
		if query == "" {
			return nil
		}
		selectors, err := compile(query)
		if err != nil {
			return fmt.Errorf("%s:%d: objective %s: %q: %w", o.File, o.Line, o.Key, query, err)
		}
		for _, s := range selectors {
			obj.terms = append(obj.terms, term{s, s.sign * good, s.sign * total})
		}
		return nil
	}
	// An event of the bad query takes one from good; what the total query counts is good until then.
	ofTotal := int64(0)
	if o.Indicator.Bad != "" {
		ofTotal = 1
	}
	if err := cmp.Or(
		add(o.Indicator.Good, 1, 0),
		add(o.Indicator.Bad, -1, 0),
		add(o.Indicator.Total, ofTotal, 1),
	); err != nil {
		return nil, err
	}
	return obj, nil
}

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

// wants returns what an event of the series adds to which objectives.
func (m *matcher) wants(ls labels.Labels) []want {
	var wants []want
	add := func(rules []rule) {
		for _, r := range rules {
			if !r.term.matches(ls) {
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
