package openslo

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// set is everything that the files of one reading define.
type set struct {
	config     Config
	problems   Problems
	declared   map[string]map[string]node // kind → name → where it is defined
	references []reference
	promises   []*promise
	indicators map[string]indicator
	services   map[string]header
}

// reference is a name that must be defined by a document of the kind.
type reference struct {
	kind string
	at   node
}

func newSet(c Config) *set {
	return &set{
		config:     c,
		declared:   map[string]map[string]node{},
		indicators: map[string]indicator{},
		services:   map[string]header{},
	}
}

// declare records a definition. It reports a second one of the same kind and name and returns false for it.
func (s *set) declare(h header) bool {
	if h.name == "" {
		return false
	}
	names := s.declared[h.kind]
	if names == nil {
		names = map[string]node{}
		s.declared[h.kind] = names
	}
	if first, ok := names[h.name]; ok {
		h.at.fail("a second %s %q; the first stands at %s:%d", h.kind, h.name, first.file, first.Line)
		return false
	}
	names[h.name] = h.at
	return true
}

func (s *set) refer(kind string, at node) {
	if at.text() != "" {
		s.references = append(s.references, reference{kind, at})
	}
}

// readService reads a document of kind Service.
func (s *set) readService(h header, spec node) {
	spec.object(field{name: "description"}).text("description")
	if s.declare(h) {
		s.services[h.name] = h
	}
}

// readDataSource reads a document of kind DataSource. Its connection is whatever its type wants, so it is not looked at:
// samples come from the sources of the server's own configuration.
func (s *set) readDataSource(h header, spec node) {
	o := spec.object(
		field{name: "description"},
		field{name: "type", required: true},
		field{name: "connectionDetails"},
	)
	o.text("description")
	if typ, ok := o.get("type"); ok {
		checkSourceType(typ)
	}
	s.declare(h)
}

// resolve reports references to nothing and returns the objectives, sorted by key.
func (s *set) resolve() []*slo.Objective {
	for _, r := range s.references {
		s.checkReference(r)
	}
	var objs []*slo.Objective
	seen := map[slo.Key]*slo.Objective{}
	for _, p := range s.promises {
		for i, o := range p.objectives(s.services) {
			if first, ok := seen[o.Key]; ok {
				p.targets[i].at.fail("the objective %s is defined twice; the first stands at %s:%d", o.Key, first.File, first.Line)
				continue
			}
			seen[o.Key] = o
			objs = append(objs, o)
		}
	}
	slices.SortFunc(objs, func(a, b *slo.Objective) int { return cmp.Compare(a.Key, b.Key) })
	return objs
}

func (s *set) checkReference(r reference) {
	names := s.declared[r.kind]
	if _, ok := names[r.at.Value]; ok {
		return
	}
	if r.kind == "Service" && len(names) == 0 {
		if !nameForm.MatchString(r.at.Value) {
			r.at.fail("found %q; the name of a service is up to 63 lower-case letters, digits and hyphens", r.at.Value)
		}
		return
	}
	known := slices.Sorted(maps.Keys(names))
	defined := "none is"
	if len(known) > 0 {
		defined = strings.Join(known, ", ")
	}
	r.at.fail("no %s %q is defined%s; defined: %s", r.kind, r.at.Value, nearest.Hint(r.at.Value, known), defined)
}
