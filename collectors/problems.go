package collectors

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"plimsoll/slo"
)

// Problems returns, for each objective that has any, what keeps its events from being counted as its queries say: a bucket bound that a
// histogram does not have, series past a limit, combinations of labels past the cap of its children.
func (c *Collector) Problems() map[slo.Key][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	problems := map[slo.Key][]string{}
	for _, o := range c.table.Load().matcher.objectives {
		add := func(problem string) {
			if problem != "" && !slices.Contains(problems[o.key], problem) {
				problems[o.key] = append(problems[o.key], problem)
			}
		}
		for i := range o.terms {
			add(c.bounds.problem(&o.terms[i]))
		}
		add(c.refused[o].problem)
		full, long := o.groups.childless()
		if full > 0 {
			add(fmt.Sprintf("combinations of its labels that are counted only in the whole: %d; it has %d children, which is the limit",
				full, len(o.groups.known)-full-long))
		}
		if long > 0 {
			add(fmt.Sprintf("combinations of its labels that are counted only in the whole, because they are too long: %d", long))
		}
	}
	c.eachPart(func(s *series, o *objective) {
		custom := s.part.whole.custom.Load()
		if custom == nil || math.IsInf(s.part.bound, 1) || slices.Contains(*custom, s.part.bound) || len(problems[o.key]) > 0 {
			return
		}
		has := map[float64]bool{math.Inf(1): true}
		for _, bound := range *custom {
			has[bound] = true
		}
		name := strings.TrimSuffix(s.labels.Get(model.MetricNameLabel), bucketSuffix)
		problems[o.key] = append(problems[o.key], fmt.Sprintf("le=%q is not a bucket of the native histogram %s; %s", formatBound(s.part.bound), name, nearest(s.part.bound, has)))
	})
	return problems
}

// Notes returns, for each objective that is counted in a way that one should know about, what that is: buckets interpolated from a native
// histogram, or queries that are evaluated by their source.
func (c *Collector) Notes() map[slo.Key][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	notes := map[slo.Key][]string{}
	add := func(o *objective, note string) {
		if !slices.Contains(notes[o.key], note) {
			notes[o.key] = append(notes[o.key], note)
		}
	}
	for _, o := range c.table.Load().matcher.objectives {
		if o.evaluated {
			add(o, "approximate: its source evaluates the queries")
		}
	}
	c.eachPart(func(s *series, o *objective) {
		if !math.IsInf(s.part.bound, 1) && s.part.whole.interpolated.Load() {
			add(o, "interpolated: events under the bound are estimated from a native histogram")
		}
	})
	return notes
}

// eachPart calls f for each series that is part of a native histogram, and each objective that wants it.
func (c *Collector) eachPart(f func(*series, *objective)) {
	for _, s := range c.table.Load().slots {
		if s.part == nil || s.part.whole.classic.Load() {
			continue
		}
		for i := range s.wants {
			f(s, s.wants[i].objective)
		}
	}
}
