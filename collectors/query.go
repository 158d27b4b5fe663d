package collectors

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"
)

// ErrQuery marks a query that cannot be counted.
var ErrQuery = errors.New("the query cannot be counted")

// supported ends every message about a construct that is not.
const supported = "supported: counters selected by their labels, sum() of them, rate() or increase() around a selector, and sums and differences of those"

// Check reports why a query cannot be counted, or nil. It names the construct and where it stands.
func Check(query string) error {
	_, err := compile(query)
	return err
}

// selector is a set of series and how an event of one of them counts.
type selector struct {
	name     string // of the metric; empty if it is not chosen by equality
	matchers []*labels.Matcher
	sign     int64
	text     string // canonical; identifies the selector across restarts
}

// matches reports whether the series with these labels is in the set. The name has been compared if s.name is set.
func (s *selector) matches(ls labels.Labels) bool {
	for _, m := range s.matchers {
		if !matches(m, ls.Get(m.Name)) {
			return false
		}
	}
	return true
}

// matches compares bucket bounds as numbers, so that le="1" finds the bucket "1.0".
func matches(m *labels.Matcher, value string) bool {
	if m.Name == model.BucketLabel && (m.Type == labels.MatchEqual || m.Type == labels.MatchNotEqual) {
		value = canonicalBound(value)
	}
	return m.Matches(value)
}

func canonicalBound(le string) string {
	v, err := strconv.ParseFloat(le, 64)
	if err != nil {
		return le
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// compile reads a query as a signed set of selectors. Ranges are ignored: the ledger counts every event once, and the
// window is the objective's.
func compile(query string) ([]selector, error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, fmt.Errorf("%w: not PromQL: %w", ErrQuery, err)
	}
	c := compiler{query: query}
	c.walk(expr, 1)
	if c.err != nil {
		return nil, c.err
	}
	return c.selectors, nil
}

type compiler struct {
	query     string
	selectors []selector
	err       error // the first problem
}

func (c *compiler) reject(at posrange.PositionRange, what string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s at character %d is not supported; %s", ErrQuery, what, at.Start+1, supported)
	}
}

// walk collects the selectors of e. It follows the forms that keep "an event of this series counts this much" true.
func (c *compiler) walk(e parser.Expr, sign int64) {
	at := e.PositionRange()
	switch e := e.(type) {
	case *parser.ParenExpr:
		c.walk(e.Expr, sign)
	case *parser.UnaryExpr:
		c.walk(e.Expr, signed(e.Op, sign))
	case *parser.BinaryExpr:
		c.walkBinary(e, sign)
	case *parser.AggregateExpr:
		switch {
		case e.Op != parser.SUM:
			c.reject(at, e.Op.String()+"()")
		case len(e.Grouping) > 0 || e.Without:
			c.reject(at, "a sum with by or without")
		default:
			c.walk(e.Expr, sign)
		}
	case *parser.Call:
		c.walkCall(e, sign)
	case *parser.VectorSelector:
		c.addSelector(e, sign)
	case *parser.MatrixSelector:
		c.reject(at, "a range without rate() or increase()")
	case *parser.SubqueryExpr:
		c.reject(at, "a subquery")
	case *parser.NumberLiteral:
		c.reject(at, "a number")
	default:
		c.reject(at, "a "+string(e.Type()))
	}
}

func (c *compiler) walkBinary(e *parser.BinaryExpr, sign int64) {
	at := e.PositionRange()
	switch m := e.VectorMatching; {
	case e.Op != parser.ADD && e.Op != parser.SUB:
		c.reject(at, "the operator "+e.Op.String())
	case m != nil && (m.On || len(m.MatchingLabels) > 0 || m.Card != parser.CardOneToOne):
		c.reject(at, "matching with on, ignoring or group")
	default:
		c.walk(e.LHS, sign)
		c.walk(e.RHS, signed(e.Op, sign))
	}
}

func (c *compiler) walkCall(e *parser.Call, sign int64) {
	name := e.Func.Name
	if name != "rate" && name != "increase" {
		c.reject(e.PositionRange(), name+"()")
		return
	}
	m, ok := e.Args[0].(*parser.MatrixSelector)
	if !ok {
		c.reject(e.Args[0].PositionRange(), name+"() of anything but a selector")
		return
	}
	c.walk(m.VectorSelector, sign)
}

func (c *compiler) addSelector(v *parser.VectorSelector, sign int64) {
	at := v.PositionRange()
	switch {
	case v.OriginalOffset != 0 || v.OriginalOffsetExpr != nil:
		c.reject(at, "offset")
		return
	case v.Timestamp != nil || v.StartOrEnd != 0:
		c.reject(at, "the @ modifier")
		return
	case v.Anchored || v.Smoothed:
		c.reject(at, "anchored or smoothed")
		return
	}
	s := selector{sign: sign, text: (&parser.VectorSelector{Name: v.Name, LabelMatchers: v.LabelMatchers}).String()}
	for _, m := range v.LabelMatchers {
		switch {
		case m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual:
			s.name = m.Value
		case m.Name == model.BucketLabel && (m.Type == labels.MatchEqual || m.Type == labels.MatchNotEqual):
			s.matchers = append(s.matchers, labels.MustNewMatcher(m.Type, m.Name, canonicalBound(m.Value)))
		default:
			s.matchers = append(s.matchers, m)
		}
	}
	c.selectors = append(c.selectors, s)
}

func signed(op parser.ItemType, sign int64) int64 {
	if op == parser.SUB {
		return -sign
	}
	return sign
}
