package failure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Analysis is what follows from a tree.
type Analysis struct {
	// CutSets are the minimal ones, the smallest first.
	CutSets []CutSet
	// SinglePoints are the events that bring the top event about alone.
	SinglePoints []string
	// Probability of the top event, exact.
	Probability float64
	// RareEvents is the sum of the probabilities of the minimal cut sets: an upper bound that is close where all are small.
	RareEvents float64
	// Events by their importance, the most important first.
	Events []Importance
}

// Importance says how much an event matters. Source: NUREG-0492, chapter XI.
type Importance struct {
	Event       string
	Probability float64
	// Birnbaum is how much more likely the top event is when this one happens than when it cannot: ∂P(top)/∂P(event).
	Birnbaum float64
	// FussellVesely is the share of the top event's probability to which the event contributes: the probability that a minimal cut set
	// with the event has happened, divided by that of the top event. 0 where the top event is impossible.
	FussellVesely float64
}

// Analyse computes everything about a tree. It is exact, and refuses a tree that is too large for that.
func (t *Tree) Analyse() (*Analysis, error) {
	for name, e := range t.Events {
		if e.Objective != "" && !e.measured {
			return nil, fmt.Errorf("%w: events.%s.objective: %s is not measured yet", ErrInvalidTree, name, e.Objective)
		}
	}
	sets, err := t.CutSets()
	if err != nil {
		return nil, err
	}
	order := t.order()
	index, p := map[string]int{}, make([]float64, len(order))
	for i, name := range order {
		index[name], p[i] = i, t.Events[name].Probability
	}
	d := newDiagram()
	root, err := d.build(t, index, map[string]int32{}, t.Top)
	if err != nil {
		return nil, err
	}
	a := &Analysis{CutSets: sets, Probability: d.probability(root, p)}
	for _, s := range sets {
		if len(s) == 1 {
			a.SinglePoints = append(a.SinglePoints, s[0])
		}
		a.RareEvents += product(s, index, p)
	}
	for i, name := range order {
		a.Events = append(a.Events, Importance{
			Event: name, Probability: p[i], Birnbaum: d.birnbaum(root, p, i), FussellVesely: d.fussellVesely(sets, index, p, name, a.Probability),
		})
	}
	slices.SortStableFunc(a.Events, func(x, y Importance) int {
		return cmp.Or(cmp.Compare(y.FussellVesely, x.FussellVesely), cmp.Compare(y.Birnbaum, x.Birnbaum), cmp.Compare(x.Event, y.Event))
	})
	return a, nil
}

func product(s CutSet, index map[string]int, p []float64) float64 {
	all := 1.0
	for _, name := range s {
		all *= p[index[name]]
	}
	return all
}

func (d *diagram) birnbaum(root int32, p []float64, event int) float64 {
	q := slices.Clone(p)
	q[event] = 1
	with := d.probability(root, q)
	q[event] = 0
	return with - d.probability(root, q)
}

func (d *diagram) fussellVesely(sets []CutSet, index map[string]int, p []float64, event string, top float64) float64 {
	if top == 0 {
		return 0
	}
	any := int32(0)
	for _, s := range sets {
		if !slices.Contains(s, event) {
			continue
		}
		all := int32(1)
		for _, name := range s {
			all = d.choose(all, d.vertex(int32(index[name]), 0, 1), 0)
		}
		any = d.choose(any, 1, all)
	}
	return math.Min(1, d.probability(any, p)/top)
}
