package oracle_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/slo"
)

// horizon is how late a sample may be.
const horizon = 2 * time.Hour

// series is one series of a process.
type series struct {
	name, code, route, instance string
}

// label returns the value of one of the labels that series differ by.
func (s series) label(name string) string {
	return map[string]string{"code": s.code, "route": s.route}[name]
}

// term is one selector of an objective's queries, and what one event of a series that it selects adds.
type term struct {
	text        string // as it stands in the query
	matches     func(series) bool
	good, total int64
	instance    string // that it names; empty if it names none
}

// promise is an objective as it is drawn, and what it counts as the replay sees it.
type promise struct {
	key       slo.Key
	id        string // that the replay gives it
	objective *slo.Objective
	terms     []term
	read      func(v float64) (good, total int64, ok bool) // of one value of a gauge; nil if steps of counters are counted
}

// weigh returns what an event of a series adds, and the selectors that say so; none if the series is not wanted.
func (p promise) weigh(s series) (good, total int64, selectors []string) {
	for _, t := range p.terms {
		if t.matches(s) {
			good, total, selectors = good+t.good, total+t.total, append(selectors, t.text)
		}
	}
	return good, total, selectors
}

func (p promise) wants(s series) bool {
	return slices.ContainsFunc(p.terms, func(t term) bool { return t.matches(s) })
}

// group returns the labels of the child that the events of a series belong to, too, or nothing.
func (p promise) group(s series) string {
	var pairs []string
	for _, by := range p.objective.Indicator.GroupBy {
		pairs = append(pairs, fmt.Sprintf("%s=%q", by, s.label(by)))
	}
	if pairs == nil {
		return ""
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// child returns the promise of one child.
func (p promise) child(key slo.Key) promise {
	o := *p.objective
	o.Key, o.Parent, o.Group = key, p.key, string(key[len(p.key):])
	o.Indicator.GroupBy = nil
	p.key, p.objective = key, &o
	return p
}

var routes = []string{"/videos", `/a"b`, ""}

// of returns what selects series of a name, and with one of some codes if any are given.
func of(name string, codes ...string) func(series) bool {
	return func(s series) bool { return s.name == name && (codes == nil || slices.Contains(codes, s.code)) }
}

// served counts requests: all of them, those with code 200 as good. The second way of counting takes a 404 for good, too.
func served(second bool) promise {
	total := term{text: `requests_total`, matches: of("requests_total"), total: 1}
	if second {
		return promise{
			objective: &slo.Objective{Indicator: slo.Indicator{Good: `sum(requests_total{code=~"200|404"})`, Total: `sum(requests_total)`}},
			terms:     []term{{text: `requests_total{code=~"200|404"}`, matches: of("requests_total", "200", "404"), good: 1}, total},
		}
	}
	return promise{
		objective: &slo.Objective{Indicator: slo.Indicator{Good: `sum(rate(requests_total{code="200"}[5m]))`, Total: `sum(requests_total)`}},
		terms:     []term{{text: `requests_total{code="200"}`, matches: of("requests_total", "200"), good: 1}, total},
	}
}

// divided counts failures by some labels, or requests that did not fail.
func divided(by []string, second bool) promise {
	over := "sum by (" + strings.Join(by, ", ") + ") "
	if second {
		return promise{
			objective: &slo.Objective{Indicator: slo.Indicator{Good: over + `(requests_total{code=~"200|404"})`, Total: over + `(requests_total)`, GroupBy: by}},
			terms: []term{
				{text: `requests_total{code=~"200|404"}`, matches: of("requests_total", "200", "404"), good: 1},
				{text: `requests_total`, matches: of("requests_total"), total: 1},
			},
		}
	}
	return promise{
		objective: &slo.Objective{Indicator: slo.Indicator{Bad: over + `(requests_total{code="500"})`, Total: over + `(requests_total)`, GroupBy: by}},
		terms: []term{
			{text: `requests_total{code="500"}`, matches: of("requests_total", "500"), good: -1},
			{text: `requests_total`, matches: of("requests_total"), good: 1, total: 1},
		},
	}
}

// odd counts what no sound objective would: totals that fall, and more good events than there are.
func odd() promise {
	atB := func(s series) bool { return s.name == "requests_total" && s.code == "500" && s.instance == "b" }
	return promise{
		objective: &slo.Objective{Indicator: slo.Indicator{Good: `done_total`, Total: `sum(requests_total{code="200"}) - requests_total{code="500",instance="b"}`}},
		terms: []term{
			{text: `done_total`, matches: of("done_total"), good: 1},
			{text: `requests_total{code="200"}`, matches: of("requests_total", "200"), total: 1},
			{text: `requests_total{code="500",instance="b"}`, matches: atB, total: -1, instance: "b"},
		},
	}
}

// warm takes every value of a gauge for an event, good if it holds against a threshold.
func warm(op slo.Op) promise {
	const threshold = 0.3
	holds := map[slo.Op]func(v float64) bool{
		slo.AtMost:   func(v float64) bool { return v <= threshold },
		slo.AtLeast:  func(v float64) bool { return v >= threshold },
		slo.LessThan: func(v float64) bool { return v < threshold },
		slo.MoreThan: func(v float64) bool { return v > threshold },
	}[op]
	return promise{
		objective: &slo.Objective{Indicator: slo.Indicator{Kind: slo.Thresholds, Query: `temperature`, Op: op, Value: threshold}},
		terms:     []term{{text: `temperature`, matches: of("temperature"), good: 1, total: 1}},
		read: func(v float64) (good, total int64, ok bool) {
			if holds(v) {
				return 1, 1, true
			}
			return 0, 1, true
		},
	}
}

// sold takes every value of two gauges for a number of events; or, the second way, the gauges for counters.
func sold(second bool) promise {
	p := promise{
		objective: &slo.Objective{Indicator: slo.Indicator{Kind: slo.Amounts, Bad: `sum(returned)`, Total: `sum(sold)`}},
		terms: []term{
			{text: `returned`, matches: of("returned"), good: -1},
			{text: `sold`, matches: of("sold"), good: 1, total: 1},
		},
		read: func(v float64) (good, total int64, ok bool) { return int64(v), int64(v), v >= 0 },
	}
	if second {
		p.objective.Indicator.Kind, p.read = slo.Counters, nil
	}
	return p
}

// shared takes every value of a gauge for a share of good or bad events, as it is written in decimals.
func shared(failure bool) promise {
	return promise{
		objective: &slo.Objective{Indicator: slo.Indicator{Kind: slo.Ratios, Query: `share`, Failure: failure}},
		terms:     []term{{text: `share`, matches: of("share"), good: 1, total: 1}},
		read: func(v float64) (good, total int64, ok bool) {
			if v < 0 || v > 1 {
				return 0, 0, false
			}
			n, _ := new(big.Rat).SetString(strconv.FormatFloat(v, 'f', -1, 64))
			if failure {
				n.Sub(big.NewRat(1, 1), n)
			}
			n.Mul(n, big.NewRat(slo.RatioWeight, 1))
			return new(big.Int).Quo(n.Num(), n.Denom()).Int64(), slo.RatioWeight, true
		},
	}
}

// nan is what a gauge without a value exposes.
var nan = math.NaN()
