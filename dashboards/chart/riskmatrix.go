package chart

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"plimsoll/incidents/risk"
)

// The measures of a risk matrix, in pixels, and its scale of cost, in person-days.
const (
	rmWidth, rmHeight = 640.0, 420.0
	rmLeft, rmTop     = 56.0, 30.0
	rmLeast, rmMost   = 0.5, 200.0 // days at the ends of the axis; what lies beyond is drawn at the end
)

// rmQuadrants are the corners of the matrix, with the place of their names.
var rmQuadrants = []struct {
	quadrant    risk.Quadrant
	dear, grave bool
	fill, ink   string
}{
	{risk.QuickWin, false, true, "#e3f3e6", "#1a7f37"},
	{risk.Plan, true, true, "#fdf3d8", "#9a6700"},
	{risk.Schedule, false, false, "#e8f1fb", "#1f6feb"},
	{risk.Accept, true, false, "#f1f3f6", "#5b6675"},
}

// RiskMatrix draws items by exposure (up) and by cost in person-days (right, on a logarithmic scale), over the quadrants of [risk.Matrix].
// Items at one place share a mark with all of their references. It stands alone: its colours are in it.
func RiskMatrix(items []risk.Item) template.HTML {
	var c canvas
	width, height := rmLeft+rmWidth+16, rmTop+rmHeight+52
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="Risk matrix of %d items" font-family="system-ui, sans-serif" font-size="12" fill="#1c2430">`,
		num(width), num(height), num(width), num(height), len(items))
	c.add(`<title>Risk matrix</title><rect width="100%%" height="100%%" fill="#fff"/>`)
	rmBackground(&c)
	rmAxes(&c)
	marks := rmMarks(items)
	for _, m := range marks {
		m.draw(&c, marks)
	}
	c.add(`</svg>`)
	return c.html()
}

// rmX is where a cost stands. The line between cheap and dear belongs to the cheap.
func rmX(days float64) float64 {
	share := math.Log(min(max(days, rmLeast), rmMost)/rmLeast) / math.Log(rmMost/rmLeast)
	return rmLeft + 10 + share*(rmWidth-20)
}

// rmY is where an exposure stands, from 1 at the bottom to 25 at the top.
func rmY(exposure float64) float64 { return rmTop + rmHeight - 10 - (exposure-1)/24*(rmHeight-20) }

func rmBackground(c *canvas) {
	x, y := rmX(risk.CheapDays)+4, rmY(risk.GraveExposure-0.5)
	for _, q := range rmQuadrants {
		left, right, top, bottom := rmLeft, x, y, rmTop+rmHeight
		if q.dear {
			left, right = x, rmLeft+rmWidth
		}
		if q.grave {
			top, bottom = rmTop, y
		}
		c.add(`<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>`, num(left), num(top), num(right-left), num(bottom-top), q.fill)
		at, anchor := left+8, "start"
		if q.dear {
			at, anchor = right-8, "end"
		}
		line := top + 18
		if !q.grave {
			line = bottom - 8
		}
		c.add(`<text x="%s" y="%s" text-anchor="%s" font-weight="bold" fill="%s">%s</text>`, num(at), num(line), anchor, q.ink, esc(strings.ToUpper(string(q.quadrant))))
	}
}

func rmAxes(c *canvas) {
	for _, days := range []float64{1, 2, 5, 10, 20, 50, 100} {
		c.add(`<path d="M%s %sv5" stroke="#5b6675"/>`, num(rmX(days)), num(rmTop+rmHeight))
		text(c, rmX(days), rmTop+rmHeight+18, num(days), "")
	}
	for _, e := range []float64{1, 5, 10, 15, 20, 25} {
		c.add(`<path d="M%s %sh-5" stroke="#5b6675"/><text x="%s" y="%s" text-anchor="end">%s</text>`, num(rmLeft), num(rmY(e)), num(rmLeft-8), num(rmY(e)+4), num(e))
	}
	text(c, rmLeft+rmWidth/2, rmTop+rmHeight+40, "Cost in person-days", "")
	c.add(`<text transform="translate(16 %s) rotate(-90)" text-anchor="middle">Impact × probability</text>`, num(rmTop+rmHeight/2))
}

// rmMark is a dot with the items that stand there.
type rmMark struct {
	x, y  float64
	items []risk.Item
}

// rmMarks gathers the items whose dots would lie on one another or on the name of another: the same exposure, and costs that are close.
func rmMarks(items []risk.Item) []*rmMark {
	var marks []*rmMark
next:
	for _, i := range risk.Rank(items) {
		x, y := rmX(i.Cost.PersonDays), rmY(float64(i.Scores.Exposure()))
		for _, m := range marks {
			if m.y == y && math.Abs(m.x-x) < 12 && risk.QuadrantOf(m.items[0].Scores, m.items[0].Cost) == risk.QuadrantOf(i.Scores, i.Cost) {
				m.items = append(m.items, i)
				continue next
			}
		}
		marks = append(marks, &rmMark{x, y, []risk.Item{i}})
	}
	return marks
}

// rmNamed are written beside a mark; the others are counted.
const rmNamed = 3

func (m *rmMark) draw(c *canvas, all []*rmMark) {
	var hovers []string
	for _, i := range m.items {
		hovers = append(hovers, fmt.Sprintf("%s: %s (%d × %d, %s days)", i.Ref, i.Title, i.Scores.Impact(), i.Scores.Probability, num(i.Cost.PersonDays)))
	}
	x, y, anchor := m.beside(all)
	c.add(`<g><title>%s</title><circle cx="%s" cy="%s" r="5" fill="#1c2430" stroke="#fff"/><text x="%s" y="%s" text-anchor="%s">%s</text></g>`,
		esc(strings.Join(hovers, "\n")), num(m.x), num(m.y), num(x), num(y), anchor, esc(m.label()))
}

func (m *rmMark) label() string {
	var names []string
	for _, i := range m.items[:min(len(m.items), rmNamed)] {
		names = append(names, i.Ref.String())
	}
	label := strings.Join(names, ", ")
	if more := len(m.items) - rmNamed; more > 0 {
		label += fmt.Sprintf(" and %d more", more)
	}
	return label
}

// beside returns where the label stands: right of the mark, left of it where a mark of the same exposure or the end of the drawing is in the
// way, or above it where both sides are taken.
func (m *rmMark) beside(all []*rmMark) (x, y float64, anchor string) {
	width := 9 + float64(len(m.label()))*ftLetter + 6
	right, left := m.x+width < rmLeft+rmWidth, m.x-width > rmLeft
	for _, o := range all {
		if o.y == m.y && o != m {
			right = right && (o.x < m.x || o.x-m.x > width)
			left = left && (o.x > m.x || m.x-o.x > width)
		}
	}
	switch {
	case right:
		return m.x + 9, m.y + 4, "start"
	case left:
		return m.x - 9, m.y + 4, "end"
	default:
		return m.x, m.y - 8, "middle"
	}
}
