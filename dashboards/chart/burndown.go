package chart

import (
	"fmt"
	"html/template"
	"math"
	"time"
	"unicode/utf8"

	"plimsoll/slo"
)

// Geometry of a burn-down in units of its view box.
const (
	downWidth, downHeight = 960.0, 300.0
	downLeft, downRight   = 64.0, 8.0 // more to the left where the labels are long
	downTop, downBottom   = 12.0, 28.0
)

// BurnDown draws a budget through its window with axes in percent and time. The dashed slope is a burn rate of 1, which
// would spend the budget exactly at the window's end; each step says its exact values when pointed at.
func BurnDown(s slo.Status, points []slo.Point) template.HTML {
	var c canvas
	c.add(`<svg class="c-down c-%s" viewBox="0 0 %s %s" role="img" aria-label="%s">`, s.Condition(), num(downWidth), num(downHeight),
		esc(sparkLabel(s)))
	if len(points) > 1 {
		start, end := points[0].At, points[len(points)-1].At
		low := bottom(points)
		y := scale{low: low, high: 1, from: downHeight - downBottom, to: downTop}
		ticks := yTicks(low)
		x := scale{low: float64(start.Unix()), high: float64(end.Unix()), from: labelled(ticks), to: downWidth - downRight}
		yAxis(&c, x, y, ticks)
		xAxis(&c, x, start, end)
		c.add(`<line class="c-even" x1="%s" y1="%s" x2="%s" y2="%s"/>`, num(x.from), num(y.at(1)), num(x.to), num(y.at(0)))
		curve(&c, x, y, points)
		c.add(`<line class="c-line" x1="%s" y1="%s" x2="%s" y2="%s"/>`, num(x.from), num(y.at(0)), num(x.to), num(y.at(0)))
		columns(&c, x, points, s.Objective.Measure())
	}
	c.add(`</svg>`)
	return c.html()
}

// bottom is the lowest value on the axis: 0, or the next quarter below an overspent budget.
func bottom(points []slo.Point) float64 {
	return math.Floor(min(0, lowest(points))*4) / 4
}

// yTicks are the values from 1 down to low that are labelled, at most nine: multiples of a round step, so that 0, where the budget is
// spent, is one of them.
func yTicks(low float64) []float64 {
	step := 0.25
	for i := 0; (1-low)/step > 8; i++ {
		step *= []float64{2, 2, 2.5}[i%3] // 25, 50, 100, 250, 500, 1000 % …
	}
	var ticks []float64
	for n := math.Floor(1 / step); n*step >= low; n-- {
		ticks = append(ticks, n*step)
	}
	return ticks
}

func tickLabel(v float64) string { return slo.FormatCount(int64(math.Round(v*100))) + " %" }

// labelled is where the plot begins, so that the longest label stands beside it.
func labelled(ticks []float64) float64 {
	const character, gap = 7.5, 8.0
	left := downLeft
	for _, v := range ticks {
		left = max(left, character*float64(utf8.RuneCountInString(tickLabel(v)))+gap)
	}
	return left
}

func yAxis(c *canvas, x, y scale, ticks []float64) {
	for _, v := range ticks {
		c.add(`<line class="c-grid" x1="%s" y1="%s" x2="%s" y2="%s"/>`, num(x.from), num(y.at(v)), num(x.to), num(y.at(v)))
		c.add(`<text class="c-tick" x="%s" y="%s" text-anchor="end">%s</text>`, num(x.from-8), num(y.at(v)+4), tickLabel(v))
	}
}

// tickSteps are distances between labels that people expect on a time axis.
var tickSteps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
	12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 5 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour}

func xAxis(c *canvas, x scale, start, end time.Time) {
	step := tickSteps[len(tickSteps)-1]
	for _, s := range tickSteps {
		if end.Sub(start)/s <= 8 {
			step = s
			break
		}
	}
	layout := "2 Jan"
	if step < 24*time.Hour {
		layout = "2 Jan 15:04"
	}
	for t := start.Truncate(step).Add(step); t.Before(end); t = t.Add(step) {
		at := x.at(float64(t.Unix()))
		if at > downWidth-40 {
			break // its label would be cut off
		}
		c.add(`<line class="c-mark" x1="%s" y1="%s" x2="%s" y2="%s"/>`, num(at), num(downHeight-downBottom), num(at), num(downHeight-downBottom+5))
		c.add(`<text class="c-tick" x="%s" y="%s" text-anchor="middle">%s</text>`, num(at), num(downHeight-8), t.UTC().Format(layout))
	}
}

func curve(c *canvas, x, y scale, points []slo.Point) {
	xs, ys := make([]float64, len(points)), make([]float64, len(points))
	for i, p := range points {
		xs[i], ys[i] = x.at(float64(p.At.Unix())), y.at(p.Remaining)
	}
	d, last := path(xs, ys), len(points)-1
	c.add(`<path class="c-area" d="%sL%s %sL%s %sZ"/><path class="c-curve" d="%s"/>`, d, num(xs[last]), num(y.at(0)), num(xs[0]), num(y.at(0)), d)
	c.add(`<circle class="c-now" cx="%s" cy="%s" r="4"/>`, num(xs[last]), num(ys[last]))
}

// columns are invisible areas that say the values of their step when pointed at.
func columns(c *canvas, x scale, points []slo.Point, m slo.Measure) {
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		from, to := x.at(float64(a.At.Unix())), x.at(float64(b.At.Unix()))
		spent := b.Sub(a.Counts)
		title := fmt.Sprintf("%s UTC: %s left; %s bad of %s since %s", b.At.UTC().Format("2 Jan 15:04"), slo.FormatPercent(b.Remaining),
			m.Bad(spent.Bad()), m.Of(spent.Total), a.At.UTC().Format("2 Jan 15:04"))
		c.add(`<rect class="c-column" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`, num(from), num(downTop), num(to-from),
			num(downHeight-downTop-downBottom), esc(title))
	}
}
