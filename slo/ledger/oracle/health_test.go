package oracle_test

import (
	"fmt"
	"maps"
	"slices"
)

// up is the metric by which a scrape says whether it succeeded.
const up = "up"

// jobs are those of the processes, by instance. The job shop is named like a service, by which it belongs to that.
var jobs = map[string]string{"a": "shop", "b": "web", "c": "agent", "d": "shop"}

// health is what is known of the targets, by instance: what the rules of package collectors on observed minutes are about.
type health struct {
	targets map[string]*watched
	saved   map[string]goodScrape // of every target that was ever scraped well: its last two, which outlive a restart
	fed     map[feed]bool
	noted   map[series]int64 // the minute that a series last observed by itself
	sweeps  int64            // when targets are forgotten next
}

// feed is that a target has had a counted series of an objective. It belongs to the selectors of that.
type feed struct {
	objective string
	instance  string
}

// watched is a target in memory.
type watched struct {
	heard      int64 // newest health sample, good or bad
	last, prev scrape
	failed     bool // the newest scrape failed, or is not known
	fed        int64
}

// scrape is a good scrape: when, and what was looked for in it, as far as that is known.
type scrape struct {
	t         int64
	soughtFor []string
}

type goodScrape struct{ last, prev scrape }

func newHealth() health {
	return health{targets: map[string]*watched{}, saved: map[string]goodScrape{}, fed: map[feed]bool{}, noted: map[series]int64{}}
}

// boot forgets what only is in memory.
func (h *health) boot(now int64) {
	clear(h.targets)
	clear(h.noted)
	h.sweeps = now + hour
}

// meet makes a target known, as far as it is remembered: what was looked for in its scrapes only if it is the same as now.
func (h *health) meet(instance string, selectors []string) {
	if h.targets[instance] != nil {
		return
	}
	t := &watched{failed: true}
	if s, ok := h.saved[instance]; ok {
		known := slices.Equal(s.last.soughtFor, selectors)
		t.last, t.prev, t.heard = scrape{t: s.last.t}, scrape{t: s.prev.t}, s.last.t
		if known {
			t.last.soughtFor, t.prev.soughtFor = selectors, selectors
		}
	}
	h.targets[instance] = t
}

// before returns the last good scrape before an instant, of the two that are remembered.
func (h *health) before(instance string, at int64) scrape {
	t := h.targets[instance]
	switch {
	case t.last.t < at:
		return t.last
	case t.prev.t < at:
		return t.prev
	}
	return scrape{}
}

// sweep forgets, once an hour, what has had no sample for an hour.
func (h *health) sweep(now int64, last map[series]counted, saw func(class)) {
	if now < h.sweeps {
		return
	}
	h.sweeps = now + hour
	maps.DeleteFunc(h.targets, func(_ string, t *watched) bool {
		gone := t.heard < now-hour && t.fed < now-hour
		if gone && t.last.t > 0 {
			saw(sawForgotten)
		}
		return gone
	})
	maps.DeleteFunc(h.noted, func(s series, _ int64) bool { return h.targets[s.instance] == nil || last[s].t < now-hour })
}

// identified returns promises with their ids, which name the selectors of an objective: on those it depends who feeds it.
func identified(promises []promise) []promise {
	promises = slices.Clone(promises)
	for i := range promises {
		p := &promises[i]
		p.id = string(p.key)
		for _, t := range p.terms {
			p.id += fmt.Sprintf(" %s %d %d", t.text, t.good, t.total)
		}
	}
	return promises
}

// attend notes that the target of a counted sample feeds what wants it. A target that reports no health observes the minutes of its samples.
func (c *committed) attend(wants []promise, s raw) {
	t := c.health.targets[s.series.instance]
	t.fed = max(t.fed, s.t)
	for _, p := range wants {
		c.health.fed[feed{p.id, s.series.instance}] = true
	}
	if minute := floor(s.t, 60_000); t.heard == 0 && c.health.noted[s.series] != minute {
		c.health.noted[s.series] = minute
		for _, p := range wants {
			c.observe(p, s.t, s.t)
		}
	}
}

// hear takes note of a target's health.
func (c *committed) hear(s raw) {
	t := c.health.targets[s.series.instance]
	if s.t < c.tx.now-horizon.Milliseconds() || s.t > c.tx.now+10*60_000 || s.t <= t.heard {
		return
	}
	t.heard = s.t
	if s.v != 1 {
		c.saw(sawDown)
		t.failed = true
		return
	}
	c.saw(sawUp)
	from := s.t
	if !t.failed && t.last.t > 0 && s.t-t.last.t <= 2*60_000 {
		from = t.last.t
	}
	t.prev, t.last, t.failed = t.last, scrape{s.t, c.sought}, false
	c.health.saved[s.series.instance] = goodScrape{t.last, t.prev}
	for _, p := range c.wanted {
		switch {
		case c.health.fed[feed{p.id, s.series.instance}]:
			c.observe(p, from, s.t)
		case c.orphan(p, floor(s.t, 60_000)) && c.standsIn(s.series.instance, p):
			c.saw(sawStandIn)
			c.observe(p, from, s.t)
		}
	}
}

// orphan reports whether no target that feeds an objective is known in a minute.
func (c *committed) orphan(p promise, minute int64) bool {
	for instance, t := range c.health.targets {
		if c.health.fed[feed{p.id, instance}] && t.heard >= minute*60_000-5*60_000 {
			return false
		}
	}
	return true
}

// standsIn decides whether a target observes minutes for an objective of which no feeder is known: another instance of a job that has fed it, or,
// if nothing ever has, whatever belongs to its service.
func (c *committed) standsIn(instance string, p promise) bool {
	admitted := slices.ContainsFunc(p.terms, func(t term) bool { return t.instance == "" || t.instance == instance })
	named := slices.ContainsFunc(p.terms, func(t term) bool { return t.instance == instance })
	ever, job := false, false
	for other := range jobs {
		if c.health.fed[feed{p.id, other}] {
			ever, job = true, job || jobs[other] == jobs[instance]
		}
	}
	switch {
	case !admitted:
		return false
	case ever:
		return job
	}
	return named || jobs[instance] == p.objective.Service || slices.ContainsFunc(c.wanted, func(other promise) bool {
		return other.objective.Service == p.objective.Service && c.health.fed[feed{other.id, instance}]
	})
}
