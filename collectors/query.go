package collectors

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"plimsoll/slo"
)

// ErrQuery marks a query that cannot be counted.
var ErrQuery = errors.New("the query cannot be counted")

// errSyntax marks a query that is not PromQL.
var errSyntax = errors.New("not PromQL")

// What each kind of indicator may select, for messages.
const (
	supportedCounters = "supported: counters selected by their labels, sum() and sum by () of them, rate() or increase() around a selector, and sums and differences of those"
	supportedAmounts  = "supported for numbers of events (counter: false): series selected by their labels, sum() and sum by () of them, and sums and differences of those"
	supportedValues   = "supported where every sample is judged by itself: one selector"
)

// Check reports why a query of counters cannot be counted, or nil. It names the construct and where it stands.
func Check(query string) error {
	_, err := readQuery(query, slo.Counters)
	return err
}

// selector is a set of series and how an event of one of them counts.
type selector struct {
	name     string // of the metric; empty if it is not chosen by equality
	matchers []*labels.Matcher
	written  []*labels.Matcher // the same as they stand in the query
	sign     int64
	text     string // canonical; identifies the selector across restarts
}

// matches reports whether the series with these labels is in the set. The name has been compared if s.name is set.
func (s *selector) matches(ls labels.Labels) bool { return s.matchesBut(ls, "") }

// matchesBut is matches without what the selector says about one label.
func (s *selector) matchesBut(ls labels.Labels, label string) bool {
	for _, m := range s.matchers {
		if m.Name != label && !matches(m, ls.Get(m.Name)) {
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
	return formatBound(v)
}

func formatBound(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// readQuery reads a query as a signed set of selectors. Ranges are ignored: the ledger counts every event once, and the
// window is the objective's.
func readQuery(text string, kind slo.Kind) (query, error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return query{}, fmt.Errorf("%w: %w: %w", ErrQuery, errSyntax, err)
	}
	c := compiler{kind: kind}
	by := c.walk(expr, 1)
	if c.err != nil {
		return query{}, c.err
	}
	return query{selectors: c.selectors, by: by}, nil
}

type compiler struct {
	kind      slo.Kind
	selectors []selector
	err       error // the first problem
}

func (c *compiler) reject(at posrange.PositionRange, what string) {
	if c.err != nil {
		return
	}
	supported := supportedCounters
	switch c.kind {
	case slo.Amounts:
		supported = supportedAmounts
	case slo.Thresholds, slo.Ratios:
		supported = supportedValues
	}
	c.err = fmt.Errorf("%w: %s at character %d is not supported; %s", ErrQuery, what, at.Start+1, supported)
}

// single reports whether every sample is judged by itself, so that nothing can be added up.
func (c *compiler) single() bool { return c.kind == slo.Thresholds || c.kind == slo.Ratios }

// walk collects the selectors of e. It follows the forms that keep "an event of this series counts this much" true. It returns the labels
// by which e is divided.
func (c *compiler) walk(e parser.Expr, sign int64) (by []string) {
	at := e.PositionRange()
	switch e := e.(type) {
	case *parser.ParenExpr:
		return c.walk(e.Expr, sign)
	case *parser.UnaryExpr:
		if c.single() {
			c.reject(at, "the operator "+e.Op.String())
		}
		return c.walk(e.Expr, signed(e.Op, sign))
	case *parser.BinaryExpr:
		return c.walkBinary(e, sign)
	case *parser.AggregateExpr:
		return c.walkAggregate(e, sign)
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
	return nil
}

func (c *compiler) walkAggregate(e *parser.AggregateExpr, sign int64) (by []string) {
	at := e.PositionRange()
	switch {
	case e.Op != parser.SUM || c.single():
		c.reject(at, e.Op.String()+"()")
		return nil
	case e.Without:
		c.reject(at, "sum without")
		return nil
	}
	inner := c.walk(e.Expr, sign)
	if len(e.Grouping) == 0 {
		return nil // a sum of everything, also of what was divided
	}
	by = slices.Compact(slices.Sorted(slices.Values(e.Grouping)))
	for _, label := range by {
		switch {
		case inner != nil && !slices.Contains(inner, label):
			c.reject(at, fmt.Sprintf("sum by (%s) of what is divided by (%s)", label, strings.Join(inner, ", ")))
		case !model.LegacyValidation.IsValidLabelName(label):
			c.reject(at, fmt.Sprintf("sum by (%q)", label))
		}
	}
	return by
}

func (c *compiler) walkBinary(e *parser.BinaryExpr, sign int64) (by []string) {
	at := e.PositionRange()
	switch m := e.VectorMatching; {
	case e.Op != parser.ADD && e.Op != parser.SUB || c.single():
		c.reject(at, "the operator "+e.Op.String())
	case m != nil && (m.On || len(m.MatchingLabels) > 0 || m.Card != parser.CardOneToOne):
		c.reject(at, "matching with on, ignoring or group")
	default:
		by = c.walk(e.LHS, sign)
		if right := c.walk(e.RHS, signed(e.Op, sign)); !slices.Equal(by, right) {
			c.reject(at, fmt.Sprintf("the operator %s between what is divided by (%s) and by (%s)", e.Op, strings.Join(by, ", "), strings.Join(right, ", ")))
		}
	}
	return by
}

func (c *compiler) walkCall(e *parser.Call, sign int64) {
	name := e.Func.Name
	if name != "rate" && name != "increase" || c.kind != slo.Counters {
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
	s := selector{sign: sign, written: v.LabelMatchers, text: (&parser.VectorSelector{Name: v.Name, LabelMatchers: v.LabelMatchers}).String()}
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
