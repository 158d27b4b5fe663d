package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/slo"
)

// Watched is an objective whose budget moves the freeze.
type Watched struct {
	Figures
	Caution slo.Ratio // at or below this share of the budget: Caution
	Freezes bool      // a spent budget begins Code Red
}

// ThawRules say how a freeze ends.
type ThawRules struct {
	Above slo.Ratio     // every budget has to be above this share …
	After time.Duration // … for this long; then Thawing begins
	Every time.Duration // while thawing, one change in this time
	For   time.Duration // thawing lasts this long; 0 opens at once
	// Exit are the criteria by which a release manager may end Code Red before the budgets are back; none means that nobody may.
	Exit []Criterion
}

// Input is what the freeze machine sees at one instant.
type Input struct {
	At      time.Time
	Watched []Watched
	Thaw    ThawRules
	// MaxAge is how old the newest sample of an objective may be before its data is stale.
	MaxAge  time.Duration
	Command *Command
	// Response is how people respond to a Code Red; nil where nobody is asked to, as in shadow mode.
	Response *Response
}

// Transition moves a freeze to where it belongs at an instant, and tells what happened. It is the only way a State
// changes besides [State.Admit]. See the package comment for the diagram.
func Transition(s State, in Input) (State, []Event) {
	if s.Phase == "" {
		s.Phase = Open
	}
	m := machine{State: s, in: in}
	m.manual()
	m.forgive()
	if in.Command != nil && in.Command.Kind == ThawByCriteria && s.Permits(in) == nil {
		m.release()
	} else {
		m.phase()
	}
	m.remind()
	return m.State, m.events
}

type machine struct {
	State
	in     Input
	events []Event
}

func (m *machine) manual() {
	if m.Manual != nil && m.active(m.in.At) == nil {
		m.endManual("", fmt.Sprintf("the %s by hand of %s has ended: %s", m.Manual.Kind, m.Manual.By, m.Manual.Reason))
	}
	c := m.in.Command
	switch {
	case c == nil, c.Kind == ThawByCriteria:
		return
	case c.Kind == FilePlan:
		m.plan(c)
		return
	}
	manual := &Manual{Kind: c.Kind, By: c.By, Reason: c.Reason, At: m.in.At, Until: c.Until}
	switch {
	case c.Kind == FreezeByHand:
		if m.Manual != nil && m.Manual.Kind == FreezeByHand && m.Manual.Until.After(c.Until) {
			manual.Until = m.Manual.Until // nobody opens what another has frozen by freezing it
		}
		m.Manual = manual
		until := manual.Until
		m.event(Event{Kind: Frozen, By: c.By, Reason: c.Reason, Until: &until})
	case m.Manual != nil && m.Manual.Kind == FreezeByHand && m.Phase != CodeRed:
		// Only a person froze it; nothing is left to lift for the time to come.
		m.endManual(c.By, c.Reason)
	default:
		m.Manual = manual
		m.event(Event{Kind: Thawed, By: c.By, Reason: c.Reason, Until: &c.Until})
	}
}

func (m *machine) endManual(by, reason string) {
	m.Manual = nil
	m.event(Event{Kind: ManualEnded, By: by, Reason: reason})
}

func (m *machine) phase() {
	spent := m.spent()
	switch {
	case len(spent) > 0 && m.Phase != CodeRed:
		m.Cause, m.Freeze = nil, 0
		for _, f := range spent {
			m.Cause = append(m.Cause, f.Objective)
		}
		m.enter(CodeRed, EnteredCodeRed, "the budget is spent: "+sentence(spent), spent)
	case m.Phase == CodeRed:
		m.recover()
	case m.Phase == Thawing && m.in.At.Sub(m.Since) < m.in.Thaw.For:
	default:
		m.settle(fmt.Sprintf("changes went out one at a time for %s", slo.ShortDuration(m.in.Thaw.For)))
	}
}

