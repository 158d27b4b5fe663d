package report

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/slo/gate"
)

// freezes replays the events of a service's freezes and returns the spells within a period in which releases were
// frozen, by a spent budget or by hand, sorted by environment and time.
func freezes(events []gate.Event, service string, p period) []Freeze {
	of := map[string][]gate.Event{}
	for _, e := range events {
		if e.Service == service && p.reaches(e.At) {
			of[e.Environment] = append(of[e.Environment], e)
		}
	}
	spells := []Freeze{}
	for environment, list := range of {
		slices.SortStableFunc(list, func(a, b gate.Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
		spells = append(spells, replay(list, environment, p)...)
	}
	slices.SortFunc(spells, func(a, b Freeze) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), a.From.Compare(b.From))
	})
	return spells
}

// replay walks through the events of one environment. Between two events the freeze changes only where what was done
// by hand ends.
func replay(events []gate.Event, environment string, p period) []Freeze {
	var spells []Freeze
	var state gate.State
	var why [2]string // the reason of a Code Red and of a freeze by hand
	add := func(a, b time.Time) {
		// What began at the very instant of asking has lasted for no time yet, and is told all the same.
		if !state.Frozen(a) || !a.Before(b) && !a.Equal(p.until) {
			return
		}
		f := Freeze{Environment: environment, From: a, Until: b, Since: a.UTC(), Reason: why[0]}
		if m := state.Manual; m != nil && a.Before(m.Until) {
			f.Reason = why[1]
		}
		if n := len(spells); n > 0 && spells[n-1].Until.Equal(a) {
			last := &spells[n-1]
			if last.Reason == f.Reason {
				last.Until = b
				return
			}
			f.Since = last.Since
		}
		spells = append(spells, f)
	}
	for i, e := range events {
		state = after(state, e)
		switch e.Kind {
		case gate.EnteredCodeRed:
			why[0] = e.Reason
		case gate.Frozen:
			why[1] = e.Reason
		}
		next := p.until
		if i+1 < len(events) {
			next = events[i+1].At
		}
		begin := e.At
		if m := state.Manual; m != nil && m.Until.After(begin) && m.Until.Before(next) {
			add(begin, m.Until)
			begin = m.Until
		}
		add(begin, next)
	}
	spells = slices.DeleteFunc(spells, func(f Freeze) bool { return !f.Until.After(p.from) && !f.Until.Equal(p.until) })
	for i := range spells {
		s := &spells[i]
		s.From, s.Until = latest(s.From, p.from).UTC(), s.Until.UTC()
		s.Seconds = int64(s.Until.Sub(s.From) / time.Second)
		s.Ongoing = s.Until.Equal(p.until) && state.Frozen(p.until)
	}
	return spells
}

// after is the state that an event leads to.
func after(s gate.State, e gate.Event) gate.State {
	s.Phase = e.To
	switch e.Kind {
	case gate.Frozen, gate.Thawed:
		kind := gate.FreezeByHand
		if e.Kind == gate.Thawed {
			kind = gate.ThawByHand
		}
		s.Manual = &gate.Manual{Kind: kind, At: e.At}
		if e.Until != nil {
			s.Manual.Until = *e.Until
		}
	case gate.ManualEnded:
		s.Manual = nil
	}
	return s
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
