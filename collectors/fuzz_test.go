package collectors

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/parser"

	"plimsoll/slo"
)

// FuzzCompile reads queries as every kind of indicator does. What is accepted means the same when the parser has written it anew.
func FuzzCompile(f *testing.F) {
	for _, query := range []string{
		`sum(rate(a{b=~"c"}[5m])) - d`, `{`, `a offset -1m`, `-a`, `sum(a) by (b)`, `sum by (b, c) (a) - sum by (c, b) (increase(d[1h]))`,
		`{__name__=~"a|b",le!="1.0"}`, `{b="0",a=""}`, `a_bucket{le="0.30"}`, `sum without (x) (a)`, `a[5m:1m]`, `sum(a - (b + -c))`, `{"a.b", "c.d"="e"}`, `sum by ("a.b") (c)`,
		`rate(a[5m] @ 100)`, `a and on () b`, `histogram_quantile(0.9, a)`, `"x"`, `1`, "a{b=`\\`}",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []slo.Kind{slo.Counters, slo.Amounts, slo.Thresholds, slo.Ratios} {
			read, err := readQuery(text, kind)
			if err != nil {
				continue
			}
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
			if err != nil {
				t.Fatalf("%q is accepted but is not PromQL: %v", text, err)
			}
			again, err := readQuery(expr.String(), kind)
			if err != nil {
				t.Fatalf("%q is accepted, but not as %q: %v", text, expr, err)
			}
			if diff := cmp.Diff(read.by, again.by); diff != "" {
				t.Errorf("%q is divided otherwise than %q:\n%s", text, expr, diff)
			}
			if diff := cmp.Diff(describeSelectors(read.selectors), describeSelectors(again.selectors)); diff != "" {
				t.Errorf("%q selects otherwise than %q:\n%s", text, expr, diff)
			}
		}
	})
}

func describeSelectors(all []selector) []string {
	var lines []string
	for _, s := range all {
		var matchers []string
		for _, m := range s.matchers {
			matchers = append(matchers, m.String())
		}
		slices.Sort(matchers)
		lines = append(lines, fmt.Sprintf("%+d %q %v", s.sign, s.name, matchers))
	}
	slices.Sort(lines)
	return lines
}
