package failure

import (
	"fmt"

	"plimsoll/internal/config"
)

// treeFile is a fault tree as it is written:
//
//	title: The API does not answer
//	top: down
//	gates:
//	  down:  {or: [edges, database]}
//	  edges: {and: [edge-a, edge-b]}
//	events:
//	  edge-a:   {probability: 0.001, description: the edge in zone a is away, source: 30 days of up}
//	  edge-b:   {probability: 0.001}
//	  database: {objective: database/availability}  # 1 − its SLI
type treeFile struct {
	Title  string               `yaml:"title"`
	Top    string               `yaml:"top"`
	Gates  map[string]gateFile  `yaml:"gates"`
	Events map[string]eventFile `yaml:"events"`
}

// gateFile has exactly one of or, and, of.
type gateFile struct {
	Description string   `yaml:"description"`
	Or          []string `yaml:"or"`
	And         []string `yaml:"and"`
	AtLeast     int      `yaml:"atLeast"`
	Of          []string `yaml:"of"`
}

type eventFile struct {
	Description string  `yaml:"description"`
	Probability float64 `yaml:"probability"`
	Source      string  `yaml:"source"`
	Objective   string  `yaml:"objective"`
}

// ReadTree reads a fault tree from YAML. The error names the file, and is [ErrInvalidTree] where the tree makes no sense.
func ReadTree(file string, data []byte) (*Tree, error) {
	var f treeFile
	if err := config.Decode(file, data, &f); err != nil {
		return nil, err
	}
	t := Tree{Title: f.Title, Top: f.Top, Gates: map[string]Gate{}, Events: map[string]Event{}}
	for name, e := range f.Events {
		t.Events[name] = Event{Description: e.Description, Probability: e.Probability, Source: e.Source, Objective: e.Objective}
	}
	for name, g := range f.Gates {
		gate, err := g.gate()
		if err != nil {
			return nil, fmt.Errorf("%s: gates.%s: %w", file, name, err)
		}
		t.Gates[name] = gate
	}
	tree, err := NewTree(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return tree, nil
}

func (f gateFile) gate() (Gate, error) {
	g := Gate{Description: f.Description}
	forms := 0
	for _, form := range []struct {
		inputs  []string
		atLeast int
	}{{f.Or, 1}, {f.And, len(f.And)}, {f.Of, f.AtLeast}} {
		if form.inputs != nil {
			g.Inputs, g.AtLeast = form.inputs, form.atLeast
			forms++
		}
	}
	if forms != 1 || (f.Of == nil) != (f.AtLeast == 0) {
		return g, fmt.Errorf(`%w: needs one of "or: [a, b]", "and: [a, b]", "atLeast: 2, of: [a, b, c]"`, ErrInvalidTree)
	}
	return g, nil
}
