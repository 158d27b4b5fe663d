package postmortem

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"plimsoll/internal/nearest"
)

// Limits on what people write.
const (
	MaxText = 20_000 // characters of one section
	MaxLine = 2_000  // characters of one entry of a list
	MaxList = 100    // entries of one list
	maxName = 200    // characters of a name, a label or a reference
)

// TriggerKind is what set an incident off.
type TriggerKind string

// The kinds of triggers of the Google SRE workbook, appendix C, with capacity and security apart.
const (
	TriggerBinary        TriggerKind = "binary"        // a new version of a program
	TriggerConfiguration TriggerKind = "configuration" // a change of settings or flags
	TriggerTraffic       TriggerKind = "traffic"       // users did something else, or more of it
	TriggerProvider      TriggerKind = "provider"      // something that somebody else runs
	TriggerCapacity      TriggerKind = "capacity"      // a limit was reached
	TriggerHardware      TriggerKind = "hardware"      // a machine, a disk, a cable
	TriggerData          TriggerKind = "data"          // a value that nobody expected, or a migration
	TriggerExpiry        TriggerKind = "expiry"        // a certificate, a licence, a date
	TriggerSecurity      TriggerKind = "security"      // an attack
	TriggerOther         TriggerKind = "other"
)

// TriggerKinds returns all kinds of triggers.
func TriggerKinds() []TriggerKind {
	return []TriggerKind{TriggerBinary, TriggerConfiguration, TriggerTraffic, TriggerProvider, TriggerCapacity, TriggerHardware,
		TriggerData, TriggerExpiry, TriggerSecurity, TriggerOther}
}

// Content is what people write in a postmortem.
type Content struct {
	Summary      string   `json:"summary,omitempty" yaml:"summary" doc:"What happened, for somebody outside the team"`
	Impact       Impact   `json:"impact" yaml:"impact"`
	Background   string   `json:"background,omitempty" yaml:"background" doc:"What a reader needs to know of the system"`
	Trigger      Trigger  `json:"trigger" yaml:"trigger"`
	RootCauses   []Cause  `json:"rootCauses,omitempty" yaml:"rootCauses" doc:"Without which it would not have happened"`
	Contributing []Cause  `json:"contributing,omitempty" yaml:"contributing" doc:"Factors that made it likelier, worse or longer"`
	FiveWhys     []string `json:"fiveWhys,omitempty" yaml:"fiveWhys" doc:"Each is the answer to why the one before it was possible"`
	Detection    string   `json:"detection,omitempty" yaml:"detection" doc:"How it was noticed"`
	Gap          string   `json:"gap,omitempty" yaml:"gap" doc:"What did not notice it, and why"`
	Response     string   `json:"response,omitempty" yaml:"response" doc:"What helped the responders, and what was in their way"`
	Recovery     string   `json:"recovery,omitempty" yaml:"recovery" doc:"What brought the service back, and how that was known"`
	Timeline     []Moment `json:"timeline,omitempty" yaml:"timeline" doc:"What the incident's own timeline does not tell"`
	WentWell     []string `json:"wentWell,omitempty" yaml:"wentWell"`
	WentWrong    []string `json:"wentWrong,omitempty" yaml:"wentWrong"`
	Lucky        []string `json:"lucky,omitempty" yaml:"lucky" doc:"What could have made it worse and happened not to"`
	Lessons      []string `json:"lessons,omitempty" yaml:"lessons"`
	Links        Links    `json:"links" yaml:"links"`
}

// Impact is what customers noticed. What can be counted is among the facts.
type Impact struct {
	Text  string `json:"text,omitempty" yaml:"text" doc:"Who noticed, and what they could not do"`
	Users *int64 `json:"users,omitempty" yaml:"users" minimum:"0" doc:"How many were affected; absent if nobody knows"`
}

// Trigger is what set it off.
type Trigger struct {
	Kind TriggerKind `json:"kind,omitempty" yaml:"kind" enum:"binary,configuration,traffic,provider,capacity,hardware,data,expiry,security,other"`
	Text string      `json:"text,omitempty" yaml:"text"`
}

// Cause is a condition that had to hold.
type Cause struct {
	Label    string `json:"label,omitempty" yaml:"label" doc:"A short name that makes it known again in another postmortem" example:"connection pool exhausted"`
	Text     string `json:"text" yaml:"text"`
	Evidence string `json:"evidence,omitempty" yaml:"evidence" doc:"What shows it: a graph, a log, a commit"`
}

// Moment is a line that the authors add to the timeline.
type Moment struct {
	At   time.Time `json:"at" yaml:"at"`
	Who  string    `json:"who,omitempty" yaml:"who" doc:"A role, not a name"`
	What string    `json:"what" yaml:"what"`
}

