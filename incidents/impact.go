package incidents

import (
	"slices"
	"strings"

	"plimsoll/slo"
)

// Impact says that more is affected than was thought, or less.
type Impact struct {
	Services   []string
	Objectives []slo.Key
	Remove     bool // they are not affected after all
}

// Verb is "change impact".
func (Impact) Verb() string { return "change impact" }

func (m Impact) apply(c *change) error {
	named := Incident{Services: slices.Clone(m.Services), Objectives: slices.Clone(m.Objectives)}
	if err := named.normalise(); err != nil {
		return err
	}
	if len(named.Services) == 0 {
		return &InputError{Field: "services", Want: "a service or an objective"}
	}
	was := c.affected()
	if m.Remove {
		c.Objectives = slices.DeleteFunc(c.Objectives, func(k slo.Key) bool { return slices.Contains(m.Objectives, k) })
		c.Services = slices.DeleteFunc(c.Services, func(s string) bool { return slices.Contains(m.Services, s) })
	} else {
		c.Services = append(c.Services, named.Services...)
		c.Objectives = append(c.Objectives, named.Objectives...)
	}
	if err := c.normalise(); err != nil { // a service stays as long as one of its objectives does
		return err
	}
	became := c.affected()
	if was == became {
		want := "something that is not affected yet"
		if m.Remove {
			want = "something that is affected; a service stays as long as one of its objectives does"
		}
		return &InputError{Field: "impact", Found: named.affected(), Want: want}
	}
	c.record(TimelineEntry{Kind: KindImpact, Was: was, Became: became})
	return nil
}

// affected lists the services and objectives that are affected, in words.
func (i Incident) affected() string {
	list := slices.Clone(i.Services)
	for _, key := range i.Objectives {
		list = append(list, string(key))
	}
	return strings.Join(list, ", ")
}
