package backfill

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// Choose returns the objectives that a spec asks for, and those that count some of the same metrics and have the same source; by key. Children
// are filled with their parents, and composites have no events of their own.
func Choose(s Spec, all []*slo.Objective) ([]*slo.Objective, error) {
	var counted []*slo.Objective
	var services, keys []string
	for _, o := range all {
		if o.Parent == "" && o.Method != slo.Composite {
			counted = append(counted, o)
			services, keys = append(services, o.Service), append(keys, string(o.Key))
		}
	}
	for _, key := range s.Objectives {
		if !slices.Contains(keys, string(key)) {
			return nil, fmt.Errorf("%w: objectives: there is no objective %q%s", ErrInvalid, key, nearest.Hint(string(key), keys))
		}
	}
	if s.Service != "" && !slices.Contains(services, s.Service) {
		return nil, fmt.Errorf("%w: service: no objective belongs to the service %q%s", ErrInvalid, s.Service, nearest.Hint(s.Service, services))
	}
	chosen := map[*slo.Objective]bool{}
	for _, o := range counted {
		chosen[o] = (s.Service == "" || o.Service == s.Service) && (len(s.Objectives) == 0 || slices.Contains(s.Objectives, o.Key))
	}
	include(counted, chosen)
	list := slices.DeleteFunc(counted, func(o *slo.Objective) bool { return !chosen[o] })
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: objectives: there is none to be filled", ErrInvalid)
	}
	return list, nil
}

// include chooses those that share a metric with one that is chosen, until there is none left.
func include(all []*slo.Objective, chosen map[*slo.Objective]bool) {
	for changed := true; changed; {
		changed = false
		for _, o := range all {
			if chosen[o] {
				continue
			}
			chosen[o] = slices.ContainsFunc(all, func(other *slo.Objective) bool { return chosen[other] && share(o, other) })
			changed = changed || chosen[o]
		}
	}
}

// share reports whether a series can be counted for both objectives.
func share(a, b *slo.Objective) bool {
	if a.Indicator.Source != b.Indicator.Source {
		return false
	}
	of := metrics(b)
	return slices.ContainsFunc(metrics(a), func(name string) bool {
		return slices.ContainsFunc(of, func(other string) bool { return name == other || name == "" || other == "" })
	})
}

// metrics returns the names of the metrics that the queries of an objective select; one of them is empty if a selector names none.
func metrics(o *slo.Objective) []string {
	var names []string
	for _, s := range selectors([]*slo.Objective{o}) {
		name := ""
		for _, m := range s {
			if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
				name = m.Value
			}
		}
		names = append(names, name)
	}
	return names
}

// selectors returns what the queries of some objectives select. Queries have been parsed before; one that cannot be selects nothing.
func selectors(objectives []*slo.Objective) [][]*labels.Matcher {
	p := parser.NewParser(parser.Options{})
	var all [][]*labels.Matcher
	for _, o := range objectives {
		for _, q := range o.Indicator.Queries() {
			if expr, err := p.ParseExpr(q); err == nil {
				all = append(all, parser.ExtractSelectors(expr)...)
			}
		}
	}
	return all
}

// fingerprint identifies what is filled: the objectives and their queries. It is a whole number that a float64 holds exactly.
func fingerprint(objectives []*slo.Objective) int64 {
	h := fnv.New64a()
	for _, o := range objectives {
		fmt.Fprintf(h, "%q%q%v", o.Key, o.Indicator.Queries(), o.Indicator)
	}
	return int64(h.Sum64() >> 11)
}
