package collectors

import (
	"cmp"
	"fmt"
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
	source  string
	ref     ledger.Ref
	terms   []term
	events  func(v float64) (good, total int64, ok bool) // of one value of a gauge; nil for counters
	groups  groups
	feeders *feeders
	life    life
	live    *objective // of an objective that is filled: the one that is counted live
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

	begun bool           // counting it for this objective has begun
	mark  *ledger.Cursor // that remembers where; nil if that matters no more
	past  *past          // how far it has been filled, in a collector of history
}

// compileObjective reads the queries of an indicator into terms.
func compileObjective(o *slo.Objective) (*objective, error) {
	obj := &objective{key: o.Key, service: o.Service, source: o.Indicator.Source, events: eventsOf(o.Indicator)}
	obj.groups = newGroups(o)
	in, at, err := readIndicator(o.Indicator)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: objective %s: %w", o.File, o.Line, o.Key, err)
	}
	evaluated := at != nil && o.Indicator.Source != ""
	if at != nil && !evaluated {
		return nil, fmt.Errorf("%s:%d: objective %s: %w", o.File, o.Line, o.Key, at)
	}
	for _, q := range in {
		if evaluated {
			q.selectors = []selector{evaluatedSelector(o.Key, q.part)}
		}
		good, total := q.part.weights(o.Indicator)
		for _, s := range q.selectors {
			obj.terms = append(obj.terms, term{s, s.sign * good, s.sign * total})
		}
	}
	return obj, nil
}

// Part names one of the queries of an indicator.
type Part string

// The queries of an indicator.
const (
	PartGood  Part = "good"
	PartBad   Part = "bad"
	PartTotal Part = "total"
	PartQuery Part = "query"
)

// weights returns what one event of the query adds.
func (p Part) weights(ind slo.Indicator) (good, total int64) {
	switch p {
	case PartGood:
		return 1, 0
	case PartBad: // takes one from good; what the total query counts is good until then
		return -1, 0
	case PartTotal:
		if ind.Bad != "" {
			return 1, 1
		}
		return 0, 1
	default:
		return 1, 1
	}
}

// The labels of the series to which a source appends the values of a query that it evaluates.
const (
	evaluatedMetric    = "plimsoll_evaluated"
	evaluatedObjective = "objective"
	evaluatedPart      = "part"
)

// Evaluated returns the labels of the series to which a source appends the values of one of an objective's queries, where [Raw] is false and
// so the query is evaluated as a whole. Its samples count as the indicator's Kind says. Further labels, such as those by which the
// objective is divided, may be added.
func Evaluated(key slo.Key, part Part) labels.Labels {
	return labels.FromStrings(model.MetricNameLabel, evaluatedMetric, evaluatedObjective, string(key), evaluatedPart, string(part))
}

func evaluatedSelector(key slo.Key, part Part) selector {
	s := selector{name: evaluatedMetric, sign: 1}
	Evaluated(key, part).Range(func(l labels.Label) {
		s.matchers = append(s.matchers, labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value))
	})
	s.asked = s.matchers
	s.text = fmt.Sprintf("%s{%s=%q,%s=%q}", evaluatedMetric, evaluatedObjective, key, evaluatedPart, part)
	return s
}

// Selectors returns what the objectives with a source want of it, each set once: matchers of series whose samples count raw.
func (c *Collector) Selectors(source string) [][]*labels.Matcher {
	var wanted [][]*labels.Matcher
	seen := map[string]bool{}
	for _, o := range c.table.Load().matcher.objectives {
		for i := range o.terms {
			t := &o.terms[i]
			if o.source == source && t.name != evaluatedMetric && !seen[t.text] {
				seen[t.text] = true
				wanted = append(wanted, slices.Clone(t.asked))
			}
		}
	}
	slices.SortFunc(wanted, func(a, b []*labels.Matcher) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return wanted
}
