package backfill_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/collectors/backfill"
	"plimsoll/slo"
)

// An objective is filled with those that count some of the same metrics, because history comes to all of them.
func TestChoose(t *testing.T) {
	t.Parallel()
	of := func(key slo.Key, source, good, total string) *slo.Objective {
		return &slo.Objective{Key: key, Service: key.Service(), Indicator: slo.Indicator{Source: source, Good: good, Total: total}}
	}
	child := of(`a/one{route="/"}`, "", `x`, `x`)
	child.Parent = "a/one"
	composite := &slo.Objective{Key: "a/all", Service: "a", Method: slo.Composite}
	all := []*slo.Objective{
		composite,
		of("a/one", "", `sum by (route) (x{code="200"})`, `sum by (route) (x)`), child,
		of("b/same", "", `y`, `x + y`),
		of("b/next", "", `y{le="1"}`, `z`),
		of("b/elsewhere", "thanos", `x`, `x`),
		of("c/own", "", `v`, `w`),
	}
	for _, c := range []struct {
		name string
		spec backfill.Spec
		want []slo.Key
	}{
		{"everything", backfill.Spec{}, []slo.Key{"a/one", "b/same", "b/next", "b/elsewhere", "c/own"}},
		{"a service and what hangs together with it", backfill.Spec{Service: "a"}, []slo.Key{"a/one", "b/same", "b/next"}},
		{"an objective that stands alone", backfill.Spec{Objectives: []slo.Key{"c/own"}}, []slo.Key{"c/own"}},
		{"another source", backfill.Spec{Objectives: []slo.Key{"b/elsewhere"}}, []slo.Key{"b/elsewhere"}},
	} {
		objs, err := backfill.Choose(c.spec, all)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []slo.Key
		for _, o := range objs {
			got = append(got, o.Key)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	anything := append(all, of("d/any", "", `{job="a"}`, `v`))
	if objs, err := backfill.Choose(backfill.Spec{Objectives: []slo.Key{"c/own"}}, anything); err != nil || len(objs) != 5 {
		t.Errorf("a selector without a name hangs together with all: %d, %v", len(objs), err)
	}
}
