package failure

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
)

// ErrInvalidTree marks a fault tree that a person can correct.
var ErrInvalidTree = errors.New("the fault tree is not valid")

// Tree is a fault tree. It is valid and immutable.
type Tree struct {
	Title  string
	Top    string // name of the gate or event that is analysed
	Gates  map[string]Gate
	Events map[string]Event
}

// Event is a basic event: something that fails by itself.
type Event struct {
	Description string
	// Probability that it has happened, from 0 to 1.
	Probability float64
	// Source of the probability: a figure that was measured, or where it was read. May be empty.
	Source string
	// Objective from whose SLI the probability is taken by [Tree.Measure]; its key, or empty.
	Objective string

	measured bool
}

// Gate is an event that follows from others: it happens when at least AtLeast of its inputs do.
type Gate struct {
	Description string
	AtLeast     int // 1 is OR; as many as there are inputs is AND
	Inputs      []string
}

// Kind names the gate as people do: "OR", "AND", or "2 of 3".
func (g Gate) Kind() string {
	switch {
	case g.AtLeast == 1:
		return "OR"
	case g.AtLeast == len(g.Inputs):
		return "AND"
	default:
		return fmt.Sprintf("%d of %d", g.AtLeast, len(g.Inputs))
	}
}

// Limits of a tree.
const (
	maxNodes = 2000
	maxName  = 100
)

// NewTree checks a tree. All problems are reported at once; the error is [ErrInvalidTree].
func NewTree(t Tree) (*Tree, error) {
	c := checker{tree: t, state: map[string]int{}}
	c.check()
	if len(c.problems) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrInvalidTree, errors.Join(c.problems...))
	}
	return &t, nil
}

type checker struct {
	tree     Tree
	problems []error
	state    map[string]int // 1: being visited, 2: visited
}

func (c *checker) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func (c *checker) check() {
	if n := len(c.tree.Gates) + len(c.tree.Events); n > maxNodes {
		c.problem("it has %d gates and events, at most %d are allowed", n, maxNodes)
		return
	}
	names := c.names()
	for name := range c.tree.Gates {
		if _, both := c.tree.Events[name]; both {
			c.problem("%s is a gate and an event", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.tree.Events)) {
		e := c.tree.Events[name]
		if p := e.Probability; !(p >= 0 && p <= 1) {
			c.problem("events.%s.probability: %v is not between 0 and 1", name, p)
		}
		if e.Objective != "" && !e.measured && e.Probability != 0 {
			c.problem("events.%s: has a probability and an objective; the objective's SLI is the probability, so leave one out", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.tree.Gates)) {
		c.gate(name, c.tree.Gates[name], names)
	}
	if !slices.Contains(names, c.tree.Top) {
		c.problem("top: there is no gate or event %q%s", c.tree.Top, nearest.Hint(c.tree.Top, names))
	}
	if len(c.problems) > 0 {
		return
	}
	c.visit(c.tree.Top, nil)
	for _, name := range names {
		if c.state[name] == 0 {
			c.problem("%s is not part of the tree: nothing that leads to %s needs it", name, c.tree.Top)
		}
	}
}

func (c *checker) names() []string {
	names := slices.Collect(maps.Keys(c.tree.Gates))
	names = slices.AppendSeq(names, maps.Keys(c.tree.Events))
	slices.Sort(names)
	for _, n := range names {
		if n == "" || len(n) > maxName {
			c.problem("%q is not a name of 1 to %d characters", n, maxName)
		}
	}
	return slices.Compact(names)
}

func (c *checker) gate(name string, g Gate, names []string) {
	if len(g.Inputs) == 0 {
		c.problem("gates.%s: has no inputs", name)
		return
	}
	if g.AtLeast < 1 || g.AtLeast > len(g.Inputs) {
		c.problem("gates.%s: %d of %d inputs cannot be needed; allowed: 1 to %d", name, g.AtLeast, len(g.Inputs), len(g.Inputs))
	}
	for i, in := range g.Inputs {
		if !slices.Contains(names, in) {
			c.problem("gates.%s: there is no gate or event %q%s", name, in, nearest.Hint(in, names))
		}
		if slices.Contains(g.Inputs[:i], in) {
			c.problem("gates.%s: names %q twice", name, in)
		}
	}
}

// visit walks down from a node and finds circles.
func (c *checker) visit(name string, path []string) {
	path = append(path, name)
	switch c.state[name] {
	case 1:
		c.problem("%s depends on itself: %s", name, strings.Join(path[slices.Index(path, name):], " → "))
		return
	case 2:
		return
	}
	c.state[name] = 1
	for _, in := range c.tree.Gates[name].Inputs {
		c.visit(in, path)
	}
	c.state[name] = 2
}

// order returns the events in the order in which a walk down from the top first meets them.
func (t *Tree) order() []string {
	var events []string
	seen := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		if _, ok := t.Events[name]; ok {
			events = append(events, name)
		}
		for _, in := range t.Gates[name].Inputs {
			walk(in)
		}
	}
	walk(t.Top)
	return events
}
