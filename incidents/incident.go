package incidents

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"plimsoll/slo"
)

// Ref is the number of an incident, written "INC-7".
type Ref int64

// String writes the reference as people say it.
func (r Ref) String() string { return "INC-" + strconv.FormatInt(int64(r), 10) }

// ParseRef reads "INC-7", "inc-7" or "7".
func ParseRef(s string) (Ref, error) {
	digits := s
	if len(s) > 4 && strings.EqualFold(s[:4], "INC-") {
		digits = s[4:]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || digits[0] == '+' {
		return 0, &InputError{Field: "incident", Found: s, Want: "a reference such as INC-7 or 7"}
	}
	return Ref(n), nil
}

// MarshalText writes the reference for JSON.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what [ParseRef] reads.
func (r *Ref) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRef(string(b))
	return err
}

// Source is where an incident was declared.
type Source string

const (
	SourceAPI     Source = "api"      // a person or program, over the API, the pages or the command line
	SourceSlack   Source = "slack"    // a person, in Slack
	SourceAlert   Source = "alert"    // a burn-rate alert
	SourceCodeRed Source = "code_red" // the freeze of a service whose budget is spent
)

// Incident is the record of one incident. Copies share nothing after [Apply].
type Incident struct {
	Ref        Ref       `json:"ref" doc:"Such as INC-7"`
	Title      string    `json:"title"`
	Severity   Severity  `json:"severity" minimum:"0" maximum:"5" doc:"1 is the worst; 0 is not set yet"`
	State      State     `json:"state" enum:"declared,acknowledged,mitigated,resolved,closed,cancelled,merged"`
	Services   []string  `json:"services" nullable:"false" doc:"Services that are affected, sorted"`
	Objectives []slo.Key `json:"objectives" nullable:"false" doc:"Objectives that are affected, sorted"`
	Source     Source    `json:"source" doc:"Where it was declared"`
	// DedupKey makes a declaration by a machine idempotent for all time: one key, one incident. Empty for people.
	DedupKey string          `json:"dedupKey,omitempty"`
	Times    Times           `json:"times"`
	Roles    map[Role]string `json:"roles" doc:"Who holds which role: commander, operations, communications, scribe"`
	// LastUpdate is when responders last told everybody else; zero if never.
	LastUpdate time.Time `json:"lastUpdate,omitzero"`
	// PromisedUpdate is when the last update said that the next one comes; zero if it left that to the severity.
	PromisedUpdate time.Time `json:"promisedUpdate,omitzero"`
	// Private incidents exist only for their members; see [Incident.VisibleTo].
	Private bool `json:"private" doc:"Only its members can see it"`
	// Drill marks an exercise: it counts in no figure, report or decision.
	Drill      bool      `json:"drill" doc:"An exercise, which counts nowhere"`
	Members    []string  `json:"members" nullable:"false" doc:"Who can see it while it is private: who declared it, everybody who ever held a role, and the invited; sorted"`
	MergedInto Ref       `json:"mergedInto,omitzero" doc:"The incident that it turned out to be a part of"`
	Links      []Ref     `json:"links" nullable:"false" doc:"Related incidents, sorted"`
	Tasks      []Task    `json:"tasks" nullable:"false" doc:"In the order of their numbers"`
	Messages   []Message `json:"messages" nullable:"false" doc:"Messages to stakeholders, in the order of their numbers"`
	Reopened   int       `json:"reopened" doc:"How often it was reopened"`
	Entries    int       `json:"entries" doc:"Entries on its timeline"`
	Changed    time.Time `json:"changed" doc:"When the last command ran"`
}

// Filter selects incidents of a list. Zero fields select everything.
type Filter struct {
	States  []State
	Service string
	Before  Ref // only lower numbers, for paging; 0 for no bound
	Limit   int // at most this many; 0 for the store's own limit
}

// OpenStates are the states in which an incident is open, for a [Filter].
func OpenStates() []State {
	return slices.DeleteFunc(States(), func(s State) bool { return !s.Open() })
}

// Caller says on whose behalf a command runs. A command with the RequestID of one that has run before changes nothing
// and is answered as that one was; an empty one is never remembered.
type Caller struct {
	Subject   string
	RequestID string
	System    bool // Plimsoll's own work, which may change what only members can see
}

// Viewer is the caller as one who reads.
func (c Caller) Viewer() Viewer { return Viewer{Subject: c.Subject, System: c.System} }

func (i Incident) clone() Incident {
	i.Services = slices.Clone(i.Services)
	i.Objectives = slices.Clone(i.Objectives)
	i.Roles = maps.Clone(i.Roles)
	i.Members = slices.Clone(i.Members)
	i.Links = slices.Clone(i.Links)
	i.Tasks = slices.Clone(i.Tasks)
	i.Messages = slices.Clone(i.Messages)
	for n := range i.Messages {
		i.Messages[n].Sent = slices.Clone(i.Messages[n].Sent)
	}
	return i
}

// UpdateDue returns when the next update is due: as promised, or by the cadence of the severity since the last update
// or the declaration. False if none is: the incident is over, or its severity has no cadence.
func (i Incident) UpdateDue() (time.Time, bool) {
	if !i.State.Open() {
		return time.Time{}, false
	}
	if !i.PromisedUpdate.IsZero() {
		return i.PromisedUpdate, true
	}
	every := i.Severity.Cadence()
	if every == 0 {
		return time.Time{}, false
	}
	last := i.Times.Declared
	if i.LastUpdate.After(last) {
		last = i.LastUpdate
	}
	return last.Add(every), true
}

// normalise sorts and completes what is affected: every objective's service is an affected service.
func (i *Incident) normalise() error {
	for n, s := range i.Services {
		if !IsName(s) {
			return &InputError{Field: fmt.Sprintf("services[%d]", n), Found: s, Want: "the name of a service, such as video-api"}
		}
	}
	for n, key := range i.Objectives {
		if service, name, ok := strings.Cut(string(key), "/"); !ok || !IsName(service) || !IsName(strings.ReplaceAll(name, "/", "")) {
			return &InputError{Field: fmt.Sprintf("objectives[%d]", n), Found: string(key), Want: "service/objective"}
		}
		i.Services = append(i.Services, key.Service())
	}
	slices.Sort(i.Services)
	slices.Sort(i.Objectives)
	i.Services = slices.Compact(i.Services)
	i.Objectives = slices.Compact(i.Objectives)
	return nil
}

// IsName reports whether s can name a service or an objective: some characters, each of them visible.
func IsName(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r == '/' || !unicode.IsGraphic(r) || unicode.IsSpace(r) })
}
