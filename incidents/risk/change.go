package risk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/nearest"
)

// FieldChange is what a change did to one field.
type FieldChange struct {
	Field  string `json:"field"`
	Was    string `json:"was,omitempty"`
	Became string `json:"became,omitempty"`
}

// Entry of an item's history: one version, who made it and why.
type Entry struct {
	Version int           `json:"version"`
	At      time.Time     `json:"at"`
	By      string        `json:"by"`
	Reason  string        `json:"reason,omitempty"`
	Changes []FieldChange `json:"changes"`
}

// Author is who makes a change, when, and why.
type Author struct {
	By     string
	At     time.Time
	Reason string // needed for accepting and reopening
}

// maxReason is in letters.
const maxReason = 1_000

func (a Author) check() error {
	if strings.TrimSpace(a.By) == "" {
		return ErrNobody
	}
	var c checks
	if c.text("reason", a.Reason, maxReason, false); len(c) > 0 {
		return &InvalidError{c}
	}
	return nil
}

func (a Author) entry(version int, changes []FieldChange) Entry {
	return Entry{Version: version, At: a.At.UTC(), By: a.By, Reason: a.Reason, Changes: changes}
}

// New returns the first version of an item, which is open.
func New(ref Ref, t Content, by Author) (Item, Entry, error) {
	if err := by.check(); err != nil {
		return Item{}, Entry{}, err
	}
	if err := t.Check(); err != nil {
		return Item{}, Entry{}, err
	}
	i := Item{Ref: ref, Version: 1, Content: t, State: Open, Created: by.At.UTC(), Changed: by.At.UTC()}
	changes := append(diff(Content{}, t), FieldChange{Field: "state", Became: string(Open)})
	return i, by.entry(1, changes), nil
}

// Edit replaces the content. Without a difference the item stays in its version, and there is no entry: changed is false.
func (i Item) Edit(t Content, by Author) (next Item, e Entry, changed bool, err error) {
	if err := by.check(); err != nil {
		return i, Entry{}, false, err
	}
	if err := t.Check(); err != nil {
		return i, Entry{}, false, err
	}
	changes := diff(i.Content, t)
	if len(changes) == 0 {
		return i, Entry{}, false, nil
	}
	i.Version, i.Content, i.Changed = i.Version+1, t, i.after(by)
	return i, by.entry(i.Version, changes), true, nil
}

// transitions are the states that follow each state.
var transitions = map[State][]State{
	Open:     {Planned, Accepted, Done},
	Planned:  {Open, Accepted, Done},
	Accepted: {Open},
	Done:     {Open},
}

// StateError is a state that does not follow that of the item.
type StateError struct {
	Ref      Ref
	From, To State
}

// Error says which states follow.
func (e *StateError) Error() string {
	var allowed []string
	for _, s := range transitions[e.From] {
		allowed = append(allowed, string(s))
	}
	return fmt.Sprintf("%s is %s, so it cannot become %s; possible are: %s", e.Ref, e.From, e.To, strings.Join(allowed, ", "))
}

// Move gives the item another state.
func (i Item) Move(to State, by Author) (Item, Entry, error) {
	if err := by.check(); err != nil {
		return i, Entry{}, err
	}
	if err := to.Check(); err != nil {
		return i, Entry{}, err
	}
	if !slices.Contains(transitions[i.State], to) {
		return i, Entry{}, &StateError{i.Ref, i.State, to}
	}
	if needsReason(i.State, to) && strings.TrimSpace(by.Reason) == "" {
		return i, Entry{}, &InvalidError{[]Problem{{"reason", "", "why the risk is " + string(to) + " from now on"}}}
	}
	change := FieldChange{"state", string(i.State), string(to)}
	i.Version, i.State, i.Changed = i.Version+1, to, i.after(by)
	return i, by.entry(i.Version, []FieldChange{change}), nil
}

// after is when a change is made, which is not before the last one: the clocks of two processes differ.
func (i Item) after(by Author) time.Time {
	if by.At.Before(i.Changed) {
		return i.Changed
	}
	return by.At.UTC()
}

// needsReason reports whether a step is one of those that somebody will ask about: a risk is left as it is, or is back.
func needsReason(from, to State) bool { return to == Accepted || !from.Live() }

// Check returns an [*InvalidError] for a state that is none.
func (s State) Check() error {
	if slices.Contains(States(), s) {
		return nil
	}
	var names []string
	for _, known := range States() {
		names = append(names, string(known))
	}
	return &InvalidError{[]Problem{{"state", string(s), "one of " + strings.Join(names, ", ") + nearest.Hint(string(s), names)}}}
}

// diff lists the fields that differ, in the order of the content.
func diff(a, b Content) []FieldChange {
	var out []FieldChange
	was, is := a.fields(), b.fields()
	for n := range was {
		if was[n].text != is[n].text {
			out = append(out, FieldChange{was[n].name, was[n].text, is[n].text})
		}
	}
	return out
}

type field struct{ name, text string }

// fields writes a content out; every content has the same fields.
func (t *Content) fields() []field {
	list := func(s []string) string { return strings.Join(s, ", ") }
	out := []field{{"title", t.Title}, {"description", t.Description}, {"owner", t.Owner}, {"services", list(t.Services)}}
	for _, s := range t.Scores.named() {
		out = append(out, field{"scores." + s.name, strconv.Itoa(s.value)})
	}
	var loss Loss
	if t.Loss != nil {
		loss = *t.Loss
	}
	var feature Feature
	if t.Displaces != nil {
		feature = *t.Displaces
	}
	return append(out,
		field{"cost.personDays", decimal(&t.Cost.PersonDays)}, field{"cost.people", strconv.Itoa(max(t.Cost.People, 1))},
		field{"cost.money", whole(t.Cost.Money, t.Cost.Money != nil)}, field{"currency", t.Currency},
		field{"loss.before", whole(&loss.Before, t.Loss != nil)}, field{"loss.after", whole(&loss.After, t.Loss != nil)},
		field{"loss.chance", decimal(loss.Chance)},
		field{"displaces.title", feature.Title}, field{"displaces.perWeek", whole(&feature.PerWeek, t.Displaces != nil)},
		field{"displaces.weeks", decimal(&feature.Weeks)},
		field{"links.incidents", list(t.Links.Incidents)}, field{"links.fmea", list(t.Links.FMEA)},
		field{"links.objectives", list(t.Links.Objectives)})
}

func decimal(f *float64) string {
	if f == nil || *f == 0 {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

func whole(m *Money, given bool) string {
	if !given {
		return ""
	}
	return strconv.FormatInt(int64(*m), 10)
}
