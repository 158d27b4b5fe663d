package gate

import (
	"fmt"
	"strings"
	"time"

	"plimsoll/internal/config"
)

// Response is how people respond to a Code Red: what is known of its incident and of the service's action items.
type Response struct {
	Incident   string    `json:"incident,omitempty"` // such as "INC-7"; empty while none is open
	Resolved   bool      `json:"resolved"`           // the incident is, or is closed
	Closed     bool      `json:"closed"`             // the incident is
	Commander  string    `json:"commander,omitempty"`
	LastUpdate time.Time `json:"lastUpdate,omitzero"` // when everybody else was last told; zero if never
	// VerifiedItems is how many action items of the service were verified since Code Red began.
	VerifiedItems int `json:"verifiedItems"`
}

// CriterionKind names an exit criterion, as a policy does.
type CriterionKind string

const (
	PlanIsFiled       CriterionKind = "plan"          // an action plan is filed
	IncidentResolved  CriterionKind = "resolved"      // the incident of the Code Red is resolved
	IncidentClosed    CriterionKind = "closed"        // … is closed
	CommanderIsNamed  CriterionKind = "commander"     // the incident has a commander
	ItemsAreVerified  CriterionKind = "verifiedItems" // that many action items were verified
	maxVerifiedItems                = 100
	incidentCriterion               = "incident"
)

// Criterion is one of the conditions that must all hold before a release manager may end Code Red.
type Criterion struct {
	Kind    CriterionKind
	AtLeast int // of verified items
}

// String writes the criterion as part of "once …".
func (c Criterion) String() string {
	switch c.Kind {
	case PlanIsFiled:
		return "an action plan is filed"
	case IncidentResolved:
		return "its incident is resolved"
	case IncidentClosed:
		return "its incident is closed"
	case CommanderIsNamed:
		return "its incident has a commander"
	default:
		return plural(int64(c.AtLeast), "action item") + " verified"
	}
}

// CriterionStatus is a criterion and whether it is met.
type CriterionStatus struct {
	Criterion string `json:"criterion"`
	Met       bool   `json:"met"`
	Detail    string `json:"detail"` // how things are
}

// Criteria returns how the exit criteria of the freeze stand. A response that is not known meets none that ask about people.
func (s State) Criteria(thaw ThawRules, r *Response) []CriterionStatus {
	all := []CriterionStatus{}
	for _, c := range thaw.Exit {
		met, detail := c.met(s, r)
		all = append(all, CriterionStatus{c.String(), met, detail})
	}
	return all
}

func (c Criterion) met(s State, known *Response) (bool, string) {
	var r Response
	if known != nil {
		r = *known
	}
	switch {
	case c.Kind == PlanIsFiled && s.Plan == nil:
		return false, "no action plan is filed"
	case c.Kind == PlanIsFiled:
		return true, fmt.Sprintf("%s filed an action plan at %s", s.Plan.By, instant(s.Plan.At))
	case c.Kind == ItemsAreVerified:
		return r.VerifiedItems >= c.AtLeast, fmt.Sprintf("%d of %s verified since Code Red began", r.VerifiedItems, plural(int64(c.AtLeast), "action item"))
	case r.Incident == "":
		return false, "its incident is not open yet"
	case c.Kind == CommanderIsNamed && r.Commander == "":
		return false, r.Incident + " has no commander"
	case c.Kind == CommanderIsNamed:
		return true, fmt.Sprintf("%s is commander of %s", r.Commander, r.Incident)
	case c.Kind == IncidentResolved:
		return r.Resolved, r.Incident + is(r.Resolved) + "resolved"
	default:
		return r.Closed, r.Incident + is(r.Closed) + "closed"
	}
}

func is(so bool) string {
	if so {
		return " is "
	}
	return " is not "
}

// exits writes the criteria as in "an action plan is filed and 2 action items verified".
func exits(list []Criterion) string {
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = c.String()
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// criterionFile has exactly one member.
type criterionFile struct {
	Plan          string `yaml:"plan"`
	Incident      string `yaml:"incident"`
	Commander     string `yaml:"commander"`
	VerifiedItems *int   `yaml:"verifiedItems"`
}

func (r *policyReader) criterion(at config.Path, f criterionFile) Criterion {
	var found []Criterion
	if f.Plan != "" {
		oneOf(r, at.In("plan"), f.Plan, "filed")
		found = append(found, Criterion{Kind: PlanIsFiled})
	}
	if f.Incident != "" {
		found = append(found, Criterion{Kind: oneOf(r, at.In(incidentCriterion), f.Incident, IncidentResolved, IncidentClosed)})
	}
	if f.Commander != "" {
		oneOf(r, at.In("commander"), f.Commander, "named")
		found = append(found, Criterion{Kind: CommanderIsNamed})
	}
	if n := f.VerifiedItems; n != nil {
		if *n < 1 || *n > maxVerifiedItems {
			r.problem(at.In("verifiedItems"), "must be 1 to %d, found %d", maxVerifiedItems, *n)
		}
		found = append(found, Criterion{Kind: ItemsAreVerified, AtLeast: *n})
	}
	if len(found) != 1 {
		r.problem(at, `must have one of "plan: filed", "incident: resolved", "incident: closed", "commander: named", "verifiedItems: 2"; found %d`, len(found))
		return Criterion{}
	}
	return found[0]
}
