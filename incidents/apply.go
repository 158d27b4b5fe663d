package incidents

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// change is an incident while a command runs on it.
type change struct {
	Incident
	at      time.Time
	by      string
	entries []TimelineEntry
}

// Apply carries out cmd on behalf of by, and returns the incident as it is then and what was put on its timeline: at
// least one entry. The given incident is not changed. To declare, give an incident of which only Ref is set.
//
// Clocks of several machines disagree, and time never runs backwards within an incident: a command that comes before
// the last one is taken to come with it. Instants are kept in UTC to the microsecond, as PostgreSQL keeps them.
//
// A [Paired] command concerns two incidents and is carried out by [ApplyPair].
//
// Errors: [ErrNobody], [ErrPaired], [ErrNoMember], a *[StateError], or an *[InputError].
func Apply(i Incident, cmd Command, at time.Time, by string) (Incident, []TimelineEntry, error) {
	if by == "" {
		return i, nil, ErrNobody
	}
	if err := permit(i, cmd); err != nil {
		return i, nil, err
	}
	c := begin(i, at, by)
	if err := cmd.apply(&c); err != nil {
		return i, nil, err
	}
	c.Changed = c.at
	return c.Incident, c.entries, nil
}

// begin copies the incident for a command that comes at that time or, if that is before the last one, with it.
func begin(i Incident, at time.Time, by string) change {
	c := change{Incident: i.clone(), at: exact(at), by: by}
	if c.at.Before(i.Changed) {
		c.at = i.Changed
	}
	return c
}

func exact(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func count(n int) string { return strconv.Itoa(n) }

// record puts an entry on the timeline.
func (c *change) record(e TimelineEntry) {
	c.Entries++
	e.Number, e.Version, e.At, e.By = c.Entries, 1, c.at, c.by
	c.entries = append(c.entries, e)
}

func (d Declare) apply(c *change) error {
	title, err := checkText("title", d.Title, MaxTitle, true)
	if err != nil {
		return err
	}
	if strings.ContainsAny(title, "\r\n") {
		return &InputError{Field: "title", Found: title, Want: "one line"}
	}
	if d.Severity.Set() && !d.Severity.Valid() {
		return &InputError{Field: "severity", Found: count(int(d.Severity)), Want: "1 to 5, or none while nobody can tell"}
	}
	if d.Source == "" {
		return &InputError{Field: "source", Want: "where it was declared"}
	}
	c.Incident = Incident{
		Ref: c.Ref, Title: title, Severity: d.Severity, State: Declared, Source: d.Source, DedupKey: d.DedupKey,
		Services: slices.Clone(d.Services), Objectives: slices.Clone(d.Objectives), Roles: map[Role]string{},
		Times: Times{Declared: c.at, Detected: c.at}, Private: d.Private, Drill: d.Drill, Members: []string{c.by},
	}
	if err := c.normalise(); err != nil {
		return err
	}
	for event, at := range map[Event]time.Time{EventStarted: d.Started, EventDetected: d.Detected} {
		if !at.IsZero() {
			*c.Times.of(event) = exact(at)
		}
	}
	if err := c.Times.check(EventStarted); err != nil {
		return err
	}
	c.record(TimelineEntry{Kind: KindDeclared, Text: title, Became: d.Severity.String()})
	return nil
}

func (a Assign) apply(c *change) error {
	if !slices.Contains(Roles(), a.Role) {
		return &InputError{Field: "role", Found: string(a.Role), Want: "commander, operations, communications or scribe"}
	}
	to, err := checkText("to", a.To, MaxTitle, false)
	if err != nil {
		return err
	}
	if to == "" {
		to = c.by
	}
	if was := c.Roles[a.Role]; was == to {
		return &InputError{Field: "to", Found: to, Want: "somebody else: that is the " + a.Role.Title() + " already"}
	}
	if c.State == Declared && a.Role == Commander && to == c.by {
		_ = Acknowledge{}.apply(c) // never refused in this state
	}
	c.record(TimelineEntry{Kind: KindAssigned, Field: string(a.Role), Was: c.Roles[a.Role], Became: to})
	if c.Roles == nil {
		c.Roles = map[Role]string{}
	}
	c.Roles[a.Role] = to
	c.join(to)
	return nil
}

func (n Note) apply(c *change) error {
	text, err := checkText("text", n.Text, MaxText, true)
	if err != nil {
		return err
	}
	c.record(TimelineEntry{Kind: KindNote, Text: text})
	return nil
}

// maxNextIn bounds a promise: an incident that is silent for longer than a week has another severity.
const maxNextIn = 7 * 24 * time.Hour

func (u Update) apply(c *change) error {
	text, err := checkText("text", u.Text, MaxText, true)
	if err != nil {
		return err
	}
	if u.NextIn < 0 || u.NextIn > maxNextIn {
		return &InputError{Field: "next update", Found: u.NextIn.String(), Want: "between 0 and 7 days from now"}
	}
	e := TimelineEntry{Kind: KindUpdate, Text: text}
	c.LastUpdate, c.PromisedUpdate = c.at, time.Time{}
	if u.NextIn > 0 {
		c.PromisedUpdate = exact(c.at.Add(u.NextIn))
		e.Became = stamp(c.PromisedUpdate)
	}
	c.record(e)
	return nil
}

func (s SetSeverity) apply(c *change) error {
	reason, err := checkText("reason", s.Reason, MaxText, false)
	if err != nil {
		return err
	}
	if !s.Severity.Valid() {
		return &InputError{Field: "severity", Found: count(int(s.Severity)), Want: "1 to 5"}
	}
	if s.Severity == c.Severity {
		return &InputError{Field: "severity", Found: s.Severity.String(), Want: "another: that is its severity already"}
	}
	c.record(TimelineEntry{Kind: KindSeverity, Was: c.Severity.String(), Became: s.Severity.String(), Text: reason})
	c.Severity, c.PromisedUpdate = s.Severity, time.Time{}
	return nil
}

func (s SetTime) apply(c *change) error {
	if !slices.Contains(Events(), s.Event) {
		return &InputError{Field: "event", Found: string(s.Event), Want: "started, detected, declared, acknowledged, mitigated or resolved"}
	}
	was, at := c.Times.of(s.Event), exact(s.At)
	switch {
	case s.At.IsZero():
		return &InputError{Field: string(s.Event), Want: "a time"}
	case was.IsZero() && s.Event != EventStarted:
		return &InputError{Field: "event", Found: string(s.Event), Want: "one that has happened: it has not been " + string(s.Event)}
	case at.After(c.at):
		return &InputError{Field: string(s.Event), Found: stamp(at), Want: "a time that is not in the future"}
	}
	e := TimelineEntry{Kind: KindTime, Field: string(s.Event), Became: stamp(at)}
	if !was.IsZero() {
		e.Was = stamp(*was)
	}
	*was = at
	if err := c.Times.check(s.Event); err != nil {
		return err
	}
	c.record(e)
	return nil
}
