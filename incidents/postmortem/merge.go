package postmortem

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Merge joins two changes that were made from the same text, so that two editors lose nothing: each section of the result is the one of
// whoever changed it. It returns the sections that both changed, and differently, by their names in the API; they are as in theirs.
func Merge(base, theirs, mine Content) (Content, []string) {
	b, t, m := members(base), members(theirs), members(mine)
	var conflicts []string
	for name := range m {
		if _, known := t[name]; !known {
			t[name] = nil
		}
	}
	for name := range b {
		if _, known := t[name]; !known {
			t[name] = nil
		}
	}
	for name, their := range t {
		was, my := string(b[name]), string(m[name])
		switch {
		case my == was || my == string(their): // I did not touch it, or both wrote the same
		case string(their) == was:
			t[name] = m[name]
		default:
			conflicts = append(conflicts, name)
		}
	}
	for name, value := range t {
		if value == nil {
			delete(t, name)
		}
	}
	var out Content
	whole, err := json.Marshal(t)
	if err == nil {
		err = json.Unmarshal(whole, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("sections of a postmortem do not survive JSON: %v", err)) // they came from it
	}
	slices.Sort(conflicts)
	return out, conflicts
}

// ConflictError is a change that another one stands in the way of.
type ConflictError struct {
	Version  int      // that the postmortem has
	From     int      // that the change was made from
	Sections []string // that both changed
}

// Error says what to look at.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("%v: it is at version %d, the change was made from version %d, and both changed %s; read it again and change that",
		ErrChanged, e.Version, e.From, strings.Join(e.Sections, ", "))
}

// Unwrap returns [ErrChanged].
func (e *ConflictError) Unwrap() error { return ErrChanged }

// members are the sections of a text or the fields of a record by name.
func members(v any) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		panic(fmt.Sprintf("a postmortem does not survive JSON: %v", err)) // every type of it does, and the tests hold that
	}
	return m
}

// differences names what differs between two versions of a record: fields, and the sections of its content. The number of the
// version and the time of the change always differ, and are no difference. The time at which facts were taken is none either.
func differences(a, b Record) []string {
	list := []string{}
	a.Facts.At = b.Facts.At
	x, y := members(a), members(b)
	for name, value := range y {
		if name != "version" && name != "changed" && name != "content" && string(x[name]) != string(value) {
			list = append(list, name)
		}
	}
	for name := range x {
		if _, still := y[name]; !still {
			list = append(list, name)
		}
	}
	p, q := members(a.Content), members(b.Content)
	for name, value := range q {
		if string(p[name]) != string(value) {
			list = append(list, "content."+name)
		}
	}
	for name := range p {
		if _, still := q[name]; !still {
			list = append(list, "content."+name)
		}
	}
	slices.Sort(list)
	return list
}
