package chart

import (
	"fmt"
	"html/template"

	"plimsoll/slo"
)

const sparkWidth, sparkHeight = 120.0, 28.0

// Sparkline draws a burn-down small enough for a row of a table.
func Sparkline(s slo.Status, points []slo.Point) template.HTML {
	var c canvas
	c.add(`<svg class="c-spark c-%s" viewBox="0 0 %s %s" preserveAspectRatio="none" role="img" aria-label="%s">`,
		s.Condition(), num(sparkWidth), num(sparkHeight), esc(sparkLabel(s)))
	y := scale{low: min(0, lowest(points)), high: 1, from: sparkHeight - 2, to: 2}
	c.add(`<line class="c-zero" x1="0" x2="%s" y1="%s" y2="%s"/>`, num(sparkWidth), num(y.at(0)), num(y.at(0)))
	if s.HasData() && len(points) > 1 {
		xs, ys := make([]float64, len(points)), make([]float64, len(points))
		for i, p := range points {
			xs[i] = sparkWidth * float64(i) / float64(len(points)-1)
			ys[i] = y.at(p.Remaining)
		}
		d := path(xs, ys)
		c.add(`<path class="c-area" d="%sL%s %sL0 %sZ"/><path class="c-curve" d="%s"/>`, d, num(sparkWidth), num(y.at(0)), num(y.at(0)), d)
	}
	c.add(`</svg>`)
	return c.html()
}

func sparkLabel(s slo.Status) string {
	if !s.HasData() {
		return "no data"
	}
	return fmt.Sprintf("Budget over %s, down to %s", s.Objective.Window.Past(), slo.FormatPercent(s.Budget.Remaining))
}

func lowest(points []slo.Point) float64 {
	low := 1.0
	for _, p := range points {
		low = min(low, p.Remaining)
	}
	return low
}

// scale maps values from low..high to positions from..to.
type scale struct{ low, high, from, to float64 }

func (s scale) at(v float64) float64 {
	return s.from + (s.to-s.from)*(v-s.low)/(s.high-s.low)
}
