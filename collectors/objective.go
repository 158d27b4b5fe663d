package collectors

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// objective is one objective as the collector sees it.
type objective struct {
	key     slo.Key
	service string
	source  string
	ref     ledger.Ref
	terms   []term
	events  func(v float64) (good, total int64, ok bool) // of one value of a gauge; nil for counters
	groups  groups
	feeders *feeders
	life    life
	live    *objective // of an objective that is filled: the one that is counted live

	evaluated bool // by its source, which books the events itself
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
	group       *group   // the child that the event belongs to, too; nil for none

	begun bool             // counting it for this objective has begun
	marks []*ledger.Cursor // that remember where; none if that does not matter
	past  *past            // how far it has been filled, in a collector of history
}

// compileObjective reads the queries of an indicator into terms.
func compileObjective(o *slo.Objective) (*objective, error) {
	obj := &objective{key: o.Key, service: o.Service, source: o.Indicator.Source, events: eventsOf(o.Indicator)}
	obj.groups = newGroups(o)
	queries, unsupported, err := readIndicator(o.Indicator)
	if err == nil && o.Indicator.Source == "" {
		err = unsupported
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: objective %s: %w", o.File, o.Line, o.Key, err)
	}
	if obj.evaluated = unsupported != nil; obj.evaluated {
		return obj, nil
	}
	for _, q := range queries {
		for _, s := range q.selectors {
			obj.terms = append(obj.terms, term{s, s.sign * q.good, s.sign * q.total})
		}
	}
	return obj, nil
}

// Selectors returns what the objectives with a source want of it, each set of matchers once and as it is written. Matchers of the label le
// compare numbers: le="1" also wants "1.0".
func (c *Collector) Selectors(source string) [][]*labels.Matcher {
	var wanted [][]*labels.Matcher
	seen := map[string]bool{}
	for _, o := range c.table.Load().matcher.objectives {
		for i := range o.terms {
			t := &o.terms[i]
			if o.source == source && !seen[t.text] {
				seen[t.text] = true
				wanted = append(wanted, slices.Clone(t.written))
			}
		}
	}
	slices.SortFunc(wanted, func(a, b []*labels.Matcher) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return wanted
}
