package slo

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// Holds reports whether a burn rate of o compares with the threshold as the condition says, exactly where it was counted in events.
func (c AlertCondition) Holds(o *Objective, b Burn) bool {
	if b.Total <= 0 || math.Abs(b.Rate-c.Threshold) > near*c.Threshold {
		return c.Op.Holds(b.Rate, c.Threshold)
	}
	return c.Op.Holds(float64(b.exact(o).Cmp(c.exact())), 0)
}

// exact is the threshold as it was written: 14.4 is 72/5, and not the nearest that a float64 holds.
func (c AlertCondition) exact() *big.Rat {
	exact, ok := new(big.Rat).SetString(strconv.FormatFloat(c.Threshold, 'g', -1, 64))
	if !ok { // it is no finite number, which the reader refuses
		return new(big.Rat)
	}
	return exact
}

// Rises reports whether the condition is about a burn rate that is too high. One about a rate that is low needs no bad events.
func (c AlertCondition) Rises() bool { return c.Op != AtMost && c.Op != LessThan }

// Unreachable says why the condition can never hold for an objective, whatever happens; empty if it can. How fast a composite can burn is known
// from its components alone.
func (c AlertCondition) Unreachable(o *Objective) string {
	if o.Slice.Length > c.Lookback {
		return fmt.Sprintf("no slice of %s is sure to end within %s", ShortDuration(o.Slice.Length), ShortDuration(c.Lookback))
	}
	if !c.Rises() {
		return ""
	}
	if o.Method != Composite {
		fastest := new(big.Rat).SetFrac64(int64(One), int64(o.Budget()))
		if d := c.exact().Cmp(fastest); d > 0 || d == 0 && c.Op != AtLeast {
			most, _ := fastest.Float64()
			return fmt.Sprintf("%s can burn its budget no faster than %.6g", o.Key, most)
		}
	}
	return o.unmeetable(c.Lookback)
}

// opWords are the operators in words.
var opWords = map[Op]string{MoreThan: "above", AtLeast: "at least", LessThan: "below", AtMost: "at most"}

// Describe writes the condition in words, such as "burn rate over 1h above 14.4 for 5m".
func (c AlertCondition) Describe() string {
	words := fmt.Sprintf("burn rate over %s %s %s", ShortDuration(c.Lookback), opWords[c.Op], strconv.FormatFloat(c.Threshold, 'g', -1, 64))
	if c.After > 0 {
		words += " for " + ShortDuration(c.After)
	}
	return words
}
