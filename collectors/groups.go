package collectors

import (
	"errors"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// groups are the combinations of labels by which an objective is divided, as far as series with them are known.
type groups struct {
	parent *slo.Objective
	by     []string
	known  map[string]*group
}

// group is one combination. Its events are those of a child, if there is room for it.
type group struct {
	text  string // such as `{route="/videos"}`
	child ledger.Ref
	full  bool // there is no room for a child: the events are only the parent's
	long  bool // not because of their number, but because these labels are too long
}

func newGroups(o *slo.Objective) groups {
	return groups{parent: o, by: o.Indicator.GroupBy, known: map[string]*group{}}
}

// groupOf returns the group of o that a series belongs to, or nil if o is not divided. A label that the series does not have is empty.
func (c *Collector) groupOf(o *objective, ls labels.Labels) *group {
	if len(o.groups.by) == 0 {
		return nil
	}
	text := groupText(o.groups.by, ls)
	g := o.groups.known[text]
	if g == nil {
		g = &group{text: text}
		o.groups.known[text] = g
		c.addChild(o, g)
	}
	return g
}

// groupText writes labels as PromQL does, in the order of their names.
func groupText(by []string, ls labels.Labels) string {
	var b strings.Builder
	for i, name := range by {
		if b.WriteByte(','); i == 0 {
			b.Reset()
			b.WriteByte('{')
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(strconv.Quote(ls.Get(name)))
	}
	b.WriteByte('}')
	return b.String()
}

// addChild makes the child of a group, or makes it again after the ledger has ended it.
func (c *Collector) addChild(o *objective, g *group) {
	ref, err := c.ledger.AddChild(ledger.Child(o.groups.parent, g.text))
	g.child, g.full, g.long = ref, err != nil, errors.Is(err, ledger.ErrLongKey)
}

// recallChildren finds the children that have events, also those without a series in memory: they are observed like the whole. One without
// either is not, so that it ends: for as long as it is observed, the ledger keeps it.
func (c *Collector) recallChildren(o *objective) {
	clear(o.groups.known)
	if len(o.groups.by) == 0 {
		return
	}
	for _, child := range c.ledger.Children(o.key) {
		if ref, ok := c.ledger.Ref(child.Key); ok && c.ledger.HasEvents(child.Key) {
			o.groups.known[child.Group] = &group{text: child.Group, child: ref}
		}
	}
}

// renewChildren finds all groups anew: the ledger may have ended children, and others may take their place.
func (c *Collector) renewChildren() {
	for _, o := range c.table.Load().matcher.objectives {
		c.recallChildren(o)
	}
	for _, s := range c.table.Load().slots {
		for i := range s.wants {
			s.wants[i].group = c.groupOf(s.wants[i].objective, s.labels)
		}
	}
}

// childless returns how many groups there is no child for: because the parent has as many as it may, or because their labels are too long.
func (g *groups) childless() (full, long int) {
	for _, g := range g.known {
		switch {
		case g.long:
			long++
		case g.full:
			full++
		}
	}
	return full, long
}
