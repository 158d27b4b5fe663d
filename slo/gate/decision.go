package gate

import (
	"fmt"
	"time"
)

// Outcome is the answer to a check.
type Outcome string

const (
	Allow Outcome = "allow"
	Deny  Outcome = "deny"
	Hold  Outcome = "hold" // cannot be decided now; never an allow
)

// Pass is the verdict of a clause that has nothing to say. It is never the outcome of a decision.
const Pass Outcome = "pass"

// Reason names why a clause spoke, for machines.
type Reason string

const (
	WithinBudget     Reason = "WITHIN_BUDGET"     // nothing stands in the way
	ExemptRollback   Reason = "EXEMPT_ROLLBACK"   // a rollback always goes
	Overridden       Reason = "OVERRIDE"          // two people answer for it
	ExemptClass      Reason = "EXEMPT_CLASS"      // the policy exempts this class
	ReferenceMissing Reason = "REFERENCE_MISSING" // the class is exempt only with an open reference
	CodeRedInForce   Reason = "CODE_RED"          // a budget was spent; releases are frozen
	FrozenByHand     Reason = "FROZEN_BY_HAND"    // a person froze releases
	ThawedByHand     Reason = "THAWED_BY_HAND"    // a person lifted the freeze for a time
	ThawingSlowly    Reason = "THAWING"           // after a freeze changes go one at a time
	BudgetSpent      Reason = "BUDGET_SPENT"      // a budget is spent
	BudgetExcused    Reason = "BUDGET_EXCUSED"    // a budget is spent, but Code Red was ended by its exit criteria
	ExemptCause      Reason = "EXEMPT_CAUSE"      // a budget is spent, but not by the team's doing
	BudgetCaution    Reason = "BUDGET_CAUTION"    // a budget is low
	DataStale        Reason = "DATA_STALE"        // the source has not been heard for too long
	DataLastGood     Reason = "DATA_LAST_GOOD"    // data is stale, and the last good figures stand for it for a time
	CoverageLow      Reason = "COVERAGE_LOW"      // the source was seen in too few minutes
	DataGap          Reason = "DATA_GAP"          // an objective asks to wait while its source is silent
	IncidentOpen     Reason = "INCIDENT_OPEN"     // a severe incident is open
	CalendarClosed   Reason = "CALENDAR_CLOSED"   // releases are closed at this time
	AlertFiring      Reason = "ALERT_FIRING"      // a budget burns right now
	ConditionHolds   Reason = "CONDITION"         // a condition of the policy's own holds
	ConditionFailed  Reason = "CONDITION_FAILED"  // a condition cannot be evaluated
	// DependencyInTrouble: a service that this one depends on is frozen or has a severe incident.
	DependencyInTrouble Reason = "DEPENDENCY"

	NoPolicy    Reason = "NO_POLICY"    // no policy covers the service and environment
	NoObjective Reason = "NO_OBJECTIVE" // there is no budget to decide by
	NoAnswer    Reason = "NO_ANSWER"    // the gate could not be asked; never recorded
)

// Result is what one clause said.
type Result struct {
	Clause  string  `json:"clause"` // as in the policy, such as "budget"
	Line    int     `json:"line,omitempty"`
	Verdict Outcome `json:"verdict" enum:"allow,deny,hold,pass"`
	Reason  Reason  `json:"reason,omitempty"`
	// Detail is the figures it read, in one line.
	Detail string `json:"detail"`
	// Next says what to do about a deny or hold.
	Next string `json:"next,omitempty"`
	// Flip is the smallest change that would turn this clause.
	Flip string `json:"flip,omitempty"`
	// Until is when it may turn by itself.
	Until *time.Time `json:"until,omitempty"`
}

// PolicyRef names the policy that decided.
type PolicyRef struct {
	Service string `json:"service"`        // "*" for the default, empty for that of a tier
	Tier    int    `json:"tier,omitempty"` // whose services it covers
	Version string `json:"version"`        // of the file's content
	Mode    Mode   `json:"mode"`
}

// Covers writes whom the policy is for: "video-api", "tier 1" or "*".
func (p PolicyRef) Covers() string {
	if p.Tier > 0 {
		return fmt.Sprintf("tier %d", p.Tier)
	}
	return p.Service
}

// Subject writes whom the policy is for within a sentence: `service "video-api"` or "tier 1".
func (p PolicyRef) Subject() string {
	if p.Tier > 0 {
		return p.Covers()
	}
	return fmt.Sprintf("service %q", p.Service)
}

// Known are the names that a spelling is suggested from.
type Known struct {
	Services     []string `json:"services"`
	Environments []string `json:"environments"`
}

// Decision is the answer with all that led to it.
type Decision struct {
	// Seq is the place of the decision in the audit log; 0 before it is recorded.
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Outcome Outcome   `json:"outcome" enum:"allow,deny,hold"`
	// Would is what the outcome would be if the policy were enforced; set in shadow mode only.
	Would  Outcome `json:"would,omitempty"`
	Reason Reason  `json:"reason"`
	Clause string  `json:"clause"` // that decided
	// Message is three lines: the answer, the figures, what to do next.
	Message []string `json:"message"`
	// Until is when what stands in the way may be gone: the budget back, the freeze over, the next slot free.
	Until *time.Time `json:"until,omitempty"`
	// Flip lists what would have to change for the opposite answer, the smallest change of each clause in the way.
	Flip         []string     `json:"flip,omitempty"`
	Change       Change       `json:"change"`
	By           string       `json:"by"` // who asked
	Policy       PolicyRef    `json:"policy,omitzero"`
	Freeze       State        `json:"freeze,omitzero"`
	Objectives   []Figures    `json:"objectives,omitempty"`
	LastGood     []Figures    `json:"lastGood,omitempty"` // see [Snapshot.LastGood]
	Incidents    []Incident   `json:"incidents,omitempty"`
	Alerts       []Alert      `json:"alerts,omitempty"`
	Dependencies []Dependency `json:"dependencies,omitempty"`
	Override     *Override    `json:"override,omitempty"`
	Exemptions   []Exemption  `json:"exemptions,omitempty"`
	References   []Reference  `json:"references,omitempty"`
	// Known are the names that a message about an unknown one was written from; nil for any other decision.
	Known   *Known   `json:"known,omitempty"`
	Clauses []Result `json:"clauses"`
}

// Verdict returns the outcome as the policy means it, whether or not it is enforced.
func (d Decision) Verdict() Outcome {
	if d.Would != "" {
		return d.Would
	}
	return d.Outcome
}
