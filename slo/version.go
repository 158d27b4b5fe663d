package slo

import (
	"sort"
	"time"
)

// Version is one definition of an objective, in force from an instant until the next version is.
type Version struct {
	Number    int // from 1
	From      time.Time
	Objective *Objective
}

// Versions are those of one objective, by From, ascending.
type Versions []Version

// At returns the version that was in force at an instant; before the first it is the first. False if there is none.
func (vs Versions) At(at time.Time) (Version, bool) {
	if len(vs) == 0 {
		return Version{}, false
	}
	n := sort.Search(len(vs), func(i int) bool { return vs[i].From.After(at) })
	return vs[max(0, n-1)], true
}
