package postmortem

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxItems is how many action items a postmortem may have. More than a few are rarely done.
const MaxItems = 50

// MaxEvidence is how many pieces of evidence an item may be closed with.
const MaxEvidence = 20

func (a AddItem) apply(c *change) error {
	if err := c.permit("add an action item", Draft, InReview, Reviewed); err != nil {
		return err
	}
	if a.ID < 1 {
		return input("action item", fmt.Sprint(int64(a.ID)), "a number above 0")
	}
	if len(c.Items) >= MaxItems {
		return input("items", fmt.Sprint(len(c.Items)+1), fmt.Sprintf("at most %d action items", MaxItems))
	}
	i := ActionItem{
		ID: a.ID, Incident: c.Incident, Kind: a.Kind, Text: strings.TrimSpace(a.Text), Owner: strings.TrimSpace(a.Owner), Priority: a.Priority,
		Due: exact(a.Due), Tracker: strings.TrimSpace(a.Tracker), State: ItemOpen, Evidence: []Evidence{}, Added: c.at,
	}
	if a.Due.IsZero() {
		i.Due = c.at.Add(a.Priority.Within())
	}
	if err := i.check(); err != nil {
		return err
	}
	n, taken := slices.BinarySearchFunc(c.Items, i, byNumber)
	if taken {
		return input("action item", i.ID.String(), "a number that is not taken")
	}
	c.Items = slices.Insert(c.Items, n, i)
	if a.FollowUp {
		c.differs()
	} else {
		c.wrote()
	}
	return nil
}

// item returns an action item to change, if it is in one of the states.
func (c *change) item(id ItemRef, verb string, states ...ItemState) (*ActionItem, error) {
	n, found := slices.BinarySearchFunc(c.Items, ActionItem{ID: id}, byNumber)
	if !found {
		return nil, fmt.Errorf("%w: %s in the postmortem of %s", ErrNoItem, id, c.Incident)
	}
	i := &c.Items[n]
	if !slices.Contains(states, i.State) {
		return nil, &StateError{What: id.String(), State: string(i.State), Verb: verb, Allow: possibleOfItem[i.State]}
	}
	return i, nil
}

var possibleOfItem = map[ItemState]string{
	ItemOpen:     "edit, close with evidence",
	ItemClosed:   "verify, reopen",
	ItemVerified: "reopen",
}

func (e EditItem) apply(c *change) error {
	if err := c.permit("edit an action item", Draft, InReview, Reviewed); err != nil {
		return err
	}
	i, err := c.item(e.ID, "edit it", ItemOpen)
	if err != nil {
		return err
	}
	was := *i
	i.Kind, i.Text, i.Owner, i.Priority = e.Kind, strings.TrimSpace(e.Text), strings.TrimSpace(e.Owner), e.Priority
	i.Due, i.Tracker = exact(e.Due), strings.TrimSpace(e.Tracker)
	if was.Kind != i.Kind || was.Text != i.Text {
		c.wrote() // who does it and by when is no part of what reviewers approve
	}
	return i.check()
}

func (x CloseItem) apply(c *change) error {
	i, err := c.item(x.ID, "close it", ItemOpen)
	if err != nil {
		return err
	}
	if len(x.Evidence) == 0 {
		return input("evidence", "", "what shows that it is done: a test, an alert, a commit")
	}
	if len(x.Evidence) > MaxEvidence {
		return input("evidence", fmt.Sprintf("%d pieces", len(x.Evidence)), fmt.Sprintf("at most %d", MaxEvidence))
	}
	for n, e := range x.Evidence {
		e.Ref, e.Words = strings.TrimSpace(e.Ref), strings.TrimSpace(e.Words)
		if err := e.check(fmt.Sprintf("evidence[%d]", n)); err != nil {
			return err
		}
		i.Evidence = append(slices.Clip(i.Evidence), e)
	}
	i.State, i.Closed, i.ClosedBy = ItemClosed, c.at, c.by
	return nil
}

func (v VerifyItem) apply(c *change) error {
	i, err := c.item(v.ID, "verify it", ItemClosed)
	if err != nil {
		return err
	}
	if i.ClosedBy == c.by {
		return fmt.Errorf("%w: %s was closed by %s", ErrOwnWork, i.ID, c.by)
	}
	if err := checkText("note", v.Note, MaxLine, false); err != nil {
		return err
	}
	i.State, i.Verified, i.VerifiedBy, i.Note = ItemVerified, c.at, c.by, strings.TrimSpace(v.Note)
	return nil
}

func (x ReopenItem) apply(c *change) error {
	i, err := c.item(x.ID, "reopen it", ItemClosed, ItemVerified)
	if err != nil {
		return err
	}
	if err := c.because(x.Reason, true); err != nil {
		return err
	}
	// The evidence stays in the version before.
	i.State, i.Evidence, i.Reopened = ItemOpen, []Evidence{}, i.Reopened+1
	i.Closed, i.ClosedBy, i.Verified, i.VerifiedBy, i.Note = time.Time{}, "", time.Time{}, "", ""
	if c.State == Closed {
		c.State, c.Ended = Reviewed, time.Time{}
	}
	return nil
}
