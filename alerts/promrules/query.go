package promrules

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"plimsoll/slo"
)

// increase returns PromQL for the events that a query of an objective counted over a lookback. A query is a signed set of selectors (see
// plimsoll/collectors), and each is summed by itself: a vector that lacks a series must not swallow the others.
func increase(query string, lookback time.Duration) (string, error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return "", fmt.Errorf("read query %q: %w", query, err)
	}
	w := walker{lookback: model.Duration(lookback)}
	w.walk(expr, false)
	if w.err != nil {
		return "", fmt.Errorf("query %q: %w", query, w.err)
	}
	return w.out.String(), nil
}

type walker struct {
	lookback model.Duration
	out      strings.Builder
	err      error
}

func (w *walker) walk(e parser.Expr, negative bool) {
	switch e := e.(type) {
	case *parser.ParenExpr:
		w.walk(e.Expr, negative)
	case *parser.UnaryExpr:
		w.walk(e.Expr, negative != (e.Op == parser.SUB))
	case *parser.AggregateExpr:
		w.walk(e.Expr, negative)
	case *parser.BinaryExpr:
		w.walk(e.LHS, negative)
		w.walk(e.RHS, negative != (e.Op == parser.SUB))
	case *parser.Call:
		w.walk(e.Args[0], negative)
	case *parser.MatrixSelector:
		w.walk(e.VectorSelector, negative)
	case *parser.VectorSelector:
		w.add(e, negative)
	default:
		w.err = fmt.Errorf("%s cannot be written as a rule", e)
	}
}

func (w *walker) add(s *parser.VectorSelector, negative bool) {
	switch {
	case negative:
		w.out.WriteString(" - ")
	case w.out.Len() > 0:
		w.out.WriteString(" + ")
	}
	fmt.Fprintf(&w.out, "(sum(increase(%s[%s])) or vector(0))", s, w.lookback)
}

// counts returns PromQL for the bad and for all events of an objective over a lookback.
func counts(i slo.Indicator, lookback time.Duration) (bad, total string, err error) {
	if total, err = increase(i.Total, lookback); err != nil {
		return "", "", err
	}
	if i.Bad != "" {
		bad, err = increase(i.Bad, lookback)
		return bad, total, err
	}
	good, err := increase(i.Good, lookback)
	return fmt.Sprintf("(%s) - (%s)", total, good), total, err
}
