package gate

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// release ends Code Red by its criteria. The budgets that are spent are excused; see [State.Excused].
func (m *machine) release() {
	c := m.in.Command
	excused := []Excused{}
	for _, w := range m.in.Watched {
		if w.Freezes && w.Spent {
			excused = append(excused, Excused{Objective: w.Objective, Remaining: w.Remaining})
		}
	}
	told := len(m.events)
	if m.in.Thaw.For > 0 {
		m.enter(Thawing, EnteredThawing, c.Reason, m.figures())
	} else {
		m.settle(c.Reason)
	}
	for i := range m.events[told:] {
		m.events[told+i].By, m.events[told+i].Reason = c.By, "the exit criteria are met: "+c.Reason
	}
	m.Excused = excused
	m.forgive()
}

// forgive takes the excuse from budgets that are back above the threshold, so that spending them again is Code Red again, and from those that
// have lost as much again, which is Code Red at once.
func (m *machine) forgive() {
	m.Excused = slices.DeleteFunc(slices.Clone(m.Excused), func(e Excused) bool {
		i := slices.IndexFunc(m.in.Watched, func(w Watched) bool { return w.Objective == e.Objective })
		return i >= 0 && (m.in.Watched[i].Remaining > m.in.Thaw.Above.Float() || !m.excuses(&m.in.Watched[i].Figures, m.in.Thaw.Above))
	})
	if len(m.Excused) == 0 {
		m.Excused = nil
	}
}

// plan files the action plan of a Code Red; a later one takes the place of the one before.
func (m *machine) plan(c *Command) {
	if m.Permits(m.in) != nil {
		return
	}
	plan := Plan{URL: c.Plan.URL, Text: c.Plan.Text, By: c.By, At: m.in.At}
	m.Plan = &plan
	m.event(Event{Kind: PlanFiled, By: c.By, Reason: plan.summary(), Plan: &plan})
}

// remind tells of each duty of a Code Red once, when it is overdue.
func (m *machine) remind() {
	if m.in.Response == nil {
		return
	}
	for _, d := range m.Duties(*m.in.Response, m.in.At) {
		if !d.Overdue || m.Reminded[d.Kind].Equal(d.Due) {
			continue
		}
		if m.Reminded = maps.Clone(m.Reminded); m.Reminded == nil {
			m.Reminded = map[DutyKind]time.Time{}
		}
		m.Reminded[d.Kind] = d.Due
		m.event(Event{Kind: DutyOverdue, Reason: fmt.Sprintf("%s was due at %s", d.Text, instant(d.Due))})
	}
}
