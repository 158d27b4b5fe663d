package api

import (
	"cmp"
	"slices"
)

// SortWorstFirst orders objectives by condition, then by what remains of the budget, then by key.
func SortWorstFirst(objectives []Objective) {
	slices.SortFunc(objectives, func(a, b Objective) int {
		return cmp.Or(
			cmp.Compare(a.Condition.Rank(), b.Condition.Rank()),
			cmp.Compare(a.Budget.Remaining, b.Budget.Remaining),
			cmp.Compare(a.Key, b.Key),
		)
	})
}