// recover runs the hysteresis of Code Red. The time that budgets have been back is kept while data is stale, but no
// freeze ends without fresh data.
func (m *machine) recover() {
	if m.low(m.in.Thaw.Above) != nil {
		m.RecoveredAt = nil
		return
	}
	if !m.fresh() {
		return
	}
	if m.RecoveredAt == nil {
		at := m.in.At
		m.RecoveredAt = &at
	}
	if m.in.At.Sub(*m.RecoveredAt) < m.in.Thaw.After {
		return
	}
	reason := fmt.Sprintf("every budget has been above %s for %s", percent(m.in.Thaw.Above), slo.ShortDuration(m.in.Thaw.After))
	if m.in.Thaw.For > 0 {
		m.enter(Thawing, EnteredThawing, reason, m.figures())
		return
	}
	m.settle(reason)
}

// settle goes to Caution or Open by what is left of the budgets.
func (m *machine) settle(why string) {
	if low := m.cautious(); len(low) > 0 {
		if m.Phase != Caution {
			m.enter(Caution, EnteredCaution, "the budget is low: "+sentence(low), low)
		}
		return
	}
	if m.Phase == Open || !m.fresh() {
		return
	}
	if m.Phase == Caution {
		why = "every budget is above caution"
	}
	m.enter(Open, EnteredOpen, why, m.figures())
}

func (m *machine) enter(to Phase, kind EventKind, reason string, figures []Figures) {
	from := m.Phase
	m.Phase, m.Since, m.RecoveredAt, m.Admitted, m.Reminded = to, m.in.At, nil, nil, nil
	switch to {
	case CodeRed:
		m.Plan, m.Excused = nil, nil
	case Open:
		m.Plan = nil
	}
	m.event(Event{Kind: kind, From: from, Reason: reason, Objectives: figures})
}

func (m *machine) event(e Event) {
	e.At, e.Service, e.Environment, e.To = m.in.At, m.Service, m.Environment, m.Phase
	if e.From == "" {
		e.From = m.Phase
	}
	m.events = append(m.events, e)
}

// spent returns the objectives whose budgets are spent. What the ledger has counted is true however old it is.
func (m *machine) spent() (figures []Figures) {
	for _, w := range m.in.Watched {
		if w.Freezes && w.Spent && !m.excuses(&w.Figures, m.in.Thaw.Above) {
			figures = append(figures, w.Figures)
		}
	}
	return figures
}

func (m *machine) cautious() (figures []Figures) {
	for _, w := range m.in.Watched {
		if w.Spent || w.Remaining <= w.Caution.Float() && w.Caution > 0 && w.enough() {
			figures = append(figures, w.Figures)
		}
	}
	return figures
}

// low returns an objective that is not above a share of its budget, or nil.
func (m *machine) low(above slo.Ratio) *Watched {
	for i, w := range m.in.Watched {
		if w.Freezes && (w.Spent || w.Remaining <= above.Float() && w.enough()) {
			return &m.in.Watched[i]
		}
	}
	return nil
}

// fresh reports whether there is data, none of it stale.
func (m *machine) fresh() bool {
	return len(m.in.Watched) > 0 && !slices.ContainsFunc(m.in.Watched, m.stale)
}

func (m *machine) stale(w Watched) bool { return w.Figures.stale(m.in.At, m.in.MaxAge) }

// unproven returns the objectives on whose data no person may end Code Red: those whose data is stale. One that never had a sample spent
// nothing, so it stands in nobody's way; that freezes do not end by themselves while it is silent is another matter.
func (m *machine) unproven() (names []string) {
	heard := false
	for _, w := range m.in.Watched {
		if w.LastSample.IsZero() && w.Total == 0 {
			continue
		}
		if heard = true; m.stale(w) {
			names = append(names, w.Name)
		}
	}
	if !heard {
		names = []string{"any objective"}
	}
	return names
}

func (m *machine) figures() (figures []Figures) {
	for _, w := range m.in.Watched {
		figures = append(figures, w.Figures)
	}
	return figures
}

func sentence(figures []Figures) string {
	parts := make([]string, len(figures))
	for i, f := range figures {
		parts[i] = f.String()
	}
	return strings.Join(parts, "; ")
}
