package incidents

import (
	"strconv"
	"strings"
	"time"
)

// Severity says how bad an incident is: 1 is the worst, 5 the least, and 0 is not said yet.
type Severity int

// Unset is the severity of an incident that was declared before anybody could tell how bad it is.
const Unset Severity = 0

// level is the written meaning of a severity.
type level struct {
	name       string
	definition string
	cadence    time.Duration
	postmortem bool
}

// levels follow PagerDuty's severity levels. The cadence of severity 1 is the upper end of what that guide and the
// Google SRE workbook practise; the others widen it in step with the urgency of the response.
var levels = [...]level{
	{"critical", "Most customers cannot use the service, or data is being lost or exposed. Everybody who is needed is called at once.",
		30 * time.Minute, true},
	{"major", "A main function fails or is too slow for many customers, or an error budget is spent. Responders work on nothing else until it is mitigated.",
		time.Hour, true},
	{"moderate", "Some customers are affected and can work around it, or a redundancy is lost, so that the next failure would be a major one.",
		4 * time.Hour, false},
	{"minor", "Few customers notice. It is worked on in working hours.", 24 * time.Hour, false},
	{"low", "No customer notices. It is recorded for what can be learnt from it.", 0, false},
}

// Set reports whether anybody has said how bad it is.
func (s Severity) Set() bool { return s != Unset }

// Valid reports whether s is between 1 and 5.
func (s Severity) Valid() bool { return s >= 1 && int(s) <= len(levels) }

func (s Severity) level() level {
	if !s.Valid() {
		return level{}
	}
	return levels[s-1]
}

// String writes the severity as people say it: "sev1", or "unset".
func (s Severity) String() string {
	if !s.Set() {
		return "unset"
	}
	return "sev" + strconv.Itoa(int(s))
}

// Name is the severity in a word: critical, major, moderate, minor or low; empty while it is not set.
func (s Severity) Name() string { return s.level().name }

// Definition says in whole sentences which incidents are of this severity.
func (s Severity) Definition() string { return s.level().definition }

// Cadence is how often everybody else is told how it goes; 0 for only when there is news.
func (s Severity) Cadence() time.Duration { return s.level().cadence }

// NeedsPostmortem reports whether an incident of this severity must have a postmortem.
func (s Severity) NeedsPostmortem() bool { return s.level().postmortem }

// Severities returns 1 to 5.
func Severities() []Severity {
	all := make([]Severity, len(levels))
	for i := range all {
		all[i] = Severity(i + 1)
	}
	return all
}

// ParseSeverity reads "2", "sev2", "SEV-2" or "major".
func ParseSeverity(text string) (Severity, error) {
	word := strings.ToLower(text)
	for _, s := range Severities() {
		number := strconv.Itoa(int(s))
		if word == number || word == "sev"+number || word == "sev-"+number || word == s.Name() {
			return s, nil
		}
	}
	return 0, &InputError{Field: "severity", Found: text, Want: "1 to 5, such as sev2"}
}
