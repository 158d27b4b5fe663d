package openslo

import (
	"slices"
	"strings"

	"plimsoll/slo"
)

// sides is how many metrics an indicator has.
func (ind *indicator) sides() int {
	if ind.Kind == slo.Thresholds || ind.Kind == slo.Ratios {
		return 1
	}
	return 2
}

// finish reads the queries of an indicator and checks that they can be counted. It reports problems once, however often it is called.
func (s *set) finish(ind *indicator) {
	if ind.finished {
		return
	}
	ind.finished = true
	read, sources := 0, map[string]bool{}
	for i := range ind.metrics {
		m := &ind.metrics[i]
		source, ok := s.readMetricSource(m)
		if !ok {
			continue
		}
		sources[source] = true
		if ind.Source = source; len(sources) > 1 {
			m.at.Fail("has another source than %s; the samples of both must come from the same one", ind.metrics[0].side)
			return
		}
		if text := s.readQuery(m); text != "" {
			m.readQuery(text)
			read++
		}
	}
	ind.ok = read == ind.sides() && s.checkQueries(ind)
}

// readMetricSource returns the name of the server that a metric is asked from, or nothing if its samples arrive by themselves. It is false if
// the metric cannot be read here; that its type is not supported is reported only by what uses the indicator.
func (s *set) readMetricSource(m *metric) (source string, ok bool) {
	typ := ""
	if m.typ.Node != nil {
		if typ = m.typ.Text(); typ == "" {
			return "", false
		}
	}
	if m.ref.Node == nil {
		if typ == "" && !m.at.Assume("type is missing; it can be left out only beside metricSourceRef", "read as Prometheus") {
			return "", false
		}
		return "", typ == "" || isCompatible(typ)
	}
	name := s.nameOf(kindSource, m.ref)
	if name == "" {
		return "", false
	}
	defined, ok := s.sources[name]
	if !ok {
		s.checkReference(reference{kindSource, name, m.ref})
		return name, slices.Contains(s.config.Sources, name) && (typ == "" || isCompatible(typ))
	}
	if typ != "" && !strings.EqualFold(typ, defined.Type) {
		m.typ.Fail("found %q; the DataSource %s has the type %q", typ, name, defined.Type)
		return "", false
	}
	return name, isCompatible(defined.Type)
}

// otherQueryFields are what other writers call the query. The specification leaves the fields to the type of the source.
var otherQueryFields = []string{"promql", "expr", "expression"}

func (s *set) readQuery(m *metric) string {
	if m.spec.Node == nil {
		return ""
	}
	for _, other := range otherQueryFields {
		if query, ok := m.spec.Key(other); ok && s.config.Lenient && len(m.spec.Content) == 2 {
			query.Warn("unknown field %q; read as query", other)
			m.query = query
			return query.Text()
		}
	}
	for _, other := range otherQueryFields {
		if query, ok := m.spec.Key(other); ok {
			query.Fail("unknown field %q (did you mean \"query\"?)", other)
			return ""
		}
	}
	query, ok := m.spec.Object(must("query")).Get("query")
	if !ok {
		return ""
	}
	m.query = query
	return query.Text()
}

// checkQueries reports queries that cannot be counted, each where it stands, and finds the labels by which they divide the indicator.
func (s *set) checkQueries(ind *indicator) bool {
	check := s.config.CheckIndicator
	if check == nil {
		check = func(slo.Indicator) error { return nil }
	}
	ok := true
	for i := range ind.metrics {
		alone, m := ind.Indicator, &ind.metrics[i]
		alone.Good, alone.Bad, alone.Total, alone.Query = "", "", "", ""
		switch m.side {
		case "good":
			alone.Good = ind.Good
		case "bad":
			alone.Bad = ind.Bad
		case "total":
			alone.Total = ind.Total
		default:
			alone.Query = ind.Query
		}
		if err := check(alone); err != nil {
			m.query.Unsupported("%v", err)
			ok = false
		}
	}
	if !ok {
		return false
	}
	if err := check(ind.Indicator); err != nil {
		ind.at.Unsupported("%v", err)
		return false
	}
	if s.config.Grouping != nil {
		if by, err := s.config.Grouping(ind.Indicator); err == nil {
			ind.GroupBy = by
		}
	}
	return true
}

// use reports why an indicator cannot be counted here although it is valid, and returns whether it can.
func (s *set) use(ind *indicator) bool {
	s.finish(ind)
	for _, m := range ind.metrics {
		s.checkSource(m)
	}
	return ind.ok
}

func (s *set) checkSource(m metric) {
	source := (*Source)(nil)
	if m.ref.Node != nil {
		source = s.sources[s.nameOf(kindSource, m.ref)]
	}
	switch {
	case source == nil:
		if m.typ.Node != nil && m.typ.IsScalar() && m.typ.Value != "" && !isCompatible(m.typ.Value) {
			m.typ.Unsupported("%s", incompatible(m.typ.Value))
		}
	case !isCompatible(source.Type):
		m.ref.Unsupported("%s", incompatible(source.Type))
	case s.config.Sources != nil && source.URL == "" && !slices.Contains(s.config.Sources, source.Name):
		m.ref.Unsupported("the DataSource %s has no url in its connectionDetails, and the configuration of the server does not name it", source.Name)
	}
}
