package collectors

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/slo/ledger"
)

// maxQuiet is how far two good scrapes may lie apart for the minutes between them to count as observed.
const maxQuiet = 2 * time.Minute

// targetName identifies a target by its source and the labels that every series of it carries.
type targetName struct{ source, job, instance string }

// named reports whether there is a target of this name.
func (n targetName) named() bool { return n.job != "" || n.instance != "" }

// key is that of the target's cursor.
func (n targetName) key() string {
	if n.source == "" {
		return fmt.Sprintf("target %q %q", n.job, n.instance)
	}
	return fmt.Sprintf("target of %q %q %q", n.source, n.job, n.instance)
}

// scrape is a good scrape: when, and what was looked for in it.
type scrape struct {
	t       int64    // Unix milliseconds; 0 if there was none
	matcher *matcher // nil if that is not known
}

// target is where series come from.
type target struct {
	name       targetName
	labels     labels.Labels // of its health metric; empty until it was heard
	last, prev scrape
	heard      int64 // newest health sample, good or bad
	failed     bool  // the newest scrape failed
	fed        int64 // newest sample of a wanted series
	feeds      []*objective
	reminded   int64         // when the ledger was last reminded of feeds
	cursor     ledger.Cursor // T is the last scrape, Start the one before, Value the selectors' fingerprint then
}

// targetOf returns the target of a series, or nil if its labels name none.
func (c *Collector) targetOf(source string, ls labels.Labels) *target {
	name := targetName{source, ls.Get(model.JobLabel), ls.Get(model.InstanceLabel)}
	if !name.named() {
		return nil
	}
	if t, ok := c.targets[name]; ok {
		return t
	}
	t := &target{name: name}
	var known bool
	if t.cursor, known = c.recallTargetCursor(name); known {
		m := c.table.Load().matcher
		if m.print != t.cursor.Value {
			m = nil
		}
		t.last, t.prev = scrape{t.cursor.T, m}, scrape{t.cursor.Start, m}
		t.heard = t.cursor.T
	}
	// Whether it was scraped well all along while nobody listened is not known.
	t.failed = true
	c.targets[name] = t
	c.recallTarget(t)
	return t
}

// before returns the last good scrape before an instant, as far as it is remembered.
func (t *target) before(at int64) scrape {
	switch {
	case t == nil:
		return scrape{}
	case t.last.t < at:
		return t.last
	case t.prev.t < at:
		return t.prev
	default:
		return scrape{}
	}
}
