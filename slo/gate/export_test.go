package gate

import (
	"maps"
	"slices"
)

// ReasonsWithWords are the reasons that a decision can be told by.
func ReasonsWithWords() []Reason { return slices.Sorted(maps.Keys(whys)) }
