package report

import (
	"time"

	"plimsoll/slo"
)

// Report is the report of one week. All times are UTC.
type Report struct {
	Week  string    `json:"week" doc:"ISO week" example:"2026-W48"`
	From  time.Time `json:"from" doc:"First instant of the week"`
	Until time.Time `json:"until" doc:"The end of the week, which is not part of it; or the instant of asking, which is, if the week is not over"`
	// Complete is false for a week that is not over: its figures will still change.
	Complete    bool         `json:"complete" doc:"Whether the week is over"`
	Summary     []string     `json:"summary" nullable:"false" doc:"The week in plain sentences"`
	Services    []Service    `json:"services" nullable:"false"`
	Incidents   []Incident   `json:"incidents" nullable:"false" doc:"Incidents that were declared or open in the week"`
	ActionItems []ActionItem `json:"overdueActionItems" nullable:"false" doc:"Action items of postmortems that were due and not done at the end, the one that waits longest first"`
}

// Service is the week of one service.
type Service struct {
	Name       string      `json:"name"`
	Owner      string      `json:"owner,omitempty"`
	Objectives []Objective `json:"objectives" nullable:"false"`
	Releases   Releases    `json:"releases"`
	Freezes    []Freeze    `json:"freezes" nullable:"false" doc:"Spells in which releases were frozen, cut to the week"`
	Overrides  []Override  `json:"overrides" nullable:"false" doc:"Asked for, used, or owing a follow-up in the week"`
	Exemptions []Exemption `json:"exemptions" nullable:"false" doc:"Counted at some time of the week"`
	Overdue    []Overdue   `json:"overdue" nullable:"false" doc:"Duties of a Code Red that were not done in time"`
	Delivery   []Delivery  `json:"delivery" nullable:"false" doc:"How changes reached each environment: the measures of DORA"`
	Advice     Advice      `json:"advice"`
}

// Objective is the week of one objective.
type Objective struct {
	Key    slo.Key   `json:"key"`
	Name   string    `json:"name" doc:"Name for people"`
	Target slo.Ratio `json:"target" doc:"Share of events that shall be good, as a decimal fraction" example:"0.999"`
	Window string    `json:"window" doc:"Window of the budget"`
	Unit   string    `json:"unit" enum:"events,samples,slices" doc:"What is counted"`
	// A composite has the budgets of its components and no events of its own.
	Composite bool `json:"composite,omitempty" doc:"Whether the budget is that of its components, by their weights"`
	// The week's own events, whatever the window. They are whole but for slices and samples that are judged by their ratios.
	Good     float64 `json:"good" doc:"Good events of the week"`
	Total    float64 `json:"total" doc:"Events of the week"`
	Kept     bool    `json:"kept" doc:"Whether the week's share of good events reached the target; true without events. Of a composite: whether its budget is not spent"`
	Spent    float64 `json:"spent" doc:"The week's bad events as a share of what the window that ends with the week allows"`
	Coverage float64 `json:"coverage" doc:"Share of the week's minutes in which the source was seen"`
	// MeasuredSince and CoverageSince tell a source that is new from one that is seen with gaps.
	MeasuredSince time.Time `json:"measuredSince,omitzero" doc:"First minute in which the source was seen; absent if that was before the week, or never"`
	CoverageSince float64   `json:"coverageSince" doc:"Share of the minutes since then in which the source was seen; the same as coverage if measuredSince is absent"`
	Start         Budget    `json:"start" doc:"Over the window that ends with the week's start"`
	End           Budget    `json:"end" doc:"Over the window that ends with the week, or with the report if the week is not over"`
	Worst         []Hour    `json:"worst" nullable:"false" doc:"The hours with the most bad events, at most three"`
}

// young reports whether the source was seen without gaps since it was first seen in this week.
func (o Objective) young(enough float64) bool {
	return !o.MeasuredSince.IsZero() && o.Coverage < enough && o.CoverageSince >= enough
}

// Bad returns the bad events of the week.
func (o Objective) Bad() float64 { return o.Total - o.Good }

// Budget is what was left of a budget at one instant.
type Budget struct {
	Remaining float64 `json:"remaining" doc:"1 − bad ÷ allowed; below 0 the budget is overspent"`
	Bad       float64 `json:"bad"`
	Allowed   float64 `json:"allowed" doc:"Events that may be bad"`
	Spent     bool    `json:"spent" doc:"Whether bad events were at least what is allowed, and enough to say so"`
	Estimated bool    `json:"estimated,omitempty" doc:"Whether events were added for minutes without data, as the objective asks"`
	Coverage  float64 `json:"coverage" doc:"Share of the window's minutes in which the source was seen"`
}

// Hour is an hour of the week.
type Hour struct {
	From  time.Time `json:"from"`
	Bad   float64   `json:"bad"`
	Total float64   `json:"total"`
	Share float64   `json:"share" doc:"Its bad events as a share of the week's"`
}

// Releases are the answers of the deploy gate.
type Releases struct {
	Allowed int `json:"allowed"`
	Denied  int `json:"denied"`
	Held    int `json:"held" doc:"Could not be decided"`
	// Shadow are answers that said allow only because the policy is not enforced yet.
	Shadow  int           `json:"shadow" doc:"Allowed only because the policy is not enforced yet"`
	Reasons []ReasonCount `json:"reasons" nullable:"false" doc:"Why checks were denied or held, or would have been, most frequent first"`
}

// Checks is the number of all answers.
func (r Releases) Checks() int { return r.Allowed + r.Denied + r.Held }

// ReasonCount is how often a reason decided.
type ReasonCount struct {
	Reason string `json:"reason" example:"CODE_RED"`
	Count  int    `json:"count"`
}

// Freeze is a spell in which releases to an environment were frozen.
type Freeze struct {
	Environment string    `json:"environment"`
	From        time.Time `json:"from"`
	Until       time.Time `json:"until" doc:"Its end, or the end of the report if it was still in force"`
	Since       time.Time `json:"since" doc:"Since when releases had been frozen without a break, for this or another reason; possibly before the week"`
	Ongoing     bool      `json:"ongoing" doc:"Whether it was in force at the end of the report"`
	Seconds     int64     `json:"seconds" doc:"How long, within the week"`
	Reason      string    `json:"reason"`
}

// Incident is an incident of the week. Durations are in whole seconds and absent where they are not known.
type Incident struct {
	Ref                  string    `json:"ref" example:"INC-7"`
	Title                string    `json:"title"`
	Severity             int       `json:"severity"`
	State                string    `json:"state" doc:"At the time of asking"`
	Open                 bool      `json:"open" doc:"At the time of asking"`
	CodeRed              bool      `json:"codeRed" doc:"Whether a spent budget, and the freeze that it began, declared it"`
	Services             []string  `json:"services" nullable:"false"`
	Declared             time.Time `json:"declared"`
	SecondsToDetect      *int64    `json:"secondsToDetect,omitempty" doc:"TTD: from start to detection"`
	SecondsToAcknowledge *int64    `json:"secondsToAcknowledge,omitempty" doc:"TTA: from detection to acknowledgement"`
	SecondsToMitigate    *int64    `json:"secondsToMitigate,omitempty" doc:"TTM: from start to mitigation"`
	SecondsToResolve     *int64    `json:"secondsToResolve,omitempty" doc:"TTR: from start to resolution"`
}

// Advice is what to do next, with the rule that says so.
type Advice struct {
	Rule string `json:"rule" doc:"Name of the rule" enum:"budget-spent,measurement-first,large-spend,objective-missed,measured-since,room-to-spend,go-on"`
	Text string `json:"text"`
}
