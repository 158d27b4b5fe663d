package collectors_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/collectors"
	"plimsoll/slo"
)

func TestCheckAccepts(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		`a`, `a{b="c"}`, `{__name__="a"}`, `{__name__=~"a|b"}`, `sum(a)`, `sum(sum(a))`, `rate(a[5m])`, `sum(rate(a{b!="c"}[5m]))`,
		`sum(increase(a[30d]))`, `sum(a) + sum(b)`, `sum(a) - sum(b) - c`, `sum(a - b)`, `-(a)`, `(sum(rate(a[1m])) - sum(rate(b[1m])))`,
		`sum(a_bucket{le="0.3"})`, `sum(a{role="b",code!="499"})`,
		`sum by (x) (a)`, `sum by (y, x) (rate(a[5m])) - sum by (x, y) (b)`, `sum by (x) (sum by (x, y) (a))`, `sum(sum by (x) (a)) + b`,
	} {
		if err := collectors.Check(query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestCheckRejects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ query, want string }{
		{`sum(`, "not PromQL"},
		{``, "not PromQL"},
		{`max(a)`, "max() at character 1"},
		{`sum(a) / sum(b)`, "the operator / at character 1"},
		{`sum(a) + max(b)`, "max() at character 10"},
		{`sum without (x) (a)`, "sum without at character 1"},
		{`sum without () (a)`, "sum without at character 1"},
		{`sum by (x) (a) - b`, "the operator - between what is divided by (x) and by () at character 1"},
		{`sum by (x) (sum by (y) (a))`, "sum by (x) of what is divided by (y) at character 1"},
		{`2 * a`, "the operator * at character 1"},
		{`a + 2`, "a number at character 5"},
		{`a or vector(0)`, "the operator or at character 1"},
		{`a[5m]`, "a range without rate() or increase() at character 1"},
		{`irate(a[5m])`, "irate() at character 1"},
		{`rate(sum(a)[5m:1m])`, "rate() of anything but a selector at character 6"},
		{`a[5m:1m]`, "a subquery at character 1"},
		{`a offset 5m`, "offset at character 1"},
		{`a @ 100`, "the @ modifier at character 1"},
		{`a - on (x) b`, "matching with on, ignoring or group at character 1"},
		{`a - ignoring (x) b`, "matching with on, ignoring or group at character 1"},
		{`"text"`, "a string at character 1"},
		{`histogram_count(a)`, "histogram_count() at character 1"},
	} {
		err := collectors.Check(test.query)
		if !errors.Is(err, collectors.ErrQuery) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.query, err, test.want)
		}
	}
}

func TestCheckIndicator(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		ind  slo.Indicator
		want string // part of the error; empty for none
	}{
		{"counters", slo.Indicator{Good: "sum(a)", Total: "rate(b[5m])"}, ""},
		{"what is not PromQL", slo.Indicator{Good: "sum(", Total: "a"}, `good: "sum(": the query cannot be counted: not PromQL`},
		{"a construct", slo.Indicator{Bad: "a", Total: "max(b)"}, `total: "max(b)": the query cannot be counted: max() at character 1 is not supported; supported: counters`},
		{"a construct that a source evaluates", slo.Indicator{Bad: "a", Total: "max(b)", Source: "p"}, ""},
		{"what is not PromQL for a source", slo.Indicator{Bad: "a", Total: "max(", Source: "p"}, `total: "max(": `},
		{"numbers of events", slo.Indicator{Kind: slo.Amounts, Good: "sum(a) - b", Total: "sum by (x) (c)"}, "good is divided by () and total by (x)"},
		{"the rate of numbers of events", slo.Indicator{Kind: slo.Amounts, Good: "rate(a[5m])", Total: "b"}, "rate() at character 1 is not supported; supported for numbers of events"},
		{"a threshold of one selector", slo.Indicator{Kind: slo.Thresholds, Query: `(a{quantile="0.99"})`, Op: slo.AtMost}, ""},
		{"a threshold of a sum", slo.Indicator{Kind: slo.Thresholds, Query: "sum(a)"}, "sum() at character 1 is not supported; supported where every sample is judged by itself"},
		{"a threshold of a difference", slo.Indicator{Kind: slo.Thresholds, Query: "a - b"}, "the operator - at character 1"},
		{"a threshold of a sign", slo.Indicator{Kind: slo.Thresholds, Query: "-a"}, "the operator - at character 1"},
		{"a ratio of a rate", slo.Indicator{Kind: slo.Ratios, Query: "rate(a[1m])"}, "rate() at character 1"},
		{"groups in another order", slo.Indicator{Good: "sum by (x, y) (a)", Total: "sum by (y, x) (b)"}, ""},
		{"groups that differ", slo.Indicator{Good: "sum by (x) (a)", Total: "sum by (y) (b)"}, "good is divided by (x) and total by (y); all must be divided by the same labels"},
		{"groups on one side", slo.Indicator{Bad: "sum by (x) (a)", Total: "sum(b)"}, "bad is divided by (x) and total by ()"},
		{"nothing", slo.Indicator{}, ""},
	} {
		err := collectors.CheckIndicator(tc.ind)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (!errors.Is(err, collectors.ErrQuery) || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: got %v, want an error with %q", tc.name, err, tc.want)
		}
	}
}

func TestGrouping(t *testing.T) {
	t.Parallel()
	got, err := collectors.Grouping(slo.Indicator{Good: "sum by (y, x, y) (a) - sum by (x, y) (b)", Total: "sum by (x, y) (b)"})
	if diff := cmp.Diff([]string{"x", "y"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err = collectors.Grouping(slo.Indicator{Good: "sum(sum by (x) (a))", Total: "b"}); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err = collectors.Grouping(slo.Indicator{Good: "max(a)", Total: "b"}); !errors.Is(err, collectors.ErrQuery) {
		t.Errorf("%v", err)
	}
}
