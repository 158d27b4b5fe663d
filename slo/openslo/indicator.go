package openslo

import (
	"slices"
	"strings"

	"plimsoll/slo"
)

// indicator is an SLI as it was read. Its queries are read when all files are, because their form is that of their source.
type indicator struct {
	slo.Indicator
	at       node
	metrics  []metric
	finished bool
	ok       bool // all queries are there and can be counted
}

// metric is one side of an indicator.
type metric struct {
	side      string // good, bad, total, or the only one
	at        node
	ref, typ  node // zero where they do not stand
	spec      node
	query     node
	readQuery func(string)
}

// readSLI reads a document of kind SLI.
func (s *set) readSLI(h header, spec node) {
	ind := s.readIndicatorSpec(spec)
	if s.declare(h) {
		s.indicators[h.name] = ind
	}
}

// readIndicator reads the indicator of an SLO or of one of its objectives, and returns what finds it once all files are read; nil if there
// is none.
func (s *set) readIndicator(o object) func() *indicator {
	inline, hasInline := o.Get("indicator")
	ref, hasRef := o.Get("indicatorRef")
	switch {
	case hasInline && hasRef:
		ref.Fail("indicator and indicatorRef both stand; allowed: one of them")
		return func() *indicator { return nil }
	case hasInline:
		ind := s.readInlineIndicator(inline)
		return func() *indicator { return ind }
	case hasRef:
		name := s.refer(kindSLI, ref)
		return func() *indicator { return s.indicators[name] }
	}
	return nil
}

// readInlineIndicator reads an indicator that stands in an SLO: metadata and spec as in a document of kind SLI.
func (s *set) readInlineIndicator(n node) *indicator {
	o := n.Object(may("metadata"), must("spec"))
	if m, ok := o.Get("metadata"); ok {
		readHeader(kindSLI, m)
	}
	if spec, ok := o.Get("spec"); ok {
		return s.readIndicatorSpec(spec)
	}
	return &indicator{at: n}
}

func (s *set) readIndicatorSpec(n node) *indicator {
	o := n.Object(may("description"), may("ratioMetric"), may("thresholdMetric"))
	readDescription(o)
	ratio, hasRatio := o.Get("ratioMetric")
	threshold, hasThreshold := o.Get("thresholdMetric")
	switch {
	case hasRatio && hasThreshold:
		threshold.Fail("ratioMetric and thresholdMetric both stand; allowed: one of them")
	case hasRatio:
		return s.readRatio(ratio)
	case hasThreshold:
		ind := &indicator{at: threshold, Indicator: slo.Indicator{Kind: slo.Thresholds}}
		ind.readMetric("thresholdMetric", threshold, &ind.Query)
		return ind
	case n.IsMapping():
		n.Fail("ratioMetric or thresholdMetric is missing")
	}
	return &indicator{at: n}
}

func (s *set) readRatio(n node) *indicator {
	o := n.Object(may("counter"), may("good"), may("bad"), may("total"), may("raw"), may("rawType"))
	ind := &indicator{at: n}
	if raw, ok := o.Get("raw"); ok {
		ind.readRaw(o, raw)
		return ind
	}
	if typ, ok := o.Get("rawType"); ok {
		typ.Fail("rawType stands without raw; allowed: both or neither")
	}
	if counter, ok := o.Get("counter"); ok {
		if grows, ok := counter.IsTrue(); ok && !grows {
			ind.Kind = slo.Amounts
		}
	} else if o.IsMapping() {
		n.Assume("counter is missing", "read as counter: true")
	}
	good, hasGood := o.Get("good")
	bad, hasBad := o.Get("bad")
	switch {
	case hasGood && hasBad:
		good.Fail("good and bad both stand; allowed: one of them")
		return ind
	case hasGood:
		ind.readMetric("good", good, &ind.Good)
	case hasBad:
		ind.readMetric("bad", bad, &ind.Bad)
	case n.IsMapping():
		n.Fail("good or bad is missing")
	}
	if total, ok := o.Get("total"); ok {
		ind.readMetric("total", total, &ind.Total)
	} else if n.IsMapping() {
		n.Fail("total is missing")
	}
	return ind
}

// readRaw reads a ratio that was computed elsewhere.
func (ind *indicator) readRaw(o object, raw node) {
	ind.Kind = slo.Ratios
	for _, side := range []string{"good", "bad", "total"} {
		if n, ok := o.Get(side); ok {
			n.Fail("raw and %s both stand; allowed: raw, or total with good or bad", side)
			return
		}
	}
	if counter, ok := o.Get("counter"); ok {
		counter.IsTrue() // has no effect, says the specification
	}
	typ, ok := o.Get("rawType")
	if !ok {
		o.Fail("rawType is missing; allowed: success, failure")
		return
	}
	word, ok := typ.OneOf("success", "failure")
	if !ok {
		return
	}
	ind.Failure = word == "failure"
	ind.readMetric("raw", raw, &ind.Query)
}

// readMetric reads one side of an indicator up to what depends on the type of its source. The query goes to into once it is read.
func (ind *indicator) readMetric(side string, n node, into *string) {
	o := n.Object(must("metricSource"))
	source, ok := o.Get("metricSource")
	if !ok {
		return
	}
	so := source.Object(may("metricSourceRef"), may("type"), must("spec"))
	m := metric{side: side, at: source, readQuery: func(q string) { *into = q }}
	m.ref, _ = so.Get("metricSourceRef")
	m.typ, _ = so.Get("type")
	m.spec, _ = so.Get("spec")
	ind.metrics = append(ind.metrics, m)
}

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
	name := m.ref.Text()
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
	if m.ref.Node == nil {
		if m.typ.Node != nil && m.typ.IsScalar() && m.typ.Value != "" && !isCompatible(m.typ.Value) {
			m.typ.Unsupported("%s", incompatible(m.typ.Value))
		}
		return
	}
	switch source, ok := s.sources[m.ref.Value]; {
	case !ok: // reported as a reference to nothing, or known to the configuration
	case !isCompatible(source.Type):
		m.ref.Unsupported("%s", incompatible(source.Type))
	case s.config.Sources != nil && source.URL == "" && !slices.Contains(s.config.Sources, source.Name):
		m.ref.Unsupported("the DataSource %s has no url in its connectionDetails, and the configuration of the server does not name it", source.Name)
	}
}
