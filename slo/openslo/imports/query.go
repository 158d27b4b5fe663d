package imports

import (
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"plimsoll/slo/openslo"
)

// windowRange takes the place of Sloth's range. Which one it is makes no difference to what is counted.
const windowRange = "5m"

var (
	windowTemplate = regexp.MustCompile(`\{\{-?\s*\.window\s*-?\}\}`)
	anyTemplate    = regexp.MustCompile(`\{\{[^}]*\}\}`)
)

// query reads a query of Sloth as PromQL. It is nil after it has reported why it is none.
func (im *importer) query(n node) parser.Expr {
	text := im.template(n)
	if text == "" {
		return nil
	}
	expr, err := parsePromQL(text)
	if err != nil {
		n.Fail("not PromQL: %v", err)
		return nil
	}
	return im.withoutZero(n, expr)
}

// template fills in the range.
func (im *importer) template(n node) string {
	text := n.Text()
	if filled := windowTemplate.ReplaceAllString(text, windowRange); filled != text {
		im.note(n, "{{.window}} became %s; every sample is counted, whatever the range", windowRange)
		text = filled
	}
	if other := anyTemplate.FindString(text); other != "" {
		n.Fail("found the placeholder %q; only {{.window}} can be filled in", other)
		return ""
	}
	return text
}

func parsePromQL(text string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(text)
}

// withoutZero takes "or vector(0)" away wherever it stands on top or beside an operator.
func (im *importer) withoutZero(n node, e parser.Expr) parser.Expr {
	switch e := e.(type) {
	case *parser.ParenExpr:
		e.Expr = im.withoutZero(n, e.Expr)
	case *parser.BinaryExpr:
		if e.Op == parser.LOR && isZero(e.RHS) {
			im.note(n, "\"or vector(0)\" was left out; a series that is not there counts as nothing")
			return im.withoutZero(n, e.LHS)
		}
		e.LHS, e.RHS = im.withoutZero(n, e.LHS), im.withoutZero(n, e.RHS)
	}
	return e
}

func isZero(e parser.Expr) bool {
	call, ok := bare(e).(*parser.Call)
	if !ok || call.Func.Name != "vector" || len(call.Args) != 1 {
		return false
	}
	zero, ok := bare(call.Args[0]).(*parser.NumberLiteral)
	return ok && zero.Val == 0
}

// bare takes parentheses away.
func bare(e parser.Expr) parser.Expr {
	for {
		p, ok := e.(*parser.ParenExpr)
		if !ok {
			return e
		}
		e = p.Expr
	}
}

// division splits a ratio of errors: "bad / total", or "1 - good / total".
func division(e parser.Expr) (good, bad, total string) {
	b, ok := bare(e).(*parser.BinaryExpr)
	if !ok {
		return "", "", ""
	}
	if one, ok := bare(b.LHS).(*parser.NumberLiteral); ok && b.Op == parser.SUB && one.Val == 1 {
		if d, ok := bare(b.RHS).(*parser.BinaryExpr); ok && d.Op == parser.DIV {
			return bare(d.LHS).String(), "", bare(d.RHS).String()
		}
	}
	if b.Op == parser.DIV {
		return "", bare(b.LHS).String(), bare(b.RHS).String()
	}
	return "", "", ""
}

// selector reads the metric of a Pyrra indicator: a selector, around which Pyrra puts what it needs.
func selector(n node) *parser.VectorSelector {
	text := n.Text()
	if text == "" {
		return nil
	}
	expr, err := parsePromQL(text)
	if err != nil {
		n.Fail("not PromQL: %v", err)
		return nil
	}
	v, ok := expr.(*parser.VectorSelector)
	if !ok {
		n.Fail("found %q; a metric is one selector, such as http_requests_total{code=~\"5..\"}", text)
		return nil
	}
	return v
}

// sum puts the sum around a selector that Pyrra does.
func sum(v *parser.VectorSelector, grouping []string) string {
	if len(grouping) == 0 {
		return "sum(" + v.String() + ")"
	}
	return "sum by (" + strings.Join(grouping, ", ") + ") (" + v.String() + ")"
}

// renamed is a selector of the same series of another metric, with more matchers.
func renamed(v *parser.VectorSelector, suffix string, more ...*labels.Matcher) *parser.VectorSelector {
	other := *v
	other.Name += suffix
	other.LabelMatchers = append(slices.Clone(v.LabelMatchers), more...)
	for i, m := range other.LabelMatchers {
		if m.Name == model.MetricNameLabel {
			named := *m
			named.Value += suffix
			other.LabelMatchers[i] = &named
		}
	}
	return &other
}

// counted is an indicator of counters.
func counted(good, bad, total string) openslo.SLISpec {
	yes := true
	r := &openslo.RatioMetric{Counter: &yes, Total: prometheus(total)}
	if good != "" {
		r.Good = prometheus(good)
	} else {
		r.Bad = prometheus(bad)
	}
	return openslo.SLISpec{RatioMetric: r}
}
