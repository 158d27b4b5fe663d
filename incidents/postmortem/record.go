package postmortem

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/incidents"
)

// State is where a postmortem stands in its review.
type State string

const (
	Draft    State = "draft"     // it is being written
	InReview State = "in_review" // its authors say that it is complete
	Reviewed State = "reviewed"  // its reviewers agree
	Closed   State = "closed"    // and everything that was to be done is done
)

// States returns all states in the order of the review.
func States() []State { return []State{Draft, InReview, Reviewed, Closed} }

// Record is a postmortem as its last version left it.
type Record struct {
	Incident incidents.Ref `json:"incident"`
	Version  int           `json:"version" doc:"1 as it was begun, one more with each change"`
	State    State         `json:"state" enum:"draft,in_review,reviewed,closed"`
	// Required says why the incident must have a postmortem; empty if it need not.
	Required  string       `json:"required,omitempty" doc:"Why there must be one; absent if there need not be"`
	Owner     string       `json:"owner,omitempty" doc:"Who sees to it that it gets done"`
	Due       time.Time    `json:"due,omitzero" doc:"When it is to be reviewed"`
	DueSet    bool         `json:"dueSet,omitempty" doc:"Whether a person chose the date"`
	Authors   []string     `json:"authors" nullable:"false" doc:"Who has written in it"`
	Reviewers []string     `json:"reviewers" nullable:"false" doc:"Whose approval it needs"`
	Approvals []Approval   `json:"approvals" nullable:"false" doc:"Of the text as it stands"`
	Facts     Facts        `json:"facts"`
	Content   Content      `json:"content"`
	Items     []ActionItem `json:"items" nullable:"false" doc:"Action items by number"`
	Begun     time.Time    `json:"begun"`
	Submitted time.Time    `json:"submitted,omitzero"`
	Agreed    time.Time    `json:"agreed,omitzero" doc:"When it became reviewed"`
	Ended     time.Time    `json:"ended,omitzero" doc:"When it was closed"`
	Changed   time.Time    `json:"changed"`
}

// Approval is the word of one reviewer.
type Approval struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Version int       `json:"version" doc:"That was approved"`
	Note    string    `json:"note,omitempty"`
}

// Version is one entry of a postmortem's history, with the whole record as it was then.
type Version struct {
	Number int       `json:"version"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Verb   string    `json:"verb" doc:"What was done, such as edit"`
	Reason string    `json:"reason,omitempty"`
	Fields []string  `json:"fields" nullable:"false" doc:"What differs from the version before"`
	Record Record    `json:"record"`
}

// Filter selects postmortems of a list. Zero fields select everything.
type Filter struct {
	States  []State
	Service string
	Overdue time.Time // only those that are overdue then
}

// ItemFilter selects action items of a list. Zero fields select everything.
type ItemFilter struct {
	States   []ItemState
	Service  string // that the incident affected
	Owner    string
	Overdue  time.Time // only those that are overdue then
	Verified time.Time // only those that were verified since
}

// Overdue reports whether the postmortem should have been reviewed by now.
func (r Record) Overdue(now time.Time) bool {
	return !r.Due.IsZero() && now.After(r.Due) && (r.State == Draft || r.State == InReview)
}

// Item returns one of its action items.
func (r Record) Item(id ItemRef) (ActionItem, bool) {
	n := slices.IndexFunc(r.Items, func(i ActionItem) bool { return i.ID == id })
	if n < 0 {
		return ActionItem{}, false
	}
	return r.Items[n], true
}

// Pending returns the reviewers who have not approved the text as it stands.
func (r Record) Pending() []string {
	var names []string
	for _, who := range r.Reviewers {
		if !slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.By == who }) {
			names = append(names, who)
		}
	}
	return names
}

// clone copies what a command may change.
func (r Record) clone() Record {
	r.Authors = slices.Clone(r.Authors)
	r.Reviewers = slices.Clone(r.Reviewers)
	r.Approvals = slices.Clone(r.Approvals)
	r.Items = slices.Clone(r.Items)
	return r
}

func exact(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// with adds a name to a sorted list of names.
func with(list []string, name string) []string {
	n, found := slices.BinarySearch(list, name)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), n, name)
}

func byNumber(a, b ActionItem) int { return cmp.Compare(a.ID, b.ID) }
