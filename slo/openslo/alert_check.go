package openslo

import (
	"fmt"
	"math/big"

	"plimsoll/slo"
)

// resolve returns the policy with everything it refers to, or false if something of it is missing.
func (p *policy) resolve() (slo.AlertPolicy, *condition, bool) {
	resolved := p.AlertPolicy
	if p.condition == nil {
		return resolved, nil, false
	}
	c := p.condition()
	if c == nil || !c.ok {
		return resolved, nil, false
	}
	resolved.Condition = c.AlertCondition
	for _, find := range p.targets {
		t, ok := find()
		if !ok {
			return resolved, nil, false
		}
		resolved.Targets = append(resolved.Targets, t)
	}
	return resolved, c, true
}

// check reports a condition that an objective can never meet, or a lookback that is longer than its window. fastest is the highest burn rate that the objective can have: 1 ÷ (1 − target), when
// every event is bad.
func (c *condition) check(o *slo.Objective, fastest *big.Rat) {
	beyond := c.exact.Cmp(fastest)
	if (c.Op == slo.MoreThan && beyond >= 0) || (c.Op == slo.AtLeast && beyond > 0) {
		c.threshold.Fail("found %s; %s can burn its budget no faster than %s, so this alert can never fire", c.threshold.Value, o.Key, short(fastest))
	} else if why := c.Unreachable(o); why != "" {
		c.lookback.Fail("found %s; %s, so this alert can never fire", c.lookback.Value, why)
	}
	if c.Lookback > o.Window.Length {
		c.lookback.Fail("found %s; the window of %s is %s, and a lookback can be no longer", c.lookback.Value, o.Key, o.Window)
	}
}

// fastestBurn is 1 ÷ (1 − target).
func fastestBurn(target slo.Ratio) *big.Rat { return big.NewRat(int64(slo.One), int64(slo.One-target)) }

func short(r *big.Rat) string {
	f, _ := r.Float64()
	return fmt.Sprintf("%.6g", f)
}
