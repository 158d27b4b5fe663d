package chart_test

import (
	"strings"
	"testing"

	"plimsoll/dashboards/chart"
	"plimsoll/incidents/risk"
)

func TestRiskMatrix(t *testing.T) {
	t.Parallel()
	item := func(ref risk.Ref, impact, probability int, days float64) risk.Item {
		return risk.Item{Ref: ref, Content: risk.Content{Title: "<disk> & more", Scores: risk.Scores{Compliance: 1, Security: 1, BlastRadius: impact, Probability: probability},
			Cost: risk.Cost{PersonDays: days}}}
	}
	for name, tc := range map[string]struct {
		items []risk.Item
		marks int
		want  []string
	}{
		"nothing": {nil, 0, []string{"QUICK WIN", "PLAN", "SCHEDULE", "ACCEPT", "Risk matrix of 0 items"}},
		"the ends": {[]risk.Item{item(1, 5, 5, 10_000), item(2, 1, 1, 0.01)}, 2,
			[]string{">RISK-1</text>", ">RISK-2</text>", "RISK-1: &lt;disk&gt; &amp; more (5 × 5, 10000 days)", `text-anchor="end">RISK-1<`}},
		"one place": {[]risk.Item{item(1, 3, 4, 8), item(2, 4, 3, 8), item(3, 3, 4, 8.1), item(4, 3, 4, 8), item(5, 3, 4, 60)}, 2, []string{" and 1 more</text>", ">RISK-5</text>"}},
		"side by side": {[]risk.Item{item(1, 3, 2, 2), item(2, 3, 2, 3), item(3, 3, 2, 4)}, 3,
			[]string{`text-anchor="end">RISK-1<`, `text-anchor="middle">RISK-2<`, `text-anchor="start">RISK-3<`}},
		"both sides of the line": {[]risk.Item{item(1, 5, 5, 10), item(2, 5, 5, 10.5)}, 2, []string{">RISK-1</text>", ">RISK-2</text>"}},
	} {
		svg := string(chart.RiskMatrix(tc.items))
		if err := wellFormed(svg); err != nil {
			t.Fatal(name, err)
		}
		for _, want := range tc.want {
			if !strings.Contains(svg, want) {
				t.Errorf("%s: no %q in\n%s", name, want, svg)
			}
		}
		if n := strings.Count(svg, "<circle"); n != tc.marks {
			t.Errorf("%s: %d marks, want %d", name, n, tc.marks)
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%s: a place is not a number", name)
		}
	}
}
