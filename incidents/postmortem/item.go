package postmortem

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"plimsoll/incidents"
	"plimsoll/internal/nearest"
)

// ItemRef is the number of an action item, written "AI-7". Numbers count through all postmortems.
type ItemRef int64

// String writes the reference as people say it.
func (r ItemRef) String() string { return "AI-" + strconv.FormatInt(int64(r), 10) }

// ParseItemRef reads "AI-7", "ai-7" or "7".
func ParseItemRef(s string) (ItemRef, error) {
	digits := s
	if len(s) > 3 && strings.EqualFold(s[:3], "AI-") {
		digits = s[3:]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || digits[0] == '+' {
		return 0, input("action item", s, "a reference such as AI-7 or 7")
	}
	return ItemRef(n), nil
}

// MarshalText writes the reference for JSON.
func (r ItemRef) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what [ParseItemRef] reads.
func (r *ItemRef) UnmarshalText(b []byte) (err error) {
	*r, err = ParseItemRef(string(b))
	return err
}

// ItemKind is what an action item is good for.
type ItemKind string

const (
	Prevent  ItemKind = "prevent"  // it cannot happen again
	Detect   ItemKind = "detect"   // it is noticed earlier
	Mitigate ItemKind = "mitigate" // it hurts less, or shorter
	Process  ItemKind = "process"  // the next response is easier
)

// ItemKinds returns all kinds.
func ItemKinds() []ItemKind { return []ItemKind{Prevent, Detect, Mitigate, Process} }

// ItemState is where an action item stands.
type ItemState string

const (
	ItemOpen     ItemState = "open"
	ItemClosed   ItemState = "closed"   // somebody showed evidence that it is done
	ItemVerified ItemState = "verified" // a second person has looked at the evidence
)

// ItemStates returns all states in order.
func ItemStates() []ItemState { return []ItemState{ItemOpen, ItemClosed, ItemVerified} }

// Priority of an action item: 1 is the most urgent, 4 the least.
type Priority int

// priorities are how many days an item may take whose date nobody chose. The steps are our choice.
var priorities = [...]int{7, 30, 90, 180}

// Valid reports whether p is between 1 and 4.
func (p Priority) Valid() bool { return p >= 1 && int(p) <= len(priorities) }

// String writes it as people say it: "P1".
func (p Priority) String() string { return "P" + strconv.Itoa(int(p)) }

// Within is how long an item of this priority may take if nobody chose a date.
func (p Priority) Within() time.Duration {
	if !p.Valid() {
		return 0
	}
	return time.Duration(priorities[p-1]) * 24 * time.Hour
}

// ActionItem is something that will be changed because of an incident.
type ActionItem struct {
	ID         ItemRef       `json:"id" doc:"Such as AI-7"`
	Incident   incidents.Ref `json:"incident"`
	Kind       ItemKind      `json:"kind" enum:"prevent,detect,mitigate,process"`
	Text       string        `json:"text"`
	Owner      string        `json:"owner" doc:"Who answers for it"`
	Priority   Priority      `json:"priority" minimum:"1" maximum:"4" doc:"1 is the most urgent"`
	Due        time.Time     `json:"due"`
	Tracker    string        `json:"tracker,omitempty" doc:"Address of the same in a tracker"`
	State      ItemState     `json:"state" enum:"open,closed,verified"`
	Evidence   []Evidence    `json:"evidence" nullable:"false" doc:"What shows that it is done; none while it is open"`
	Added      time.Time     `json:"added"`
	Closed     time.Time     `json:"closed,omitzero"`
	ClosedBy   string        `json:"closedBy,omitempty"`
	Verified   time.Time     `json:"verified,omitzero"`
	VerifiedBy string        `json:"verifiedBy,omitempty"`
	Note       string        `json:"note,omitempty" doc:"Of whoever verified it"`
	Reopened   int           `json:"reopened,omitempty" doc:"How often it was reopened"`
}

// Done reports whether there is evidence that it is done.
func (i ActionItem) Done() bool { return i.State == ItemClosed || i.State == ItemVerified }

// Overdue reports whether the item should have been done by now.
func (i ActionItem) Overdue(now time.Time) bool {
	return i.State == ItemOpen && !i.Due.IsZero() && now.After(i.Due)
}

// EvidenceKind is what shows that a product or a process has changed.
type EvidenceKind string

const (
	EvidenceTest      EvidenceKind = "test"      // a test that fails if it comes back
	EvidenceAlert     EvidenceKind = "alert"     // an alert or objective that notices it
	EvidenceCommit    EvidenceKind = "commit"    // a commit, by its hash or address
	EvidenceChange    EvidenceKind = "change"    // a change request that was merged
	EvidenceDashboard EvidenceKind = "dashboard" // a graph that shows the effect
	EvidenceRunbook   EvidenceKind = "runbook"   // instructions for responders
	EvidenceDecision  EvidenceKind = "decision"  // a written decision to live with it, and why
)

// EvidenceKinds returns all kinds.
func EvidenceKinds() []EvidenceKind {
	return []EvidenceKind{EvidenceTest, EvidenceAlert, EvidenceCommit, EvidenceChange, EvidenceDashboard, EvidenceRunbook, EvidenceDecision}
}

// Evidence shows that an item is done: where to look, and what is seen there.
type Evidence struct {
	Kind  EvidenceKind `json:"kind" enum:"test,alert,commit,change,dashboard,runbook,decision"`
	Ref   string       `json:"ref" doc:"An address, or the name of a test, an alert or a commit" example:"https://git.example/video/commit/3f2a9c1"`
	Words string       `json:"words" doc:"What it shows"`
}

// check returns an *incidents.InputError for evidence that shows nothing.
func (e Evidence) check(field string) error {
	if !slices.Contains(EvidenceKinds(), e.Kind) {
		return input(field+".kind", string(e.Kind), "one of "+oneOf(EvidenceKinds())+nearest.Hint(string(e.Kind), names(EvidenceKinds())))
	}
	if err := checkText(field+".ref", e.Ref, MaxLine, true); err != nil {
		return err
	}
	if err := checkText(field+".words", e.Words, MaxLine, true); err != nil {
		return err
	}
	if strings.ContainsFunc(e.Ref, unicode.IsSpace) {
		return input(field+".ref", e.Ref, "an address or a name without blanks")
	}
	if strings.Contains(e.Ref, "://") {
		return checkAddress(field+".ref", e.Ref)
	}
	switch e.Kind {
	case EvidenceCommit:
		// An abbreviated hash may have an odd number of digits.
		if _, err := hex.DecodeString(strings.Repeat("0", len(e.Ref)%2) + e.Ref); err != nil || len(e.Ref) < 7 || len(e.Ref) > 64 {
			return input(field+".ref", e.Ref, "the hash of a commit, 7 to 64 hexadecimal digits, or its address")
		}
	case EvidenceChange, EvidenceDashboard, EvidenceRunbook, EvidenceDecision:
		return input(field+".ref", e.Ref, "an address such as https://git.example/changes/12: a "+string(e.Kind)+" has to be found")
	}
	return nil
}

// checkAddress takes web addresses only: they become links, and those of other schemes could run a script.
func checkAddress(field, s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return input(field, s, "a web address such as https://tracker.example/12")
	}
	return nil
}

// check returns an *incidents.InputError for the first value of an item that cannot be kept.
func (i ActionItem) check() error {
	if !slices.Contains(ItemKinds(), i.Kind) {
		return input("kind", string(i.Kind), "one of "+oneOf(ItemKinds())+nearest.Hint(string(i.Kind), names(ItemKinds())))
	}
	if err := checkText("text", i.Text, MaxLine, true); err != nil {
		return err
	}
	if err := checkText("owner", i.Owner, maxName, true); err != nil {
		return err
	}
	if !i.Priority.Valid() {
		return input("priority", fmt.Sprint(int(i.Priority)), "1 (most urgent) to 4")
	}
	if err := checkInstant("due", i.Due); err != nil {
		return err
	}
	if err := checkText("tracker", i.Tracker, MaxLine, false); err != nil || i.Tracker == "" {
		return err
	}
	return checkAddress("tracker", i.Tracker)
}
