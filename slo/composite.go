package slo

import (
	"math/big"
	"slices"
	"time"
)

// Part is a component of a composite objective with its share in what is spent.
type Part struct {
	Component
	Status Status
}

// Compound is the [Reader] of a composite. It holds no events of its own.
type Compound interface {
	Reader
	// Component returns what a component is judged by; nil for one without a status.
	Component(key Key) Reader
}

// Combined returns the reader of a composite with a status, from those of its components.
func Combined(s Status, components map[Key]Reader) Compound { return &combined{s, components} }

type combined struct {
	status     Status
	components map[Key]Reader
}

// Component implements [Compound].
func (c *combined) Component(key Key) Reader { return c.components[key] }

// Read implements [Reader].
func (c *combined) Read(from, to Minute) Reading { return Reading{Minutes: int64(to - from)} }

// Each implements [Reader].
func (c *combined) Each(Minute, Minute, func(MinuteCounts) bool) {}

// Revision implements [Reader].
func (c *combined) Revision() uint64 { return c.status.Revision }

// LastSample implements [Reader].
func (c *combined) LastSample() time.Time { return c.status.LastSample }

// componentOf returns what a component is judged by, or nil.
func componentOf(view Reader, key Key) Reader {
	if c, ok := view.(Compound); ok {
		return c.Component(key)
	}
	return nil
}

// EvaluateComposite computes the status of a composite objective from those of its components, at the same instant. It counts no events:
//
//	spent = Σ weight · (1 − remaining) / Σ weight
//
// and so for its burn rates and its coverage. What a component has spent counts in full also where that is more than its budget. A
// component without a status is left out of both sums. The statuses must have the lookbacks of o; see [Objective.Lookbacks].
func EvaluateComposite(o *Objective, parts []Status, at time.Time) Status {
	from, to := o.Window.Span(at)
	s := Status{Objective: o, At: at, From: from, To: to, SLI: 1, Budget: Budget{Remaining: 1}}
	for _, c := range o.Components {
		i := slices.IndexFunc(parts, func(p Status) bool { return p.Objective.Key == c.Key })
		if i < 0 {
			continue
		}
		s.Parts = append(s.Parts, Part{c, parts[i]})
		s.Revision += parts[i].Revision
		s.Corrections = append(s.Corrections, parts[i].Corrections...)
		if heard := parts[i].LastSample; len(s.Parts) == 1 || heard.Before(s.LastSample) {
			s.LastSample = heard // as long ago as that of the component of which least is heard
		}
	}
	slices.Sort(s.Corrections)
	s.Corrections = slices.Compact(s.Corrections)
	if share := s.share(anyStatus); share.Sign() != 0 {
		spent, _ := share.Float64()
		s.Budget.Spent = share.Cmp(big.NewRat(1, 1)) >= 0
		s.Budget.Remaining = onSide(1-spent, s.Budget.Spent)
		s.SLI = 1 - spent*o.Budget().Float()
	}
	s.Window = s.mean(int64(to-from), func(p Status) Reading { return p.Window })
	s.Raw = s.mean(int64(to-from), func(p Status) Reading { return p.Raw })
	for _, l := range o.Lookbacks() {
		b := Burn{Lookback: l, Reading: s.mean(int64(l/time.Minute), func(p Status) Reading { return p.BurnOver(l).Reading })}
		for _, p := range s.Parts {
			b.Rate += p.Weight.Float() * p.Status.BurnOver(l).Rate / s.weight()
		}
		s.Burn = append(s.Burn, b)
	}
	return s
}

// weight is that of all components.
func (s Status) weight() float64 {
	var sum Ratio
	for _, p := range s.Parts {
		sum += p.Weight
	}
	return sum.Float()
}

// anyStatus lets every component count.
func anyStatus(Status) bool { return true }

// share is what of its budget an objective has spent, exactly: bad / ((1 − target) · total), or the mean of that of its components, of
// which those that do not count have spent nothing.
func (s Status) share(counts func(Status) bool) *big.Rat {
	spent := new(big.Rat)
	if s.Objective.Method != Composite {
		if s.Budget.Total > 0 {
			bad := new(big.Int).Mul(big.NewInt(s.Budget.Bad()), big.NewInt(int64(One)))
			allowed := new(big.Int).Mul(big.NewInt(s.Budget.Total), big.NewInt(int64(s.Objective.Budget())))
			spent.SetFrac(bad, allowed)
		}
		return spent
	}
	sum := new(big.Rat)
	for _, p := range s.Parts {
		weight := new(big.Rat).SetInt64(int64(p.Weight))
		sum.Add(sum, weight)
		if counts(p.Status) {
			spent.Add(spent, weight.Mul(weight, p.Status.share(counts)))
		}
	}
	if sum.Sign() == 0 {
		return sum
	}
	return spent.Quo(spent, sum)
}

// mean is a reading without events whose coverage is the mean of that of the components, by whole minutes, rounded down.
func (s Status) mean(minutes int64, of func(Status) Reading) Reading {
	observed, sum := new(big.Rat), new(big.Rat)
	for _, p := range s.Parts {
		weight := new(big.Rat).SetInt64(int64(p.Weight))
		sum.Add(sum, weight)
		if r := of(p.Status); r.Minutes > 0 {
			observed.Add(observed, weight.Mul(weight, big.NewRat(r.Observed, r.Minutes)))
		}
	}
	if sum.Sign() == 0 {
		return Reading{Minutes: minutes}
	}
	observed.Mul(observed.Quo(observed, sum), new(big.Rat).SetInt64(minutes))
	return Reading{Minutes: minutes, Observed: new(big.Int).Quo(observed.Num(), observed.Denom()).Int64()}
}
