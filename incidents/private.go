package incidents

import (
	"fmt"
	"slices"
)

// Viewer is somebody who reads incidents. The zero one is an outsider, who sees what everybody may see.
type Viewer struct {
	Subject string
	System  bool // Plimsoll's own work; sees everything
}

// VisibleTo reports whether the viewer may know that the incident exists. It is the one rule about that: an incident is
// for everybody unless it is private, and then for its members only, whatever else the viewer may do.
func (i Incident) VisibleTo(v Viewer) bool {
	return !i.Private || v.System || v.Subject != "" && slices.Contains(i.Members, v.Subject)
}

// join makes somebody a member.
func (c *change) join(who string) {
	if at, found := slices.BinarySearch(c.Members, who); !found {
		c.Members = slices.Insert(c.Members, at, who)
	}
}

// Invite makes somebody a member, so that they see the incident while it is private. Only a member may, also while it is for
// everybody: otherwise anybody could see to it that they go on reading.
type Invite struct{ Who string }

// Verb is "invite".
func (Invite) Verb() string { return "invite" }

func (v Invite) apply(c *change) error {
	who, err := checkText("who", v.Who, MaxTitle, true)
	if err != nil {
		return err
	}
	if !slices.Contains(c.Members, c.by) {
		return fmt.Errorf("%w; %s cannot invite", ErrNoMember, c.by)
	}
	if slices.Contains(c.Members, who) {
		return &InputError{Field: "who", Found: who, Want: "somebody who is not a member yet"}
	}
	c.join(who)
	c.record(TimelineEntry{Kind: KindInvited, Became: who})
	return nil
}

// SetPrivate makes the incident one for its members only, or one for everybody. Only a member may: what everybody sees is not
// hidden by somebody who has no part in it.
type SetPrivate struct{ Private bool }

// Verb is "change privacy".
func (SetPrivate) Verb() string { return "change privacy" }

func (p SetPrivate) apply(c *change) error {
	if c.Private == p.Private {
		return &InputError{Field: "private", Found: privacy(p.Private), Want: "a change: that is what it is already"}
	}
	if !slices.Contains(c.Members, c.by) {
		return fmt.Errorf("%w; %s cannot make it %s", ErrNoMember, c.by, privacy(p.Private))
	}
	c.record(TimelineEntry{Kind: KindPrivacy, Was: privacy(c.Private), Became: privacy(p.Private)})
	c.Private = p.Private
	return nil
}

func privacy(private bool) string {
	if private {
		return "private"
	}
	return "public"
}
