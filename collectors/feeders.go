package collectors

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// maxUnheard is how long a target is known after its last health sample, as in a Prometheus query.
const maxUnheard = 5 * time.Minute

// serviceLabel is the label by which a target says which service it belongs to.
const serviceLabel = "service"

// feeders are the targets that have had a series of an objective. They belong to its definition: with other
// queries an objective has other feeders. What is remembered across restarts stands in cursors of which only the existence matters.
type feeders struct {
	id      string
	targets map[*target]bool // those in memory
	jobs    map[string]bool  // of all, as far as their jobs are in memory
	ever    bool
}

func feedersID(o *objective) string { return fmt.Sprintf("feeds %s %016x", o.key, o.query()) }

// query returns a hash of what is counted for an objective.
func (o *objective) query() uint64 {
	h := fnv.New64a()
	if o.source != "" {
		fmt.Fprintf(h, "%q", o.source)
	}
	for _, t := range o.terms {
		fmt.Fprintf(h, "%q%d%d", t.text, t.good, t.total)
	}
	return h.Sum64()
}

func (f *feeders) jobKey(job string) string { return fmt.Sprintf("%s %q", f.id, job) }

func (f *feeders) targetKey(n targetName) string {
	return fmt.Sprintf("%s %q %q", f.id, n.job, n.instance)
}

// recallFeeders returns what the ledger's cursors say about a new objective.
func (c *Collector) recallFeeders(o *objective) *feeders {
	f := &feeders{id: feedersID(o), targets: map[*target]bool{}, jobs: map[string]bool{}}
	_, f.ever = c.ledger.Cursor(f.id)
	for _, t := range c.targets {
		if t.name.source == o.source {
			c.recall(f, t)
		}
	}
	return f
}

// recallTarget finds the objectives that a new target fed before.
func (c *Collector) recallTarget(t *target) {
	for _, o := range c.table.Load().matcher.objectives {
		if o.source == t.name.source && c.recall(o.feeders, t) {
			t.feeds = append(t.feeds, o)
		}
	}
	c.orphansStale = true
}

func (c *Collector) recall(f *feeders, t *target) bool {
	if !f.ever {
		return false
	}
	if _, ok := c.ledger.Cursor(f.jobKey(t.name.job)); ok {
		f.jobs[t.name.job] = true
	}
	_, ok := c.ledger.Cursor(f.targetKey(t.name))
	if ok {
		f.targets[t] = true
	}
	return ok
}

// link records that the target of s feeds the objectives that want s.
func (c *Collector) link(s *series, at int64) {
	s.linked = true
	if s.target == nil {
		return
	}
	for _, w := range s.wants {
		f := w.objective.feeders
		if f.targets[s.target] {
			continue
		}
		job := s.target.name.job
		f.targets[s.target], f.jobs[job], f.ever = true, true, true
		s.target.feeds = append(s.target.feeds, w.objective)
		c.remember(f, s.target.name, at)
		c.orphansStale = true
	}
}

// remember writes that a target feeds an objective where a restart finds it.
func (c *Collector) remember(f *feeders, n targetName, at int64) {
	for _, key := range []string{f.id, f.jobKey(n.job), f.targetKey(n)} {
		c.batch.Cursors = append(c.batch.Cursors, &ledger.Cursor{Key: key, T: at})
	}
}

// remindEvery is how often that is written anew, because the ledger forgets cursors that stay where they are.
const remindEvery = 24 * time.Hour

// remind keeps the ledger from forgetting what a target feeds.
func (c *Collector) remind(t *target, at int64) {
	if at-t.reminded < remindEvery.Milliseconds() {
		return
	}
	t.reminded = at
	for _, o := range t.feeds {
		c.remember(o.feeders, t.name, at)
	}
}

// orphansAt returns the objectives that have no known feeder in a minute.
func (c *Collector) orphansAt(m slo.Minute) []*objective {
	if m == c.orphansMinute && !c.orphansStale {
		return c.orphans
	}
	oldest := m.Time().Add(-maxUnheard).UnixMilli()
	c.orphans = c.orphans[:0]
	for _, o := range c.table.Load().matcher.objectives {
		known := false
		for t := range o.feeders.targets {
			if known = t.heard >= oldest; known {
				break
			}
		}
		if !known {
			c.orphans = append(c.orphans, o)
		}
	}
	c.orphansMinute, c.orphansStale = m, false
	return c.orphans
}

// couldBeFedBy decides whether t stands in for the feeders of an objective of which none is known.
func (o *objective) couldBeFedBy(t *target) bool {
	if o.source != t.name.source {
		return false
	}
	admitted, named := false, false
	for i := range o.terms {
		a, n := o.terms[i].admits(t.labels)
		admitted, named = admitted || a, named || (a && n)
	}
	switch {
	case !admitted:
		return false
	case o.feeders.ever:
		return o.feeders.jobs[t.name.job]
	default:
		return named || t.labels.Get(serviceLabel) == o.service || t.name.job == o.service ||
			slices.ContainsFunc(t.feeds, func(other *objective) bool { return other.service == o.service })
	}
}

// admits reports whether a target with these labels can have series of the selector, and whether the selector names
// one of the labels. Labels that the target does not set are its series' own.
func (s *selector) admits(ls labels.Labels) (admitted, named bool) {
	for _, m := range s.matchers {
		if m.Name == model.MetricNameLabel || !ls.Has(m.Name) {
			continue
		}
		if !m.Matches(ls.Get(m.Name)) {
			return false, false
		}
		if m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp {
			named = true
		}
	}
	return true, named
}
