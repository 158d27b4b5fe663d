package openslo

import (
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
		n.Fail("ratioMetric or thresholdMetric is missing; a ratioMetric holds good or bad, and total")
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
	} else if o.Lacks("counter") {
		n.Assume("counter is missing; allowed: true, where the metrics grow, and false, where each sample is a number of new events", "read as counter: true")
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
		n.Fail("good or bad is missing; one of them stands beside total")
	}
	if total, ok := o.Get("total"); ok {
		ind.readMetric("total", total, &ind.Total)
	} else if n.IsMapping() {
		n.Fail("total is missing; it stands beside good or bad")
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
