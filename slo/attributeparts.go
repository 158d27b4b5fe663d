package slo

import (
	"cmp"
	"errors"
	"math/big"
	"slices"
	"time"
)

// AttributeWith says what spent the budget of a status with what it is judged by: see [Attribute], and for a composite [AttributeComposite].
// causes returns what may have spent the budget of the objective, or of a component, in [from, until). Where it fails the attribution knows of
// no causes, and comes with the error.
func AttributeWith(s Status, view Reader, causes func(o *Objective, from, until time.Time) ([]Cause, error)) (Attribution, error) {
	if s.Objective.Method != Composite {
		from, until := s.Bounds()
		list, err := causes(s.Objective, from, until)
		if err != nil {
			list = nil
		}
		return Attribute(s, view, list, QuietMinutes), err
	}
	var errs error
	parts := make([]Attribution, len(s.Parts))
	for i, p := range s.Parts {
		if r := componentOf(view, p.Key); r != nil {
			part, err := AttributeWith(p.Status, r, causes)
			parts[i], errs = part, errors.Join(errs, err)
		}
	}
	return AttributeComposite(s, parts, QuietMinutes), errs
}

// AttributeComposite makes the attribution of a composite of those of its components, in the order of s.Parts. It has no bad events, only shares:
// what a cause has spent of the composite's budget is the mean of what it has spent of each component's, by their weights. Spells of several
// components are one unless more than quiet minutes lie between them.
func AttributeComposite(s Status, parts []Attribution, quiet int64) Attribution {
	var out Attribution
	whole := newShares(s)
	type piece struct {
		part int
		Spell
	}
	var pieces []piece
	for i, a := range parts {
		for _, c := range a.Causes {
			whole.add(i, c)
		}
		for _, spell := range a.Spells {
			pieces = append(pieces, piece{i, spell})
		}
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(a.From, b.From) })
	var spending []*shares
	for _, p := range pieces {
		n := len(out.Spells) - 1
		if n < 0 || p.From-out.Spells[n].To > Minute(quiet)+1 {
			out.Spells, spending, n = append(out.Spells, Spell{From: p.From}), append(spending, newShares(s)), n+1
		}
		out.Spells[n].To = max(out.Spells[n].To, p.To)
		for _, c := range p.Spends {
			spending[n].add(p.part, c)
		}
	}
	for n := range out.Spells {
		out.Spells[n].Share, out.Spells[n].Spends = spending[n].result()
	}
	_, out.Causes = whole.result()
	out.needForNobody()
	return out
}

// shares adds up what causes have spent of a composite's budget.
type shares struct {
	status Status
	causes []Cause
	spent  []*big.Rat // by each, times the weight of all components
}

func newShares(s Status) *shares { return &shares{status: s} }

// add adds what a cause has spent of a component.
func (s *shares) add(part int, spend Spend) {
	p := s.status.Parts[part]
	if p.Status.Budget.Total <= 0 {
		return
	}
	share := new(big.Rat).SetFrac(product(spend.Bad, int64(One)), product(p.Status.Budget.Total, int64(p.Status.Objective.Budget())))
	share.Mul(share, new(big.Rat).SetInt64(int64(p.Weight)))
	i := slices.IndexFunc(s.causes, func(c Cause) bool {
		return c.Kind == spend.Kind && c.Ref == spend.Ref && c.Title == spend.Title && c.From.Equal(spend.From)
	})
	if i < 0 {
		s.causes, s.spent = append(s.causes, spend.Cause), append(s.spent, share)
		return
	}
	s.spent[i].Add(s.spent[i], share)
}

// result returns the share of all causes and that of each, the one that spent the most first.
func (s *shares) result() (all float64, spends []Spend) {
	weight := new(big.Rat)
	for _, p := range s.status.Parts {
		weight.Add(weight, new(big.Rat).SetInt64(int64(p.Weight)))
	}
	bound, sum := big.NewRat(1, postmortemShare), new(big.Rat)
	for i, c := range s.causes {
		share := s.spent[i].Quo(s.spent[i], weight)
		sum.Add(sum, share)
		f, _ := share.Float64()
		spends = append(spends, Spend{Cause: c, Share: f, NeedsPostmortem: c.Kind != ByCorrection && share.Cmp(bound) > 0})
	}
	slices.SortStableFunc(spends, func(a, b Spend) int { return cmp.Compare(b.Share, a.Share) })
	all, _ = sum.Float64()
	return all, spends
}
