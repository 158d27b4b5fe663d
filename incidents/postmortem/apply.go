package postmortem

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
)

// change is a record while a command runs on it.
type change struct {
	Record
	at     time.Time
	by     string
	reason string
}

// Begin makes the first version of a postmortem: a draft with the facts, owned by whoever led the response.
func Begin(f Facts, i incidents.Incident, at time.Time, by string) (Record, Version, error) {
	if by == "" {
		return Record{}, Version{}, incidents.ErrNobody
	}
	at = exact(at)
	r := Record{
		Incident: i.Ref, Version: 1, State: Draft, Owner: i.Roles[incidents.Commander], Authors: []string{}, Reviewers: []string{},
		Approvals: []Approval{}, Items: []ActionItem{}, Begun: at, Changed: at,
	}
	r.take(f)
	r.Content.Summary = f.opening()
	return r, Version{Number: 1, At: at, By: by, Verb: "begin", Fields: differences(Record{}, r), Record: r}, nil
}

// take fills in facts and what follows from them.
func (r *Record) take(f Facts) {
	r.Facts, r.Required = f, Demand(f)
	if !r.DueSet {
		r.Due = DueDate(f)
	}
}

// opening is the beginning of a summary that the record itself can give.
func (f Facts) opening() string {
	s := strings.TrimRight(f.Title, ".") + "."
	if f.Resolution != "" {
		s += " It was resolved: " + strings.TrimRight(f.Resolution, ".") + "."
	}
	return s
}

// Apply carries out cmd on behalf of by, and returns the record as it is then with the version that this made. Without a
// difference there is no version, and its Number is 0. The given record is not changed.
//
// Errors: [incidents.ErrNobody], [ErrChanged], [ErrOwnWork], [ErrNoItem], a *[StateError], a *[MissingError] or an *[incidents.InputError].
func Apply(r Record, cmd Command, at time.Time, by string) (Record, Version, error) {
	if by == "" {
		return r, Version{}, incidents.ErrNobody
	}
	c := change{Record: r.clone(), at: exact(at), by: by}
	if c.at.Before(r.Changed) { // clocks of several machines disagree
		c.at = r.Changed
	}
	if err := cmd.apply(&c); err != nil {
		return r, Version{}, err
	}
	fields := differences(r, c.Record)
	if len(fields) == 0 {
		return r, Version{}, nil
	}
	c.Version++
	c.Changed = c.at
	for n := range c.Approvals { // an approval counts for the version that it makes
		if c.Approvals[n].Version == 0 {
			c.Approvals[n].Version = c.Version
		}
	}
	return c.Record, Version{Number: c.Version, At: c.at, By: by, Verb: cmd.Verb(), Reason: c.reason, Fields: fields, Record: c.Record}, nil
}

// permit refuses what the state does not allow.
func (c *change) permit(verb string, states ...State) error {
	if slices.Contains(states, c.State) {
		return nil
	}
	return &StateError{What: "the postmortem of " + c.Incident.String(), State: string(c.State), Verb: verb, Allow: possible[c.State]}
}

// possible says what may be done in a state. Action items are closed, verified and reopened in each.
var possible = map[State]string{
	Draft:    "edit, submit",
	InReview: "edit, approve, return",
	Reviewed: "close, return",
	Closed:   "return",
}

// because keeps a reason for the history.
func (c *change) because(reason string, needed bool) error {
	if err := checkText("reason", reason, MaxLine, needed); err != nil {
		return err
	}
	c.reason = strings.TrimSpace(reason)
	return nil
}

func (f Refresh) apply(c *change) error {
	if err := c.permit("take the facts again", Draft); err != nil {
		return err
	}
	if f.Facts.At.Before(c.Facts.At) { // somebody else took newer ones meanwhile
		return nil
	}
	if len(c.Authors) == 0 && c.Content.Summary == c.Facts.opening() {
		c.Content.Summary = f.Facts.opening()
	}
	c.take(f.Facts)
	return nil
}

