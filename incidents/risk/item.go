package risk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Ref is the number of an item, written RISK-7.
type Ref int64

// String writes the reference.
func (r Ref) String() string { return "RISK-" + strconv.FormatInt(int64(r), 10) }

// ParseRef reads RISK-7, risk-7 or 7.
func ParseRef(s string) (Ref, error) {
	digits := s
	if len(s) > 5 && strings.EqualFold(s[:5], "RISK-") {
		digits = s[5:]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || digits[0] == '+' {
		return 0, &InvalidError{[]Problem{{"ref", s, "a reference such as RISK-7 or 7"}}}
	}
	return Ref(n), nil
}

// MarshalText writes the reference.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a reference.
func (r *Ref) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRef(string(text))
	return err
}

// Money is an amount in whole units of the item's currency. Estimates of loss are not known to the cent.
type Money int64

// Scores rate an item from 1 (least) to 5 (worst). [Scales] says what each means.
type Scores struct {
	Compliance  int `json:"compliance" yaml:"compliance" doc:"What law and contracts would say, 1 to 5"`
	Security    int `json:"security" yaml:"security" doc:"What could be stolen, read or changed, 1 to 5"`
	BlastRadius int `json:"blastRadius" yaml:"blastRadius" doc:"How many people would notice, 1 to 5"`
	Probability int `json:"probability" yaml:"probability" doc:"How soon it may fail, 1 (years) to 5 (weeks)"`
}

// Cost of putting the item right.
type Cost struct {
	PersonDays float64 `json:"personDays" yaml:"personDays" doc:"Work, in days of one person"`
	People     int     `json:"people,omitempty" yaml:"people,omitempty" doc:"How many work on it at once; 1 if left out"`
	Money      *Money  `json:"money,omitempty" yaml:"money,omitempty" doc:"All that it costs, with the work"`
}

// Loss is what the failure is expected to cost a year.
type Loss struct {
	Before Money    `json:"before" yaml:"before" doc:"Annual loss expectancy as things are"`
	After  Money    `json:"after" yaml:"after" doc:"Annual loss expectancy once the item is done"`
	Chance *float64 `json:"chance,omitempty" yaml:"chance,omitempty" doc:"Probability of at least one failure within a year as things are, above 0 and below 1"`
}

// Feature is what would wait if the item went first.
type Feature struct {
	Title   string  `json:"title" yaml:"title"`
	PerWeek Money   `json:"perWeek" yaml:"perWeek" doc:"Cost of delay: what each week without the feature costs"`
	Weeks   float64 `json:"weeks" yaml:"weeks" doc:"How long the feature takes to build, in weeks"`
}

// Links lead to what is known of the risk elsewhere.
type Links struct {
	Incidents  []string `json:"incidents,omitempty" yaml:"incidents,omitempty" doc:"References such as INC-7"`
	FMEA       []string `json:"fmea,omitempty" yaml:"fmea,omitempty" doc:"Rows of a failure modes and effects analysis, in words or by path"`
	Objectives []string `json:"objectives,omitempty" yaml:"objectives,omitempty" doc:"Keys of objectives whose budget it spends"`
}

// Content is what people say about an item.
type Content struct {
	Title       string   `json:"title" yaml:"title" doc:"What may go wrong, in one line; no two items have the same"`
	Description string   `json:"description,omitempty" yaml:"description,omitempty" doc:"The same in a paragraph, in words that a customer would use"`
	Owner       string   `json:"owner" yaml:"owner" doc:"Who answers for it"`
	Services    []string `json:"services,omitempty" yaml:"services,omitempty"`
	Scores      Scores   `json:"scores" yaml:"scores"`
	Cost        Cost     `json:"cost" yaml:"cost"`
	Currency    string   `json:"currency,omitempty" yaml:"currency,omitempty" doc:"Of every amount of the item, such as EUR; needed where there is one"`
	Loss        *Loss    `json:"loss,omitempty" yaml:"loss,omitempty"`
	Displaces   *Feature `json:"displaces,omitempty" yaml:"displaces,omitempty" doc:"The feature that would wait"`
	Links       Links    `json:"links,omitzero" yaml:"links,omitempty"`
}

// Item is a content with where it stands.
type Item struct {
	Ref     Ref `json:"ref"`
	Version int `json:"version" doc:"Grows by one with each change; a change names the one that it was made from"`
	Content
	State   State     `json:"state"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
}

// State of an item.
type State string

// The states of an item.
const (
	Open     State = "open"     // known, and nothing is decided
	Planned  State = "planned"  // it will be put right
	Accepted State = "accepted" // it is left as it is, for a reason
	Done     State = "done"     // it was put right
)

// States are all of them, in the order of a lifecycle.
func States() []State { return []State{Open, Planned, Accepted, Done} }

// Live reports whether the item still asks for something.
func (s State) Live() bool { return s == Open || s == Planned }

var (
	// ErrNotFound is returned for an item that does not exist.
	ErrNotFound = errors.New("there is no such risk")
	// ErrChanged is returned for a change that was made from an older version.
	ErrChanged = errors.New("somebody else changed the risk meanwhile: read it again")
	// ErrTitleTaken is returned for a second item of the same title.
	ErrTitleTaken = errors.New("there is a risk with this title already")
	// ErrNobody is returned for a change without a subject: every version says whose it is.
	ErrNobody = errors.New("a change of a risk needs somebody who makes it")
)

// Problem is one value that cannot be taken.
type Problem struct {
	Field string // such as "scores.security"
	Found string
	Want  string // what is allowed
}

// String says what was found and what is allowed.
func (p Problem) String() string {
	if p.Found == "" {
		return fmt.Sprintf("%s is missing: expected %s", p.Field, p.Want)
	}
	return fmt.Sprintf("%s %q is not valid: expected %s", p.Field, p.Found, p.Want)
}

// InvalidError holds everything that is wrong with an input.
type InvalidError struct{ Problems []Problem }

// Error lists the problems.
func (e *InvalidError) Error() string {
	var all []string
	for _, p := range e.Problems {
		all = append(all, p.String())
	}
	return strings.Join(all, "; ")
}
