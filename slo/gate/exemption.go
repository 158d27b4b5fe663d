package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"plimsoll/internal/nearest"
)

// Because is why a spent budget is not the team's to make good.
type Because string

const (
	CauseOutside     Because = "cause_outside"     // the cause lay outside the team, such as the network of the whole company
	DependencyFrozen Because = "dependency_frozen" // another team's service caused it, and that team has frozen its releases to mend it
	OutOfScope       Because = "out_of_scope"      // users spent it whom the objective is not for, such as a load test
	Miscategorized   Because = "miscategorized"    // events were counted as bad by which nobody was harmed
)

// becauses are the named cases in which a team may go on releasing although its budget is spent, in words.
//
// Source: Google SRE Workbook, "Example Error Budget Policy", SLO Miss Policy.
var becauses = []struct {
	because Because
	text    string
}{
	{CauseOutside, "the cause lay outside the team"},
	{DependencyFrozen, "a dependency caused it, and is frozen for it"},
	{OutOfScope, "users spent it whom the objective is not for"},
	{Miscategorized, "events were counted as bad that harmed nobody"},
}

// Becauses returns every case.
func Becauses() []Because {
	var all []Because
	for _, b := range becauses {
		all = append(all, b.because)
	}
	return all
}

// MaxExemption is how long an exemption may last.
const MaxExemption = 31 * 24 * time.Hour

// Errors of exemptions.
var (
	ErrNoExemption   = errors.New("there is no such exemption")
	ErrExemptionOver = errors.New("the exemption has ended already")
	ErrNotFrozen     = errors.New("the dependency is not frozen, so it does not exempt")
)

// Exemption lets changes of a service go although a budget is spent, since the spending is not the team's to make good. One person records
// it, with a reason and an end. It turns Code Red and spent budgets only: what else stands in the way, stands.
type Exemption struct {
	ID          int64   `json:"id"`
	Service     string  `json:"service"`
	Environment string  `json:"environment"`
	Because     Because `json:"because" enum:"cause_outside,dependency_frozen,out_of_scope,miscategorized"`
	Dependency  string  `json:"dependency,omitempty"` // the service that is frozen; of dependency_frozen only
	// Frozen is whether Dependency was frozen when this was read.
	Frozen bool `json:"frozen,omitempty"`
	// CodeRed is the [State.Freeze] of the Code Red in which it was recorded, and Past is whether a later one had begun when this was read,
	// for which it does not count; 0 and false where it was recorded in none.
	CodeRed  int64      `json:"codeRed,omitempty"`
	Past     bool       `json:"past,omitempty"`
	Incident string     `json:"incident,omitempty"` // that shows the cause, such as INC-7
	Reason   string     `json:"reason"`
	By       string     `json:"by"`
	At       time.Time  `json:"at"`
	Until    time.Time  `json:"until"`
	EndedBy  string     `json:"endedBy,omitempty"` // who ended it before its time
	EndedAt  *time.Time `json:"endedAt,omitempty"`
}

// Validate checks an exemption that is to be recorded. The error is an *InputError.
func (e Exemption) Validate() error {
	switch {
	case e.Service == "":
		return &InputError{"service", "", "must not be empty"}
	case e.Environment == "":
		return &InputError{"environment", "", "must not be empty"}
	case e.By == "":
		return &InputError{"by", "", "must name who says so"}
	case !slices.Contains(Becauses(), e.Because):
		names := becauseNames()
		return &InputError{"because", string(e.Because), "must be one of " + strings.Join(names, ", ") + nearest.Hint(string(e.Because), names)}
	case e.Because == DependencyFrozen && (e.Dependency == "" || e.Dependency == e.Service):
		return &InputError{"dependency", e.Dependency, "must name the other service that caused it and is frozen"}
	case e.Because != DependencyFrozen && e.Dependency != "":
		return &InputError{"dependency", e.Dependency, "must be there only with because " + string(DependencyFrozen)}
	case len(e.Incident) > maxField || strings.ContainsFunc(e.Incident, unicode.IsControl):
		return &InputError{"incident", e.Incident, "must be a reference such as INC-7"}
	}
	if err := validReason(e.Reason); err != nil {
		return err
	}
	return validUntil(e.Until, e.At, MaxExemption)
}

func becauseNames() []string {
	var names []string
	for _, b := range becauses {
		names = append(names, string(b.because))
	}
	return names
}

// End returns the exemption as ended by a person before its time; the error is [ErrExemptionOver].
func (e Exemption) End(by string, at time.Time) (Exemption, error) {
	switch {
	case by == "":
		return e, &InputError{"by", "", "must name who says so"}
	case e.Ended(at):
		return e, ErrExemptionOver
	}
	e.EndedBy, e.EndedAt = by, &at
	return e, nil
}

// Ended reports whether the exemption is over at an instant.
func (e Exemption) Ended(at time.Time) bool { return e.EndedAt != nil || !at.Before(e.Until) }

// Outlived returns the exemption with whether the freeze of its service has gone on to a later Code Red.
func (e Exemption) Outlived(s State) Exemption {
	e.Past = e.CodeRed != 0 && s.Freeze != e.CodeRed
	return e
}

// InForce reports whether the exemption counts at an instant. One that names a dependency does only as long as that is frozen, and one that was
// recorded in a Code Red does for no later one.
func (e Exemption) InForce(at time.Time) bool {
	return !e.Ended(at) && !e.Past && (e.Because != DependencyFrozen || e.Frozen)
}

// String writes the exemption as part of a sentence.
func (e Exemption) String() string {
	text := ""
	for _, b := range becauses {
		if b.because == e.Because {
			text = b.text
		}
	}
	if e.Dependency != "" {
		text = strings.Replace(text, "a dependency", e.Dependency, 1)
	}
	if e.Incident != "" {
		text += " (" + e.Incident + ")"
	}
	return fmt.Sprintf("exempt because %s, by the word of %s until %s: %s", text, e.By, instant(e.Until), e.Reason)
}

// exemption returns the exemption of the service that is in force, or nil.
func (q *question) exemption() *Exemption {
	for i, e := range q.snapshot.Exemptions {
		if e.InForce(q.snapshot.At) {
			return &q.snapshot.Exemptions[i]
		}
	}
	return nil
}
