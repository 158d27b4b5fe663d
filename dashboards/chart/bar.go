package chart

import (
	"html/template"

	"plimsoll/slo"
)

// The bar's scale: the line at which a budget is spent stands at a fifth of its width, so that the bar shows from
// −25 % to 100 %.
const (
	barLine = 20.0
	barUnit = 80.0
)

// Bar draws what is left of a budget: filled to the right of the line while something is, to its left when more was
// spent than there is. It is cut off at −25 %; its label has the exact figure.
func Bar(s slo.Status) template.HTML {
	var c canvas
	r := s.Budget.Remaining
	label := slo.FormatPercent(r)
	if !s.HasData() {
		label = "no data"
	}
	c.add(`<svg class="c-bar c-%s" role="meter" aria-label="Budget remaining" aria-valuemin="-100" aria-valuemax="100" aria-valuenow="%s" aria-valuetext="%s">`,
		s.Condition(), num(100*max(-1, min(1, r))), esc(label))
	c.add(`<rect class="c-debt" x="0" y="25%%" width="%s%%" height="50%%" rx="3"/>`, num(barLine))
	c.add(`<rect class="c-room" x="%s%%" y="25%%" width="%s%%" height="50%%" rx="3"/>`, num(barLine), num(barUnit))
	switch {
	case !s.HasData():
	case r >= 0:
		c.add(`<rect class="c-fill" x="%s%%" y="25%%" width="%s%%" height="50%%" rx="3"/>`, num(barLine), num(barUnit*min(1, r)))
	default:
		w := min(barLine, -r*barUnit)
		c.add(`<rect class="c-fill" x="%s%%" y="25%%" width="%s%%" height="50%%" rx="3"/>`, num(barLine-w), num(w))
	}
	c.add(`<line class="c-line" x1="%s%%" x2="%s%%" y1="5%%" y2="95%%"/></svg>`, num(barLine), num(barLine))
	return c.html()
}
