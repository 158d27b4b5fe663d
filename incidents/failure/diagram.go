package failure

import "fmt"

// maxDiagram bounds the vertices of a diagram: some hundred megabytes.
const maxDiagram = 4_000_000

// diagram is a reduced ordered binary decision diagram. Vertices 0 and 1 are "does not happen" and "happens"; every other one asks whether
// an event has happened and leads to a vertex that asks of a later event, or to one of the two.
type diagram struct {
	vertices []vertex
	unique   map[vertex]int32
	joined   map[[3]int32]int32 // results of join
}

type vertex struct {
	event    int32
	no, then int32 // where to go when the event has not, or has, happened
}

const terminal = 1<<31 - 1 // asks after every event

func newDiagram() *diagram {
	return &diagram{vertices: []vertex{{event: terminal}, {event: terminal}}, unique: map[vertex]int32{}, joined: map[[3]int32]int32{}}
}

func (d *diagram) vertex(event, no, then int32) int32 {
	if no == then {
		return no
	}
	v := vertex{event, no, then}
	if at, ok := d.unique[v]; ok {
		return at
	}
	at := int32(len(d.vertices))
	d.vertices = append(d.vertices, v)
	d.unique[v] = at
	return at
}

// choose returns the diagram of "if c then a else b" (Bryant's ITE).
func (d *diagram) choose(c, a, b int32) int32 {
	switch {
	case c == 1 || a == b:
		return a
	case c == 0:
		return b
	case a == 1 && b == 0:
		return c
	}
	key := [3]int32{c, a, b}
	if at, ok := d.joined[key]; ok {
		return at
	}
	event := min(d.vertices[c].event, d.vertices[a].event, d.vertices[b].event)
	no := d.choose(d.branch(c, event, false), d.branch(a, event, false), d.branch(b, event, false))
	then := d.choose(d.branch(c, event, true), d.branch(a, event, true), d.branch(b, event, true))
	at := d.vertex(event, no, then)
	d.joined[key] = at
	return at
}

func (d *diagram) branch(at, event int32, happened bool) int32 {
	v := d.vertices[at]
	switch {
	case v.event != event:
		return at
	case happened:
		return v.then
	default:
		return v.no
	}
}

// build returns the root of the diagram of a gate or event.
func (d *diagram) build(t *Tree, index map[string]int, done map[string]int32, name string) (int32, error) {
	if at, ok := done[name]; ok {
		return at, nil
	}
	if i, ok := index[name]; ok {
		done[name] = d.vertex(int32(i), 0, 1)
		return done[name], nil
	}
	g := t.Gates[name]
	// ways[k] is "at least k of the inputs that have been looked at happen", as long as those that are left can make them enough.
	ways := make([]int32, g.AtLeast+1)
	ways[0] = 1
	for n, in := range g.Inputs {
		at, err := d.build(t, index, done, in)
		if err != nil {
			return 0, err
		}
		for k := g.AtLeast; k >= g.fewest(n); k-- {
			ways[k] = d.choose(at, d.choose(ways[k-1], 1, ways[k]), ways[k])
		}
		if len(d.vertices) > maxDiagram {
			return 0, fmt.Errorf("the gate %s is too entangled to be computed exactly; divide the tree", name)
		}
	}
	done[name] = ways[g.AtLeast]
	return ways[g.AtLeast], nil
}

// probability of a root, where p are those of the events. A vertex is made after those to which it leads, so one pass is enough.
func (d *diagram) probability(root int32, p []float64) float64 {
	of := make([]float64, max(root+1, 2))
	of[1] = 1
	for at := int32(2); at <= root; at++ {
		v := d.vertices[at]
		of[at] = (1-p[v.event])*of[v.no] + p[v.event]*of[v.then]
	}
	return of[root]
}
