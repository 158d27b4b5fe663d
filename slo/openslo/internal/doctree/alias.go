package doctree

import (
	"go.yaml.in/yaml/v3"
)

const (
	// mostValues bounds what aliases can make of a document: few lines of them could stand for more values than there is memory.
	mostValues = 1_000_000
	// deepest bounds how deep values can stand inside of each other through aliases. The parser has the same bound for what is written.
	deepest = 10_000
	// mergeTag is that of the key "<<".
	mergeTag = "!!merge"
)

// extent is how much a value is once all aliases in it are followed.
type extent struct {
	values, depth int
	aliased       bool // some of it
}

// expander follows the aliases of one document.
type expander struct {
	root    Node
	extents map[*yaml.Node]extent
	open    map[*yaml.Node]bool // those that are being looked at
	failed  bool
}

// expand carries out the merge keys of a document. It reports an alias that stands inside of what it names, and aliases that would make too
// much of the document, and returns false then, because nothing that follows aliases would come to an end.
func (n Node) expand() bool {
	e := expander{root: n, extents: map[*yaml.Node]extent{}, open: map[*yaml.Node]bool{}}
	e.follow(n.Node)
	return !e.failed
}

func (e *expander) fail(at *yaml.Node, format string, args ...any) {
	e.failed = true
	Node{Node: at, File: e.root.File, report: e.root.report}.Fail(format, args...)
}

func (e *expander) follow(y *yaml.Node) extent {
	if x, ok := e.extents[y]; ok || e.failed {
		return x
	}
	if y.Kind == yaml.AliasNode {
		if e.open[y.Alias] {
			e.fail(y, "the alias *%s stands inside of what it names", y.Value)
		}
		x := e.follow(y.Alias)
		x.aliased = true
		return x
	}
	e.open[y] = true
	total := extent{values: 1}
	for _, child := range y.Content {
		x := e.follow(child)
		total.values += x.values
		total.depth = max(total.depth, x.depth)
		total.aliased = total.aliased || x.aliased
		if total.aliased && !e.failed && (total.values > mostValues || total.depth > deepest) {
			e.fail(child, "aliases make more than %d values of the document, or values that are more than %d deep", mostValues, deepest)
		}
	}
	delete(e.open, y)
	total.depth++
	if y.Kind == yaml.MappingNode && !e.failed {
		e.merge(y)
	}
	e.extents[y] = total
	return total
}

// merge replaces the key "<<" of a mapping by the keys of the mapping that it names, or of those in a list. A key that the mapping has itself
// holds, and of several mappings the first that has it.
func (e *expander) merge(y *yaml.Node) {
	var own, merged []*yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		if y.Content[i].Tag == mergeTag {
			merged = append(merged, y.Content[i], y.Content[i+1])
		} else {
			own = append(own, y.Content[i], y.Content[i+1])
		}
	}
	if len(merged) == 0 {
		return
	}
	if len(merged) > 2 {
		e.fail(merged[2], "the key << stands twice")
		return
	}
	has := map[string]bool{}
	for i := 0; i < len(own); i += 2 {
		has[own[i].Value] = true
	}
	sources := []*yaml.Node{merged[1]}
	if v := seen(merged[1]); v.Kind == yaml.SequenceNode {
		sources = v.Content
	}
	for _, source := range sources {
		from := seen(source)
		if from.Kind != yaml.MappingNode {
			e.fail(source, "<< takes a mapping, or a list of mappings")
			return
		}
		for i := 0; i+1 < len(from.Content); i += 2 {
			if key := from.Content[i]; !has[key.Value] {
				has[key.Value] = true
				own = append(own, key, from.Content[i+1])
			}
		}
	}
	y.Content = own
}

// seen looks through an alias.
func seen(y *yaml.Node) *yaml.Node {
	if y.Kind == yaml.AliasNode {
		return y.Alias
	}
	return y
}
