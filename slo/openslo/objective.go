package openslo

import (
	"cmp"
	"math/big"
	"slices"

	"plimsoll/slo"
)

// placed is an objective with the place of its definition.
type placed struct {
	*slo.Objective
	at node
}

// objectives makes the objectives of an SLO whose references hold.
func (p *promise) objectives(s *set) []placed {
	if p.service == "" || p.window.Length == 0 || p.method == "" {
		return nil
	}
	if p.indicator == nil && p.several && len(p.targets) > 0 {
		return p.composite(s)
	}
	var objs []placed
	for _, t := range p.targets {
		find := p.indicator
		if t.indicator != nil {
			find = t.indicator
		}
		if find == nil {
			continue
		}
		if o := p.objective(s, t, find(), p.several); o != nil {
			p.alert(o, fastestBurn(o.Target))
			checkTiers(o, s.config, t.at)
			objs = append(objs, placed{o, t.at})
		}
	}
	return objs
}

// base is what all objectives of an SLO have in common.
func (p *promise) base(t target) *slo.Objective {
	return &slo.Objective{
		Key:         slo.Key(p.service + "/" + p.name),
		Service:     p.service,
		Name:        p.name,
		DisplayName: cmp.Or(p.displayName, p.name),
		Description: p.description,
		Labels:      p.labels,
		Window:      p.window,
		File:        t.at.File,
		Line:        t.at.Line,
	}
}

// configure gives an objective what the annotations of its service and of its SLO say.
func (p *promise) configure(s *set, o *slo.Objective) {
	o.AlertTiers = s.config.Tiers
	for _, set := range s.services[p.service].settings {
		set(o, s.config)
	}
	for _, set := range p.settings {
		set(o, s.config)
	}
}

func (p *promise) objective(s *set, t target, ind *indicator, named bool) *slo.Objective {
	if ind == nil || !s.use(ind) {
		return nil
	}
	o := p.base(t)
	if named {
		o.Name += "/" + slug(t.displayName)
		o.Key += slo.Key("/" + slug(t.displayName))
		o.DisplayName += ": " + t.displayName
	}
	o.Target, o.Method, o.Slice, o.Indicator = t.ratio, p.method, t.slice, ind.Indicator
	if o.Slice.Length > p.window.Length {
		t.at.Fail("has slices of %s; the window is %s, and a slice can be no longer", slo.ShortDuration(o.Slice.Length), p.window)
		return nil
	}
	if !p.readThreshold(t, o) {
		return nil
	}
	if o.Indicator.GroupBy != nil {
		o.MaxChildren = defaultMaxChildren
	}
	p.configure(s, o)
	return o
}

// readThreshold reads op and value, which a thresholdMetric needs and nothing else has a use for.
func (p *promise) readThreshold(t target, o *slo.Objective) bool {
	if o.Indicator.Kind != slo.Thresholds {
		if t.op.Node != nil {
			t.op.Warn("has no effect with a ratioMetric")
		}
		if t.value.Node != nil {
			return t.value.Assume("has no meaning with a ratioMetric, whose query selects the events that are good; allowed with: thresholdMetric", "left out")
		}
		return true
	}
	if p.indicator != nil && len(p.targets) > 1 &&
		!p.targets[1].at.Assume("a second objective with a thresholdMetric; allowed: one", "taken as it stands") {
		return false
	}
	if t.op.Node == nil || t.value.Node == nil {
		t.at.Fail("op and value are needed with a thresholdMetric, such as op: lte and value: 0.3")
		return false
	}
	v, ok := readNumber(t.value)
	o.Indicator.Value = v
	return readOp(t.op, &o.Indicator.Op) && ok
}

// alert gives an objective the alert policies of its SLO.
func (p *promise) alert(o *slo.Objective, fastest *big.Rat) {
	for _, find := range p.policies {
		policy := find()
		if policy == nil {
			continue
		}
		if slices.ContainsFunc(o.Alerts, func(other slo.AlertPolicy) bool { return other.Name == policy.Name }) {
			policy.at.Fail("a second AlertPolicy %q on %s; each has a name of its own", policy.Name, o.Key)
			continue
		}
		resolved, c, ok := policy.resolve()
		if !ok {
			continue
		}
		c.check(o, fastest)
		o.Alerts = append(o.Alerts, resolved)
	}
}

// composite makes one objective of each component, and that of the SLO itself, which weighs them. The alert policies are those of the
// whole, and the gate looks at the whole only. Its target is for people: the mean of the targets by weight, rounded down.
func (p *promise) composite(s *set) []placed {
	whole := p.base(p.targets[0])
	whole.Method = slo.Composite
	whole.Line = p.at.Line
	objs := []placed{{whole, p.at}}
	sum, weights, fastest := new(big.Int), new(big.Int), new(big.Rat)
	complete := true
	for _, t := range p.targets {
		o := p.objective(s, t, t.indicator(), true)
		if o == nil {
			complete = false
			continue
		}
		o.OutOfGate = true
		checkTiers(o, s.config, t.at)
		objs = append(objs, placed{o, t.at})
		whole.Components = append(whole.Components, slo.Component{Key: o.Key, Weight: t.weight})
		w := big.NewInt(int64(t.weight))
		weights.Add(weights, w)
		sum.Add(sum, new(big.Int).Mul(w, big.NewInt(int64(t.ratio))))
		fastest.Add(fastest, new(big.Rat).Mul(new(big.Rat).SetInt(w), fastestBurn(t.ratio)))
	}
	if !complete {
		return nil
	}
	whole.Target = slo.Ratio(sum.Quo(sum, weights).Int64())
	p.configure(s, whole)
	p.alert(whole, fastest.Quo(fastest, new(big.Rat).SetInt(weights)))
	return objs
}
