package openslo

import (
	"math"
	"math/big"
	"strconv"
	"time"

	"plimsoll/slo"
)

// policy is an AlertPolicy as it was read, before its references are resolved.
type policy struct {
	slo.AlertPolicy
	at        node
	condition func() *condition
	targets   []func() (slo.AlertTarget, bool)
	ok        bool
}

// condition is an AlertCondition as it was read.
type condition struct {
	slo.AlertCondition
	threshold, lookback node
	exact               *big.Rat // the threshold
	ok                  bool
}

func (s *set) readPolicy(h header, spec node) {
	p := s.readPolicySpec(h, spec)
	if s.declare(h) {
		s.policies[h.name] = p
	}
}

func (s *set) readCondition(h header, spec node) {
	c := readConditionSpec(h, spec)
	if s.declare(h) {
		s.conditions[h.name] = c
	}
}

func (s *set) readTarget(h header, spec node) {
	t, _ := readTargetSpec(h, spec)
	if s.declare(h) {
		s.targets[h.name] = t
	}
}

// readAlertPolicies reads the alertPolicies of an SLO: inline, by alertPolicyRef, or by name alone.
func (s *set) readAlertPolicies(n node) []func() *policy {
	var policies []func() *policy
	for _, item := range n.List() {
		if item.IsScalar() {
			name := s.refer(kindPolicy, item)
			policies = append(policies, func() *policy { return s.policies[name] })
			continue
		}
		if ref, ok := item.Key("alertPolicyRef"); ok {
			item.Object(must("alertPolicyRef"))
			name := s.refer(kindPolicy, ref)
			policies = append(policies, func() *policy { return s.policies[name] })
			continue
		}
		if h, spec, ok := readInline(item, kindPolicy, "alertPolicyRef"); ok {
			p := s.readPolicySpec(h, spec)
			policies = append(policies, func() *policy { return p })
		}
	}
	return policies
}

// readInline reads a document that stands inside another one, where a reference could stand, too.
func readInline(n node, kind, ref string) (h header, spec node, ok bool) {
	if !n.IsMapping() {
		n.Fail("found %s; allowed: %s, or kind: %s with metadata and spec", n.Describe(), ref, kind)
		return h, spec, false
	}
	o := n.Object(may("apiVersion"), field{Name: "kind", Required: true, Hint: "; write kind: " + kind}, must("metadata"), must("spec"), may(ref))
	if v, ok := o.Get("apiVersion"); ok {
		checkVersion(v)
	}
	if k, ok := o.Get("kind"); ok {
		k.OneOf(kind)
	}
	h.kind, h.at = kind, n
	if m, ok := o.Get("metadata"); ok {
		h = readHeader(kind, m)
	}
	spec, ok = o.Get("spec")
	return h, spec, ok
}

func (s *set) readPolicySpec(h header, spec node) *policy {
	o := spec.Object(may("description"), may("alertWhenNoData"), may("alertWhenResolved"), may("alertWhenBreaching"),
		must("conditions"), must("notificationTargets"))
	p := &policy{at: spec, ok: true}
	p.Name, p.DisplayName, p.Description, p.Labels, p.Annotations = h.name, h.displayName, readDescription(o), h.labels, h.annotations
	for name, on := range map[string]*bool{"alertWhenNoData": &p.OnNoData, "alertWhenResolved": &p.OnResolve, "alertWhenBreaching": &p.OnBreach} {
		if n, ok := o.Get(name); ok {
			*on, _ = n.IsTrue()
		}
	}
	if !p.OnNoData && !p.OnResolve && !p.OnBreach && o.IsMapping() {
		o.Fail("nobody is ever told; at least one of alertWhenBreaching, alertWhenResolved and alertWhenNoData must be true")
	}
	if n, ok := o.Get("conditions"); ok {
		p.condition = s.readConditions(n)
	}
	if n, ok := o.Get("notificationTargets"); ok {
		p.targets = s.readTargets(n)
	}
	return p
}

