package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

func divided(most int) *slo.Objective {
	o := promise(990e6)
	o.Name, o.Service = "availability", "video"
	o.Indicator.GroupBy, o.MaxChildren = []string{"route", "zone"}, most
	return o
}

const (
	videos  = `{route="/videos", zone="a\"}{"}`
	upload  = `{route="/upload", zone=""}`
	another = `{route="/another", zone="b"}`
)

func (c *clocked) add(group string) error {
	c.Helper()
	ref, err := c.l.AddChild(ledger.Child(divided(2), group))
	if err == nil {
		at := c.now.UnixMilli()
		c.l.Commit(&ledger.Batch{Increments: []ledger.Increment{{Objective: ref, From: at, To: at, Good: 9, Total: 10}}})
	}
	return err
}

func (c *clocked) children(what string, want ...string) {
	c.Helper()
	var got, listed []string
	for _, o := range c.l.Children("video/availability") {
		got = append(got, o.Group)
		if o.Parent != "video/availability" || o.Key != o.Parent+slo.Key(o.Group) || o.Target != divided(0).Target || o.Service != "video" {
			c.Errorf("%s: child %+v", what, o)
		}
	}
	for _, s := range c.l.Statuses(c.now) {
		if s.Objective.Parent != "" && s.Window.Total == 10 {
			listed = append(listed, s.Objective.Group)
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(listed, want) {
		c.Errorf("%s: children %q, with events %q, want %q", what, got, listed, want)
	}
}

func TestChildren(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	if err := c.add(videos); !errors.Is(err, ledger.ErrNoParent) {
		t.Errorf("a child without a parent: %v", err)
	}
	c.l.SetObjectives([]*slo.Objective{divided(2), objective("video/plain")})
	for _, group := range []string{videos, upload} {
		if err := c.add(group); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.add(another); !errors.Is(err, ledger.ErrTooManyChildren) || c.l.Refusals().Children != 1 {
		t.Errorf("a child too many: %v, %+v", err, c.l.Refusals())
	}
	again, err := c.l.AddChild(ledger.Child(divided(2), videos))
	if ref, _ := c.l.Ref("video/availability" + videos); err != nil || again != ref {
		t.Errorf("added again: %v, %v", again, err)
	}
	c.children("added", upload, videos)
	c.save()
	c.restart()
	c.children("before the objectives are read")
	c.l.SetObjectives([]*slo.Objective{divided(2)})
	c.children("after a restart", upload, videos)

	c.l.SetObjectives([]*slo.Objective{objective("video/plain")})
	c.children("without their parent")
	grouped := divided(2)
	grouped.Indicator.GroupBy = []string{"route"}
	c.l.SetObjectives([]*slo.Objective{grouped})
	c.children("divided by other labels")
	c.l.SetObjectives([]*slo.Objective{divided(1)})
	if got := len(c.l.Children("video/availability")); got != 1 {
		t.Errorf("%d children, 1 is allowed", got)
	}
	c.l.SetObjectives([]*slo.Objective{divided(2)})
	c.children("divided as before", upload, videos)

	follower := ledger.New(ledger.Config{})
	follower.SetObjectives([]*slo.Objective{divided(2)})
	for key := range c.store.objectives {
		if err := follower.ApplyObjective(c.store.state(key)); err != nil {
			t.Fatal(err)
		}
	}
	leader := c.l
	c.l = follower
	c.children("of a follower", upload, videos)
	c.l = leader

	c.now = c.now.Add(50 * 24 * time.Hour)
	ref, _ := c.l.Ref("video/availability")
	c.l.Commit(&ledger.Batch{Observations: []ledger.Observation{{Objective: ref, At: c.now.UnixMilli()}}})
	changed := c.l.Changed()
	c.save()
	select {
	case <-changed:
	default:
		t.Error("nobody is told that children have ended")
	}
	c.children("when their events have left the retention")
	if err := follower.ApplyObjective(c.store.state("video/availability")); err != nil {
		t.Fatal(err)
	}
	follower.Expire()
	c.l = follower
	c.children("of a follower, when their events have left the retention")
	c.l = leader
	if err := c.add(another); err != nil {
		t.Errorf("their places are not free: %v", err)
	}
	c.children("a new one", another)
}

// A key that no store has room for would keep every checkpoint from being saved.
func TestChildOfALongKey(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	c.l.SetObjectives([]*slo.Objective{divided(2)})
	for n, want := range map[int]error{1900: nil, 2000: ledger.ErrLongKey} {
		if err := c.add(`{route="` + strings.Repeat("x", n) + `", zone=""}`); !errors.Is(err, want) {
			t.Errorf("labels of %d bytes: %v, want %v", n, err, want)
		}
	}
}
