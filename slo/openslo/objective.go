package openslo

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"plimsoll/slo"
)

// promise is an SLO as it was read, before its references are resolved.
type promise struct {
	header
	description string
	service     node
	window      slo.Window
	indicator   func() (indicator, bool)
	targets     []target
}

// target is one entry of an SLO's objectives.
type target struct {
	displayName string
	ratio       slo.Ratio
	at          node
}

// readSLO reads a document of kind SLO.
func (s *set) readSLO(h header, spec node) {
	o := spec.object(
		field{name: "description"},
		field{name: "service", required: true},
		field{name: "indicator"},
		field{name: "indicatorRef"},
		field{name: "timeWindow", required: true},
		field{name: "budgetingMethod", required: true},
		field{name: "objectives", required: true},
		field{name: "alertPolicies", unsupported: "alert policies are not supported; every objective is alerted on by its burn rate"},
	)
	p := &promise{header: h, description: o.text("description")}
	if n, ok := o.get("service"); ok {
		p.service = n
		s.refer("Service", n)
	}
	if n, ok := o.get("timeWindow"); ok {
		p.window = s.readWindow(n)
	}
	if n, ok := o.get("budgetingMethod"); ok {
		readMethod(n)
	}
	p.indicator = s.readIndicator(o)
	if n, ok := o.get("objectives"); ok {
		p.targets = readTargets(n)
	}
	if s.declare(h) {
		s.promises = append(s.promises, p)
	}
}

// readIndicator reads the indicator of an SLO and returns what finds it once all files are read.
func (s *set) readIndicator(o object) func() (indicator, bool) {
	inline, hasInline := o.get("indicator")
	ref, hasRef := o.get("indicatorRef")
	switch {
	case hasInline && hasRef:
		ref.fail("indicator and indicatorRef both stand; allowed: one of them")
	case hasInline:
		ind := s.readInlineIndicator(inline)
		return func() (indicator, bool) { return ind, ind.ok }
	case hasRef:
		s.refer("SLI", ref)
		return func() (indicator, bool) { ind := s.indicators[ref.Value]; return ind, ind.ok }
	default:
		o.fail("indicator or indicatorRef is missing")
	}
	return func() (indicator, bool) { return indicator{}, false }
}

func readMethod(n node) {
	switch method := n.text(); method {
	case "", string(slo.Occurrences):
	case "Timeslices", "RatioTimeslices":
		n.fail("the budgeting method %s is not supported; supported: Occurrences", method)
	default:
		n.oneOf(string(slo.Occurrences))
	}
}

func readTargets(n node) []target {
	items := n.list()
	if n.isList() && len(items) == 0 {
		n.fail("is empty; at least one objective is needed")
	}
	var targets []target
	for _, item := range items {
		if t, ok := readTarget(item, len(items) > 1); ok {
			targets = append(targets, t)
		}
	}
	return targets
}

const (
	noThresholds = "thresholds are not supported; the query selects the events that are good"
	noSlices     = "time slices are not supported; supported: the budgeting method Occurrences"
	noComposites = "composite objectives are not supported; supported: one indicator for the whole SLO"
)

func readTarget(n node, named bool) (target, bool) {
	o := n.object(
		field{name: "displayName", required: named},
		field{name: "target"},
		field{name: "targetPercent"},
		field{name: "op", unsupported: noThresholds},
		field{name: "value", unsupported: noThresholds},
		field{name: "timeSliceTarget", unsupported: noSlices},
		field{name: "timeSliceWindow", unsupported: noSlices},
		field{name: "indicator", unsupported: noComposites},
		field{name: "indicatorRef", unsupported: noComposites},
		field{name: "compositeWeight", unsupported: noComposites},
	)
	t := target{displayName: o.text("displayName"), at: n}
	if named && slug(t.displayName) == "" {
		if d, ok := o.get("displayName"); ok {
			d.fail("found %q; a name needs a letter or a digit, because it identifies the objective", t.displayName)
		}
		return t, false
	}
	fraction, hasFraction := o.get("target")
	percent, hasPercent := o.get("targetPercent")
	switch {
	case hasFraction && hasPercent:
		percent.fail("target and targetPercent both stand; allowed: one of them")
		return t, false
	case hasFraction:
		return t, readRatioInto(&t.ratio, fraction, slo.ParseRatio)
	case hasPercent:
		return t, readRatioInto(&t.ratio, percent, slo.ParsePercent)
	case n.isMapping():
		n.fail("target or targetPercent is missing")
	}
	return t, false
}

// readRatioInto reads a target from the text of its scalar, so that 99.9 is exactly that.
func readRatioInto(r *slo.Ratio, n node, parse func(string) (slo.Ratio, error)) bool {
	text := n.text()
	if text == "" {
		return false
	}
	v, err := parse(text)
	_, percentErr := slo.ParsePercent(text)
	switch {
	case err != nil && percentErr == nil:
		n.fail("%v (did you mean \"targetPercent: %s\"?)", err, text)
	case err != nil:
		n.fail("%v", err)
	case v == slo.One:
		n.fail("a target of 100 %% leaves no error budget; allowed: less than 100 %%")
	case v == 0:
		n.fail("a target of 0 %% promises nothing; allowed: more than 0 %%")
	default:
		*r = v
		return true
	}
	return false
}

// objectives makes the objectives of an SLO whose references hold.
func (p *promise) objectives(services map[string]header) []*slo.Objective {
	ind, ok := p.indicator()
	if !ok || p.service.Node == nil {
		return nil
	}
	service := p.service.Value
	owner := p.owner
	if owner == "" {
		owner = services[service].owner
	}
	var objs []*slo.Objective
	for _, t := range p.targets {
		name, display := p.name, cmp.Or(p.displayName, p.name)
		if len(p.targets) > 1 {
			name = fmt.Sprintf("%s/%s", p.name, slug(t.displayName))
			display = fmt.Sprintf("%s: %s", display, t.displayName)
		}
		objs = append(objs, &slo.Objective{
			Key:         slo.Key(service + "/" + name),
			Service:     service,
			Name:        name,
			DisplayName: display,
			Description: p.description,
			Owner:       owner,
			Target:      t.ratio,
			Window:      p.window,
			Method:      slo.Occurrences,
			Indicator:   ind.Indicator,
			File:        t.at.file,
			Line:        t.at.Line,
		})
	}
	return objs
}

// slug writes a display name as an identifier: its letters and digits in lower case, a hyphen between words.
func slug(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}