func (e Edit) apply(c *change) error {
	if err := c.permit("edit it", Draft, InReview); err != nil {
		return err
	}
	if e.From != 0 && e.From != c.Version {
		return fmt.Errorf("%w: it is at version %d, the change was made from version %d", ErrChanged, c.Version, e.From)
	}
	if err := c.because(e.Reason, false); err != nil {
		return err
	}
	if err := e.Content.Check(); err != nil {
		return err
	}
	if same(c.Content, e.Content) {
		return nil
	}
	c.Content = e.Content
	c.wrote()
	return nil
}

// wrote notes that the text is another one now, by whoever gave the command. What is added once it was reviewed, such as another action
// item, leaves what reviewers have said.
func (c *change) wrote() {
	c.Authors = with(c.Authors, c.by)
	c.differs()
}

// differs ends the approvals of what was read before.
func (c *change) differs() {
	if c.State == InReview {
		c.Approvals = []Approval{}
	}
}

func (a Assign) apply(c *change) error {
	c.Owner = strings.TrimSpace(a.Owner)
	return checkText("owner", c.Owner, maxName, true)
}

func (s Schedule) apply(c *change) error {
	if err := c.permit("schedule it", Draft, InReview); err != nil {
		return err
	}
	if err := checkInstant("due", s.Due); err != nil {
		return err
	}
	c.Due, c.DueSet = exact(s.Due), true
	return c.because(s.Reason, false)
}

func (v Invite) apply(c *change) error {
	if err := c.permit("invite reviewers", Draft, InReview); err != nil {
		return err
	}
	if err := checkList("reviewers", v.Reviewers, maxName, nil); err != nil {
		return err
	}
	c.Reviewers = []string{}
	for _, name := range v.Reviewers {
		c.Reviewers = with(c.Reviewers, strings.TrimSpace(name))
	}
	c.settle()
	return nil
}

func (Submit) apply(c *change) error {
	if err := c.permit("submit it", Draft); err != nil {
		return err
	}
	if missing := c.Missing(); len(missing) > 0 {
		return &MissingError{Ref: c.Incident, Missing: missing}
	}
	c.State, c.Submitted = InReview, c.at
	return nil
}

func (a Approve) apply(c *change) error {
	if err := c.permit("approve it", InReview); err != nil {
		return err
	}
	if err := checkText("note", a.Note, MaxLine, false); err != nil {
		return err
	}
	if len(c.Authors) == 1 && c.Authors[0] == c.by {
		return fmt.Errorf("%w: %s is the only author of the postmortem of %s", ErrOwnWork, c.by, c.Incident)
	}
	if slices.ContainsFunc(c.Approvals, func(p Approval) bool { return p.By == c.by }) {
		return nil // said already
	}
	c.Approvals = append(c.Approvals, Approval{By: c.by, At: c.at, Note: strings.TrimSpace(a.Note)})
	c.settle()
	return nil
}

// settle makes it reviewed when everybody who was asked agrees, and somebody does.
func (c *change) settle() {
	if c.State == InReview && len(c.Approvals) > 0 && len(c.Pending()) == 0 && len(c.Missing()) == 0 {
		c.State, c.Agreed = Reviewed, c.at
	}
}

func (r Return) apply(c *change) error {
	if err := c.permit("return it to its authors", InReview, Reviewed, Closed); err != nil {
		return err
	}
	if err := c.because(r.Reason, true); err != nil {
		return err
	}
	c.State, c.Approvals = Draft, []Approval{}
	c.Submitted, c.Agreed, c.Ended = time.Time{}, time.Time{}, time.Time{}
	return nil
}

func (Close) apply(c *change) error {
	if err := c.permit("close it", Reviewed); err != nil {
		return err
	}
	var open []string
	for _, i := range c.Items {
		if !i.Done() {
			open = append(open, i.ID.String()+" is open")
		}
	}
	if len(open) > 0 {
		return &MissingError{Ref: c.Incident, Missing: open}
	}
	c.State, c.Ended = Closed, c.at
	return nil
}

func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
