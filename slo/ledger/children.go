package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"plimsoll/slo"
)

// DefaultMaxChildren is how many children an objective may have that does not say so itself.
const DefaultMaxChildren = 100

var (
	// ErrTooManyChildren is returned when an objective has as many children as it may.
	ErrTooManyChildren = errors.New("the objective has as many children as it may have")
	// ErrNoParent is returned when a child's parent is not an objective.
	ErrNoParent = errors.New("the parent is not an objective that is divided by labels")
	// ErrLongKey is returned when the labels of a child are too long.
	ErrLongKey = fmt.Errorf("the key of an objective may have %d bytes", maxKey)
)

// maxKey is how many bytes a key may have. It is what an index of the store has room for, beside the key of something else: a longer one would
// keep every checkpoint from being saved.
const maxKey = 2000

// AddChild adds an objective that was found while counting: that of one combination of the labels by which its parent is divided, as
// [Child] makes it. It is listed and evaluated like all others, goes with its parent and ends when its last events leave the
// retention; after a restart it is made again from its key. Adding a child that is there already only returns its [Ref].
func (l *Ledger) AddChild(child *slo.Objective) (Ref, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.find(child.Key) != nil {
		return l.refs[child.Key], nil
	}
	parent := l.find(child.Parent)
	if parent == nil || len(parent.objective.Indicator.GroupBy) == 0 || child.Key != child.Parent+slo.Key(child.Group) {
		return 0, fmt.Errorf("add %s: %w", child.Key, ErrNoParent)
	}
	if len(child.Key) > maxKey {
		l.refusals.Children++
		return 0, fmt.Errorf("add %.100s…: %w", child.Key, ErrLongKey)
	}
	if most := parent.maxChildren(); parent.children >= most {
		l.refusals.Children++
		return 0, fmt.Errorf("add %s: %w: %d", child.Key, ErrTooManyChildren, most)
	}
	parent.children++
	l.setObjective(l.track(child.Key), child)
	l.sort()
	l.notify()
	return l.refs[child.Key], nil
}

// Children returns the children of an objective, sorted by key.
func (l *Ledger) Children(parent slo.Key) []*slo.Objective {
	l.mu.Lock()
	defer l.mu.Unlock()
	var children []*slo.Objective
	for _, t := range l.order {
		if t.objective.Parent == parent && parent != "" {
			children = append(children, t.objective)
		}
	}
	return children
}

// HasEvents reports whether the ledger keeps any events of a key. One that is only observed has none.
func (l *Ledger) HasEvents(key slo.Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ref, ok := l.refs[key]
	if !ok {
		return false
	}
	e := &l.tracks[ref].events
	return e.upToOpen(openHours, 0).Counts != e.start(0).Counts
}

// Child returns the objective of one group of a parent's events. It is like its parent but for its name.
func Child(parent *slo.Objective, group string) *slo.Objective {
	child := *parent
	child.Key, child.Name = parent.Key+slo.Key(group), parent.Name+group
	child.Parent, child.Group = parent.Key, group
	child.DisplayName = strings.TrimSpace(parent.DisplayName + " " + group)
	child.Indicator.GroupBy, child.MaxChildren = nil, 0
	return &child
}

// adopt makes t a child again if that is what its key says, its parent is an objective and has room for it.
func (l *Ledger) adopt(t *track) bool {
	key, group, divided := strings.Cut(string(t.key), "{")
	if !divided || t.objective != nil {
		return false
	}
	parent := l.find(slo.Key(key))
	if parent == nil || !divides(parent.objective, group) || parent.children >= parent.maxChildren() {
		return false
	}
	parent.children++
	l.setObjective(t, Child(parent.objective, "{"+group))
	return true
}

func (t *track) maxChildren() int { return cmp.Or(t.objective.MaxChildren, DefaultMaxChildren) }

// orphan ends a child that has no events any more.
func (l *Ledger) orphan(t *track) {
	l.find(t.objective.Parent).children--
	t.objective = nil
}

// divides reports whether a group, written without its first brace, is one of the labels by which o is divided.
func divides(o *slo.Objective, group string) bool {
	for i, label := range o.Indicator.GroupBy {
		if i > 0 {
			rest, ok := strings.CutPrefix(group, ",")
			if !ok {
				return false
			}
			group = strings.TrimPrefix(rest, " ")
		}
		value, ok := strings.CutPrefix(group, label+"=")
		if !ok {
			return false
		}
		quoted, err := strconv.QuotedPrefix(value)
		if err != nil {
			return false
		}
		group = value[len(quoted):]
	}
	return len(o.Indicator.GroupBy) > 0 && group == "}"
}
