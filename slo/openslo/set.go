package openslo

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/openslo/internal/doctree"
)

// set is everything that the files of one reading define.
type set struct {
	config     Config
	report     doctree.Report
	declared   map[string]map[string]node // kind → name → where it is defined
	references []reference
	promises   []*promise
	indicators map[string]*indicator
	services   map[string]header
	sources    map[string]*Source
	policies   map[string]*policy
	conditions map[string]*condition
	targets    map[string]slo.AlertTarget
}

// reference is a name that must be defined by a document of the kind.
type reference struct {
	kind, name string
	at         node
}

func newSet(c Config) *set {
	return &set{
		config:     c,
		report:     doctree.Report{Lenient: c.Lenient},
		declared:   map[string]map[string]node{},
		indicators: map[string]*indicator{},
		services:   map[string]header{},
		sources:    map[string]*Source{},
		policies:   map[string]*policy{},
		conditions: map[string]*condition{},
		targets:    map[string]slo.AlertTarget{},
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
		h.at.Fail("a second %s %q; the first stands at %s:%d", h.kind, h.name, first.File, first.Line)
		return false
	}
	names[h.name] = h.at
	return true
}

// refer records a reference, to be checked when all files are read, and returns the name.
func (s *set) refer(kind string, at node) string {
	name := s.nameOf(kind, at)
	if name != "" {
		s.references = append(s.references, reference{kind, name, at})
	}
	return name
}

// nameOf returns the name that a reference means. Where lenient reading changes the form of names, it does so here as where they are defined.
func (s *set) nameOf(kind string, at node) string {
	name := at.Text()
	if made := Name(name); s.config.Lenient && made != "" && !formOf(kind).MatchString(name) {
		at.Warn("found %q; read as %s", name, made)
		return made
	}
	return name
}

// readService reads a document of kind Service.
func (s *set) readService(h header, spec node) {
	readDescription(spec.Object(may("description")))
	if s.declare(h) {
		s.services[h.name] = h
	}
}

// resolve reports references to nothing and returns what the files define.
func (s *set) resolve() *Definitions {
	for _, r := range s.references {
		s.checkReference(r)
	}
	for _, name := range slices.Sorted(maps.Keys(s.indicators)) {
		s.finish(s.indicators[name])
	}
	d := &Definitions{}
	seen := map[slo.Key]*slo.Objective{}
	asked := map[string]bool{}
	for _, p := range s.promises {
		for _, o := range p.objectives(s) {
			if first, ok := seen[o.Key]; ok {
				o.at.Fail("the objective %s is defined twice; the first stands at %s:%d", o.Key, first.File, first.Line)
				continue
			}
			seen[o.Key] = o.Objective
			asked[o.Indicator.Source] = true
			d.Objectives = append(d.Objectives, o.Objective)
		}
	}
	slices.SortFunc(d.Objectives, func(a, b *slo.Objective) int { return cmp.Compare(a.Key, b.Key) })
	for _, name := range slices.Sorted(maps.Keys(s.sources)) {
		if asked[name] {
			d.Sources = append(d.Sources, *s.sources[name])
		}
	}
	return d
}

func (s *set) checkReference(r reference) {
	names := s.declared[r.kind]
	if _, ok := names[r.name]; ok {
		return
	}
	switch {
	case r.kind == kindSource && slices.Contains(s.config.Sources, r.name):
		return
	case r.kind == kindService && len(names) == 0:
		if !nameForm.MatchString(r.name) {
			r.at.Fail("found %q%s; the name of a service is up to 63 lower-case letters, digits and hyphens", r.name, nameHint(r.name))
		}
		return
	}
	known := slices.Collect(maps.Keys(names))
	if r.kind == kindSource {
		known = append(known, s.config.Sources...)
	}
	slices.Sort(known)
	wrong := fmt.Sprintf("no %s %q is defined, and no other", r.kind, r.name)
	if len(known) > 0 {
		wrong = fmt.Sprintf("no %s %q is defined%s; defined: %s", r.kind, r.name, nearest.Hint(r.name, known), strings.Join(known, ", "))
	}
	if r.kind == kindService && nameForm.MatchString(r.name) {
		r.at.Assume(wrong, "taken as it stands")
		return
	}
	r.at.Fail("%s", wrong)
}
