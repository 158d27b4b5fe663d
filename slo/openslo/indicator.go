package openslo

import (
	"strings"

	"plimsoll/slo"
)

// indicator is an SLI as it was read.
type indicator struct {
	slo.Indicator
	at node
	ok bool // all queries are there
}

// readSLI reads a document of kind SLI.
func (s *set) readSLI(h header, spec node) {
	ind := s.readIndicatorSpec(spec)
	if s.declare(h) {
		s.indicators[h.name] = ind
	}
}

// readInlineIndicator reads the indicator that stands in an SLO: metadata and spec as in a document of kind SLI.
func (s *set) readInlineIndicator(n node) indicator {
	o := n.object(field{name: "metadata"}, field{name: "spec", required: true})
	if m, ok := o.get("metadata"); ok {
		new(header).readMetadata(m)
	}
	if spec, ok := o.get("spec"); ok {
		return s.readIndicatorSpec(spec)
	}
	return indicator{at: n}
}

func (s *set) readIndicatorSpec(n node) indicator {
	o := n.object(
		field{name: "description"},
		field{name: "ratioMetric", required: true},
		field{name: "thresholdMetric", unsupported: "thresholdMetric is not supported; supported: ratioMetric with good or bad, and total"},
	)
	o.text("description")
	if ratio, ok := o.get("ratioMetric"); ok {
		return s.readRatio(ratio)
	}
	return indicator{at: n}
}

const onlyCounts = "raw ratios are not supported, because events are counted; supported: good or bad, and total"

func (s *set) readRatio(n node) indicator {
	o := n.object(
		field{name: "counter", required: true},
		field{name: "good"},
		field{name: "bad"},
		field{name: "total", required: true},
		field{name: "raw", unsupported: onlyCounts},
		field{name: "rawType", unsupported: onlyCounts},
	)
	if counter, ok := o.get("counter"); ok {
		if isTrue, ok := counter.isTrue(); ok && !isTrue {
			counter.fail("counter: false is not supported, because events are counted from counters that only grow; supported: counter: true")
		}
	}
	ind := indicator{at: n}
	ind.Good = s.readMetric(o, "good")
	ind.Bad = s.readMetric(o, "bad")
	ind.Total = s.readMetric(o, "total")
	good, hasGood := o.get("good")
	_, hasBad := o.get("bad")
	switch {
	case hasGood && hasBad:
		good.fail("good and bad both stand; allowed: one of them")
	case !hasGood && !hasBad && n.isMapping():
		n.fail("good or bad is missing")
	}
	ind.ok = ind.Total != "" && (ind.Good != "") != (ind.Bad != "")
	return ind
}

// readMetric returns the query of one side of a ratio, or nothing.
func (s *set) readMetric(o object, side string) string {
	n, ok := o.get(side)
	if !ok {
		return ""
	}
	m := n.object(field{name: "metricSource", required: true})
	source, ok := m.get("metricSource")
	if !ok {
		return ""
	}
	so := source.object(
		field{name: "metricSourceRef"},
		field{name: "type"},
		field{name: "spec", required: true},
	)
	if ref, ok := so.get("metricSourceRef"); ok {
		s.refer("DataSource", ref)
	}
	if typ, ok := so.get("type"); ok {
		checkSourceType(typ)
	}
	spec, ok := so.get("spec")
	if !ok {
		return ""
	}
	qo := spec.object(field{name: "query", required: true})
	query, ok := qo.get("query")
	if !ok {
		return ""
	}
	text := query.text()
	if text != "" && s.config.CheckQuery != nil {
		if err := s.config.CheckQuery(text); err != nil {
			query.fail("%v", err)
		}
	}
	return text
}

// checkSourceType reports a metric source whose queries are not PromQL. OpenSLO's own examples spell it in both cases.
func checkSourceType(n node) {
	if typ := n.text(); typ != "" && !strings.EqualFold(typ, "prometheus") {
		n.fail("found %q; supported: Prometheus", typ)
	}
}
