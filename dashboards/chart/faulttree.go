package chart

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"plimsoll/incidents/failure"
)

// The measures of a fault tree, in pixels.
const (
	ftColumn = 132.0 // width of a leaf
	ftRow    = 150.0 // height of a level
	ftBox    = 116.0 // width of a gate's label
	ftMargin = 16.0
	ftLetter = 6.4 // about the width of a letter
)

// FaultTree draws a fault tree from the top event down, with the symbols of NUREG-0492: a box with what happens and under it the gate
// (OR, AND, or how many of its inputs), a circle for a basic event with its probability, a triangle where a gate is drawn already. It
// stands alone: its colours are in it.
func FaultTree(t *failure.Tree) template.HTML {
	d := treeDrawing{tree: t, drawn: map[string]bool{}}
	root := d.place(t.Top, 0)
	width, height := d.next*ftColumn+2*ftMargin, float64(d.depth+1)*ftRow+ftMargin
	var c canvas
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s" font-family="system-ui, sans-serif" font-size="12" fill="#1c2430">`,
		num(width), num(height), num(width), num(height), esc("Fault tree: "+titleOf(t)))
	c.add(`<title>%s</title><rect width="100%%" height="100%%" fill="#fff"/>`, esc(titleOf(t)))
	d.draw(&c, root)
	c.add(`</svg>`)
	return c.html()
}

func titleOf(t *failure.Tree) string {
	if t.Title != "" {
		return t.Title
	}
	return t.Top
}

// placed is a node with its place on the drawing.
type placed struct {
	name     string
	x, y     float64
	transfer bool // the gate is drawn elsewhere
	inputs   []placed
}

type treeDrawing struct {
	tree  *failure.Tree
	drawn map[string]bool
	next  float64 // column of the next leaf
	depth int
}

// place lays a node and everything below it out: leaves side by side, a gate over the middle of its inputs.
func (d *treeDrawing) place(name string, level int) placed {
	d.depth = max(d.depth, level)
	n := placed{name: name, y: ftMargin + float64(level)*ftRow}
	gate, ok := d.tree.Gates[name]
	if n.transfer = ok && d.drawn[name]; !ok || n.transfer {
		n.x = ftMargin + (d.next+0.5)*ftColumn
		d.next++
		return n
	}
	d.drawn[name] = true
	for _, in := range gate.Inputs {
		n.inputs = append(n.inputs, d.place(in, level+1))
	}
	n.x = (n.inputs[0].x + n.inputs[len(n.inputs)-1].x) / 2
	return n
}

func (d *treeDrawing) draw(c *canvas, n placed) {
	if len(n.inputs) > 0 {
		bus := n.y + ftRow - 18
		c.add(`<path d="M%s %sV%s" stroke="#5b6675" fill="none"/>`, num(n.x), num(n.y+104), num(bus))
		c.add(`<path d="M%s %sH%s" stroke="#5b6675" fill="none"/>`, num(n.inputs[0].x), num(bus), num(n.inputs[len(n.inputs)-1].x))
		for _, in := range n.inputs {
			c.add(`<path d="M%s %sV%s" stroke="#5b6675" fill="none"/>`, num(in.x), num(bus), num(in.y))
			d.draw(c, in)
		}
		g := d.tree.Gates[n.name]
		label(c, n, n.name, g.Description)
		symbol(c, n.x, n.y+56, g)
		return
	}
	if n.transfer {
		c.add(`<path d="M%s %sl30 46h-60z" fill="#eef1f5" stroke="#5b6675"><title>%s is drawn elsewhere</title></path>`, num(n.x), num(n.y), esc(n.name))
		text(c, n.x, n.y+62, n.name, "")
		return
	}
	e := d.tree.Events[n.name]
	c.add(`<circle cx="%s" cy="%s" r="32" fill="#e8f1fb" stroke="#1f6feb"><title>%s</title></circle>`, num(n.x), num(n.y+32), esc(hover(n.name, e.Description)))
	text(c, n.x, n.y+30, short(n.name, 60), "bold")
	text(c, n.x, n.y+44, probability(e.Probability), "")
	if e.Description != "" {
		text(c, n.x, n.y+82, short(e.Description, ftColumn-8), "")
	}
}

func label(c *canvas, n placed, name, description string) {
	c.add(`<rect x="%s" y="%s" width="%s" height="44" rx="4" fill="#fff" stroke="#1c2430"><title>%s</title></rect>`,
		num(n.x-ftBox/2), num(n.y), num(ftBox), esc(hover(name, description)))
	if description == "" {
		text(c, n.x, n.y+26, short(name, ftBox-8), "bold")
		return
	}
	text(c, n.x, n.y+18, short(name, ftBox-8), "bold")
	text(c, n.x, n.y+34, short(description, ftBox-8), "")
}

// symbol draws a gate of 48 by 48 pixels whose top is at y.
func symbol(c *canvas, x, y float64, g failure.Gate) {
	c.add(`<path d="M%s %sV%s" stroke="#5b6675"/>`, num(x), num(y-12), num(y))
	shape := ""
	switch kind := g.Kind(); kind {
	case "OR":
		shape = `M%[1]s %[2]sc20 10 24 28 24 48c-14 -9 -34 -9 -48 0c0 -20 4 -38 24 -48z`
	case "AND":
		shape = `M%[1]s %[2]sc16 0 24 12 24 24v24h-48v-24c0 -12 8 -24 24 -24z`
	default:
		shape = `M%[1]s %[2]sl24 14v20l-24 14l-24 -14v-20z`
	}
	c.add(`<path d="`+shape+`" fill="#fdf3d8" stroke="#9a6700"/>`, num(x), num(y))
	text(c, x, y+30, strings.Replace(g.Kind(), " of ", "/", 1), "bold")
}

func text(c *canvas, x, y float64, s, weight string) {
	if weight != "" {
		weight = ` font-weight="` + weight + `"`
	}
	c.add(`<text x="%s" y="%s" text-anchor="middle"%s>%s</text>`, num(x), num(y), weight, esc(s))
}

func hover(name, description string) string {
	if description == "" {
		return name
	}
	return name + ": " + description
}

// short cuts a text that is wider than so many pixels.
func short(s string, width float64) string {
	letters := []rune(s)
	most := int(width / ftLetter)
	if len(letters) <= most {
		return s
	}
	return string(letters[:most-1]) + "…"
}

// probability writes a probability with two digits that count.
func probability(p float64) string {
	if p != 0 && p < 0.001 {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(p, 'e', 1, 64), "e")
		e, _ := strconv.Atoi(exponent)
		return fmt.Sprintf("%s·10%s", mantissa, superscript(e))
	}
	return strconv.FormatFloat(p, 'g', 2, 64)
}

func superscript(n int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}
