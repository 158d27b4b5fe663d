package openslo

import (
	"slices"
	"strings"

	"plimsoll/slo"
)

// promise is an SLO as it was read, before its references are resolved.
type promise struct {
	header
	description string
	service     string
	window      slo.Window
	method      slo.Method
	indicator   func() *indicator // nil if each objective has its own
	several     bool              // each objective has its own name
	targets     []target
	policies    []func() *policy
}

// readSLO reads a document of kind SLO.
func (s *set) readSLO(h header, spec node) {
	o := spec.Object(may("description"), must("service"), may("indicator"), may("indicatorRef"), may("timeWindow"),
		may("budgetingMethod"), must("objectives"), may("alertPolicies"))
	p := &promise{header: h, description: readDescription(o)}
	if n, ok := o.Get("service"); ok {
		p.service = s.refer(kindService, n)
	}
	if n, ok := o.Get("timeWindow"); ok {
		p.window = s.readWindow(n)
	} else if o.Lacks("timeWindow") && o.Assume("timeWindow is missing, such as [{duration: 30d, isRolling: true}]", "read as 30d, rolling") {
		p.window = slo.Window{Length: 30 * day}
	}
	objectives, hasObjectives := o.Get("objectives")
	p.method = readMethod(o, objectives)
	p.indicator = s.readIndicator(o)
	if hasObjectives {
		p.targets = s.readObjectives(p, objectives)
		p.checkIndicators(o, objectives)
		p.targets = slices.DeleteFunc(p.targets, func(t target) bool { return !t.ok })
	}
	if n, ok := o.Get("alertPolicies"); ok {
		p.policies = s.readAlertPolicies(n)
	}
	if p.service != "" && h.name != "" { // nothing refers to an SLO, so its name is one within its service
		h.name = p.service + "/" + h.name
	}
	if s.declare(h) {
		s.promises = append(s.promises, p)
	}
}

// checkIndicators reports an SLO that has no indicator, or one for all objectives and others of their own.
func (p *promise) checkIndicators(o object, objectives node) {
	own := 0
	for _, t := range p.targets {
		if t.indicator != nil {
			own++
			if p.indicator != nil {
				t.at.Fail("has an indicator of its own beside that of the SLO; allowed: one of them")
			}
		}
	}
	switch {
	case p.indicator != nil || !o.IsMapping():
	case own == 0:
		o.Fail("indicator or indicatorRef is missing; the SLO has one, or each of its objectives")
		p.targets = nil
	case own < len(p.targets):
		objectives.Fail("%d of %d objectives have an indicator of their own; allowed: all of them, or one for the SLO", own, len(p.targets))
		p.targets = nil
	}
}

var methods = []string{string(slo.Occurrences), string(slo.Timeslices), string(slo.RatioTimeslices)}

// readMethod reads the budgeting method of an SLO; lenient reading finds it in an objective, too.
func readMethod(o object, objectives node) slo.Method {
	n, ok := o.Get("budgetingMethod")
	if !ok {
		if !o.Lacks("budgetingMethod") {
			return ""
		}
		assumed := slo.Occurrences
		if objectives.IsList() {
			for _, item := range objectives.List() {
				if found, ok := item.Key("budgetingMethod"); ok && found.IsScalar() {
					for _, m := range methods {
						if strings.EqualFold(found.Value, m) {
							assumed = slo.Method(m)
						}
					}
				}
			}
		}
		if o.Assume("budgetingMethod is missing; allowed: "+strings.Join(methods, ", "), "read as "+string(assumed)) {
			return assumed
		}
		return ""
	}
	word, ok := n.OneOf(methods...)
	if !ok {
		return ""
	}
	return slo.Method(word)
}