// Links attach what else is known: risks of the register, rows of a failure modes and effects analysis, fault trees,
// other incidents.
type Links struct {
	Risks      []string `json:"risks,omitempty" yaml:"risks" example:"[\"RISK-7\"]"`
	FMEA       []string `json:"fmea,omitempty" yaml:"fmea" doc:"Rows of an analysis, such as origin/disk"`
	FaultTrees []string `json:"faultTrees,omitempty" yaml:"faultTrees" doc:"Files or addresses of fault trees"`
	Incidents  []string `json:"incidents,omitempty" yaml:"incidents" example:"[\"INC-7\"]"`
}

var (
	riskRef     = regexp.MustCompile(`^RISK-[1-9][0-9]{0,17}$`)
	incidentRef = regexp.MustCompile(`^INC-[1-9][0-9]{0,17}$`)
)

// Check returns an *incidents.InputError for the first value that cannot be kept. What is missing is no error here: a draft
// may miss anything.
func (c Content) Check() error {
	for _, t := range []struct{ field, text string }{
		{"summary", c.Summary}, {"impact.text", c.Impact.Text}, {"background", c.Background}, {"trigger.text", c.Trigger.Text},
		{"detection", c.Detection}, {"gap", c.Gap}, {"response", c.Response}, {"recovery", c.Recovery},
	} {
		if err := checkText(t.field, t.text, MaxText, false); err != nil {
			return err
		}
	}
	if c.Impact.Users != nil && *c.Impact.Users < 0 {
		return input("impact.users", fmt.Sprint(*c.Impact.Users), "a number that is not negative")
	}
	if k := string(c.Trigger.Kind); k != "" && !slices.Contains(TriggerKinds(), c.Trigger.Kind) {
		return input("trigger.kind", k, "one of "+oneOf(TriggerKinds())+nearest.Hint(k, names(TriggerKinds())))
	}
	for _, check := range []error{
		checkCauses("rootCauses", c.RootCauses), checkCauses("contributing", c.Contributing), checkMoments(c.Timeline),
		checkList("fiveWhys", c.FiveWhys, MaxLine, nil), checkList("wentWell", c.WentWell, MaxLine, nil),
		checkList("wentWrong", c.WentWrong, MaxLine, nil), checkList("lucky", c.Lucky, MaxLine, nil), checkList("lessons", c.Lessons, MaxLine, nil),
		checkList("links.risks", c.Links.Risks, maxName, refs(riskRef, "a risk such as RISK-7")),
		checkList("links.fmea", c.Links.FMEA, maxName, nil), checkList("links.faultTrees", c.Links.FaultTrees, maxName, nil),
		checkList("links.incidents", c.Links.Incidents, maxName, refs(incidentRef, "an incident such as INC-7")),
	} {
		if check != nil {
			return check
		}
	}
	return nil
}

func checkText(field, s string, most int, needed bool) error {
	switch n := utf8.RuneCountInString(s); {
	case strings.TrimSpace(s) == "" && needed:
		return input(field, "", "some words")
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return input(field, strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "?"), "?"), "text in UTF-8")
	case n > most:
		return input(field, string([]rune(s)[:40])+"…", fmt.Sprintf("at most %d characters, found %d", most, n))
	}
	return nil
}

// checkInstant takes instants that can be written down: in UTC, those of the years 1 to 9999.
func checkInstant(field string, t time.Time) error {
	switch year := t.UTC().Year(); {
	case t.IsZero():
		return input(field, "", "an instant")
	case year < 1 || year > 9999:
		return input(field, t.Format(time.RFC3339), "an instant of the years 1 to 9999 in UTC")
	}
	return nil
}

func checkList(field string, list []string, most int, also func(field, s string) error) error {
	if len(list) > MaxList {
		return input(field, fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", MaxList))
	}
	for n, s := range list {
		at := fmt.Sprintf("%s[%d]", field, n)
		if err := checkText(at, s, most, true); err != nil {
			return err
		}
		if also != nil {
			if err := also(at, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func refs(pattern *regexp.Regexp, want string) func(field, s string) error {
	return func(field, s string) error {
		if !pattern.MatchString(s) {
			return input(field, s, want)
		}
		return nil
	}
}

func checkCauses(field string, list []Cause) error {
	if len(list) > MaxList {
		return input(field, fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", MaxList))
	}
	for n, c := range list {
		at := fmt.Sprintf("%s[%d].", field, n)
		for _, err := range []error{checkText(at+"label", c.Label, maxName, false), checkText(at+"text", c.Text, MaxLine, true), checkText(at+"evidence", c.Evidence, MaxLine, false)} {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func checkMoments(list []Moment) error {
	if len(list) > MaxList {
		return input("timeline", fmt.Sprintf("%d entries", len(list)), fmt.Sprintf("at most %d", MaxList))
	}
	for n, m := range list {
		at := fmt.Sprintf("timeline[%d].", n)
		for _, err := range []error{checkInstant(at+"at", m.At), checkText(at+"who", m.Who, maxName, false), checkText(at+"what", m.What, MaxLine, true)} {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for n, v := range list {
		out[n] = string(v)
	}
	return out
}

func oneOf[T ~string](list []T) string { return strings.Join(names(list), ", ") }