// readConditions reads the list of exactly one condition.
func (s *set) readConditions(n node) func() *condition {
	items := n.List()
	if n.IsList() && len(items) != 1 {
		n.Fail("found %d conditions; allowed: exactly one", len(items))
	}
	if len(items) != 1 {
		return nil
	}
	if ref, ok := items[0].Key("conditionRef"); ok {
		items[0].Object(must("conditionRef"))
		name := s.refer(kindCondition, ref)
		return func() *condition { return s.conditions[name] }
	}
	h, spec, ok := readInline(items[0], kindCondition, "conditionRef")
	if !ok {
		return nil
	}
	c := readConditionSpec(h, spec)
	return func() *condition { return c }
}

func (s *set) readTargets(n node) []func() (slo.AlertTarget, bool) {
	items := n.List()
	if n.IsList() && len(items) == 0 {
		n.Fail("is empty; at least one target is needed")
	}
	var targets []func() (slo.AlertTarget, bool)
	for _, item := range items {
		if ref, ok := item.Key("targetRef"); ok {
			item.Object(must("targetRef"))
			name := s.refer(kindTarget, ref)
			targets = append(targets, func() (slo.AlertTarget, bool) { t, ok := s.targets[name]; return t, ok })
			continue
		}
		if h, spec, ok := readInline(item, kindTarget, "targetRef"); ok {
			t, ok := readTargetSpec(h, spec)
			targets = append(targets, func() (slo.AlertTarget, bool) { return t, ok })
		}
	}
	return targets
}

func readTargetSpec(h header, spec node) (t slo.AlertTarget, ok bool) {
	o := spec.Object(may("description"), must("target"))
	t = slo.AlertTarget{Name: h.name, DisplayName: h.displayName, Description: readDescription(o), Target: o.Text("target")}
	return t, t.Target != ""
}

func readConditionSpec(h header, spec node) *condition {
	o := spec.Object(may("description"), must("severity"), must("condition"))
	c := &condition{}
	c.Name, c.DisplayName, c.Description, c.Severity = h.name, h.displayName, readDescription(o), o.Text("severity")
	if n, ok := o.Get("condition"); ok {
		c.ok = c.read(n) && c.Severity != ""
	}
	return c
}

// read reads the condition itself. Without op it is "gt", as in "the burn rate exceeds 2".
func (c *condition) read(n node) bool {
	o := n.Object(may("kind"), may("op"), must("threshold"), must("lookbackWindow"), may("alertAfter"))
	if kind, ok := o.Get("kind"); ok {
		if _, ok := kind.OneOf("burnrate"); !ok {
			return false
		}
	}
	c.Op = slo.MoreThan
	ok := true
	if op, has := o.Get("op"); has {
		ok = readOp(op, &c.Op)
	}
	if after, has := o.Get("alertAfter"); has {
		ok = readAfter(after, &c.After) && ok
	}
	if lookback, has := o.Get("lookbackWindow"); has {
		c.lookback, c.Lookback = lookback, readDuration(lookback, "a lookback")
	}
	threshold, has := o.Get("threshold")
	if !has || !c.readThreshold(threshold) {
		return false
	}
	return ok && c.Lookback > 0
}

// readAfter reads how long a condition must hold, which may be no time at all.
func readAfter(n node, after *time.Duration) bool {
	number, _, ok := count(n, fixedUnits)
	if !ok || number == 0 {
		return ok
	}
	*after = readDuration(n, "a time")
	return *after > 0
}

func (c *condition) readThreshold(n node) bool {
	c.threshold = n
	value, ok := readNumber(n)
	if !ok {
		return false
	}
	exact, ok := new(big.Rat).SetString(n.Value)
	if !ok {
		exact = new(big.Rat).SetFloat64(value)
	}
	if c.Threshold, c.exact = value, exact; value <= 0 {
		n.Fail("found %s; a burn rate is compared with more than 0", n.Value)
		return false
	}
	return true
}

// readNumber returns a finite number.
func readNumber(n node) (float64, bool) {
	text, ok := n.Number()
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || len(text) > 64 {
		n.Fail("found %q; allowed: a number", text)
		return 0, false
	}
	return v, true
}

func readOp(n node, op *slo.Op) bool {
	word, ok := n.OneOf(string(slo.AtMost), string(slo.AtLeast), string(slo.LessThan), string(slo.MoreThan))
	if ok {
		*op = slo.Op(word)
	}
	return ok
}
