package collectors_test

import (
	"errors"
	"strings"
	"testing"

	"plimsoll/collectors"
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

func FuzzCheck(f *testing.F) {
	for _, query := range []string{`sum(rate(a{b=~"c"}[5m])) - d`, `{`, `a offset -1m`, `-a`, `sum(a) by (b)`} {
		f.Add(query)
	}
	f.Fuzz(func(_ *testing.T, query string) {
		_ = collectors.Check(query) // does not panic
	})
}
