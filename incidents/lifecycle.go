package incidents

import (
	"slices"
	"time"
)

// State is where an incident stands in its lifecycle.
type State string

const (
	Declared     State = "declared"     // somebody says that it is an incident
	Acknowledged State = "acknowledged" // somebody works on it
	Mitigated    State = "mitigated"    // customers no longer notice it
	Resolved     State = "resolved"     // its cause is gone or contained
	Closed       State = "closed"       // nothing is left to do or to learn
	Cancelled    State = "cancelled"    // it was none
	Merged       State = "merged"       // it was a part of another, and goes on there
)

// States returns all states in the order of the lifecycle.
func States() []State {
	return []State{Declared, Acknowledged, Mitigated, Resolved, Closed, Cancelled, Merged}
}

// Open reports whether responders are, or should be, at work.
func (s State) Open() bool { return s == Declared || s == Acknowledged || s == Mitigated }

// live are the states in which an incident may still turn into anything.
func live() []State { return []State{Declared, Acknowledged, Mitigated, Resolved} }

// permitted says in which states a command is possible. Declare is possible only before there is a state.
var permitted = map[string][]State{
	"acknowledge":  {Declared},
	"assign":       live(),
	"update":       live(),
	"set severity": live(),
	"set time":     {Declared, Acknowledged, Mitigated, Resolved, Closed},
	"mitigate":     {Declared, Acknowledged},
	"resolve":      {Declared, Acknowledged, Mitigated},
	"reopen":       {Mitigated, Resolved, Cancelled, Merged},
	"close":        {Resolved},
	"cancel":       {Declared, Acknowledged},
	"merge":        live(),

	"change impact":  {Declared, Acknowledged, Mitigated, Resolved, Closed},
	"add task":       live(),
	"finish task":    {Declared, Acknowledged, Mitigated, Resolved, Closed, Cancelled},
	"draft message":  live(),
	"decide message": live(),

	"note": States(), "pin": States(), "record event": States(), "record delivery": States(),
	"link": States(), "invite": States(), "change privacy": States(),
}

// steps are the verbs that lead to another state, sorted.
var steps = []string{"acknowledge", "cancel", "close", "merge", "mitigate", "reopen", "resolve"}

// possible returns the steps that a state allows.
func possible(s State) []string {
	return slices.DeleteFunc(slices.Clone(steps), func(verb string) bool { return !slices.Contains(permitted[verb], s) })
}

func permit(i Incident, cmd Command) error {
	if _, declare := cmd.(Declare); declare && i.State == "" {
		return nil
	}
	if slices.Contains(permitted[cmd.Verb()], i.State) {
		return nil
	}
	return &StateError{Ref: i.Ref, State: i.State, Verb: cmd.Verb(), Allowed: possible(i.State)}
}

func (Acknowledge) apply(c *change) error {
	c.State, c.Times.Acknowledged = Acknowledged, c.at
	c.record(TimelineEntry{Kind: KindAcknowledged})
	return nil
}

func (m Mitigate) apply(c *change) error {
	how, err := checkText("how", m.How, MaxText, false)
	if err != nil {
		return err
	}
	if c.State == Declared {
		_ = Acknowledge{}.apply(c)
	}
	c.State, c.Times.Mitigated = Mitigated, c.at
	c.record(TimelineEntry{Kind: KindMitigated, Text: how})
	return nil
}

func (r Resolve) apply(c *change) error {
	how, err := checkText("how", r.How, MaxText, false)
	if err != nil {
		return err
	}
	if c.State != Mitigated {
		_ = Mitigate{}.apply(c)
	}
	c.State, c.Times.Resolved = Resolved, c.at
	c.record(TimelineEntry{Kind: KindResolved, Text: how})
	return nil
}

func (r Reopen) apply(c *change) error {
	reason, err := checkText("reason", r.Reason, MaxText, true)
	if err != nil {
		return err
	}
	c.State = Acknowledged
	if c.Times.Acknowledged.IsZero() {
		c.State = Declared
	}
	c.Times.Mitigated, c.Times.Resolved, c.Times.Cancelled, c.Times.Merged = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	c.MergedInto = 0
	c.Reopened++
	c.record(TimelineEntry{Kind: KindReopened, Text: reason})
	return nil
}

func (Close) apply(c *change) error {
	c.State, c.Times.Closed = Closed, c.at
	c.record(TimelineEntry{Kind: KindClosed})
	return nil
}

func (x Cancel) apply(c *change) error {
	reason, err := checkText("reason", x.Reason, MaxText, true)
	if err != nil {
		return err
	}
	c.State, c.Times.Cancelled = Cancelled, c.at
	c.record(TimelineEntry{Kind: KindCancelled, Text: reason})
	return nil
}
