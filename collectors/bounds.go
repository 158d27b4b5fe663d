package collectors

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// bounds are those of the classic buckets that each target has where a selector asks for one.
type bounds map[*term]map[targetName]map[float64]bool

// note takes down the bound of a bucket for the selectors that ask for one of its histogram.
func (b bounds) note(m *matcher, source string, ls labels.Labels) {
	if !ls.Has(model.BucketLabel) {
		return
	}
	bound, err := strconv.ParseFloat(ls.Get(model.BucketLabel), 64)
	if err != nil {
		return
	}
	for _, r := range m.byName[ls.Get(model.MetricNameLabel)] {
		if _, one := r.term.bound(); !one || r.objective.source != source || !r.term.matchesBut(ls, model.BucketLabel) {
			continue
		}
		if b[r.term] == nil {
			b[r.term] = map[targetName]map[float64]bool{}
		}
		at, target := b[r.term], targetName{source, ls.Get(model.JobLabel), ls.Get(model.InstanceLabel)}
		if at[target] == nil {
			at[target] = map[float64]bool{}
		}
		at[target][bound] = true
	}
}

// problem returns what is wrong with the buckets that a term asks for, or nothing. It is known once a histogram has been seen whole.
func (b bounds) problem(t *term) string {
	want, one := t.bound()
	if !one {
		return ""
	}
	var lacking []targetName
	for target, seen := range b[t] {
		if seen[math.Inf(1)] && !seen[want] {
			lacking = append(lacking, target)
		}
	}
	if len(lacking) == 0 {
		return ""
	}
	first := slices.MinFunc(lacking, targetName.compare)
	others := ""
	if n := len(lacking) - 1; n > 0 {
		others = fmt.Sprintf(" (and at others: %d)", n)
	}
	return fmt.Sprintf("le=%q is not a bucket of %s at job %q, instance %q%s; %s",
		formatBound(want), t.name, first.job, first.instance, others, nearest(want, b[t][first]))
}

func (n targetName) compare(other targetName) int {
	return cmp.Or(cmp.Compare(n.source, other.source), cmp.Compare(n.job, other.job), cmp.Compare(n.instance, other.instance))
}

// nearest names the bounds on both sides of one that is not there.
func nearest(want float64, has map[float64]bool) string {
	below, above := math.Inf(-1), math.Inf(1)
	for bound := range has {
		if bound < want {
			below = max(below, bound)
		} else {
			above = min(above, bound)
		}
	}
	if math.IsInf(below, -1) {
		return fmt.Sprintf("the nearest is %q", formatBound(above))
	}
	return fmt.Sprintf("the nearest are %q and %q", formatBound(below), formatBound(above))
}

// forget drops what was noted of targets that are gone.
func (b bounds) forget(gone func(targetName) bool) {
	for _, at := range b {
		maps.DeleteFunc(at, func(n targetName, _ map[float64]bool) bool { return gone(n) })
	}
}
