package slo

import (
	"strings"
	"time"
)

// Key is the identity of an objective: "service/slo", or "service/slo/objective" where one SLO has several. The child of an objective that is
// divided by labels has its parent's key and the labels: `service/slo{route="/videos"}`.
type Key string

// Service returns the first part of the key.
func (k Key) Service() string {
	service, _, _ := strings.Cut(string(k), "/")
	return service
}

// Method says how events become the SLI of a window.
type Method string

const (
	// Occurrences divides the good events of the window by all of its events.
	Occurrences Method = "Occurrences"
	// Timeslices divides the slices of the window whose own ratio meets the slice target by all of its slices that had events.
	Timeslices Method = "Timeslices"
	// RatioTimeslices averages the ratios of the window's slices that had events. Each slice counts as [RatioWeight] events.
	RatioTimeslices Method = "RatioTimeslices"
	// Composite averages the spent shares of its components' budgets by their weights. It counts no events of its own.
	Composite Method = "Composite"
)

// Slice divides time into equal parts, one of which begins at the Unix epoch. A slice belongs to the window that contains its last
// minute, and counts once that minute is over.
type Slice struct {
	Length time.Duration // whole minutes; 0 for [Occurrences]
	Target Ratio         // of [Timeslices]: the least ratio of a good slice; may be [One]
}

// Component is a part of a composite objective.
type Component struct {
	Key    Key
	Weight Ratio // in parts per billion like every ratio, but may be above [One]
}

// Gap says what minutes without data mean.
type Gap string

const (
	// GapIgnored: only what was observed counts. This is the default.
	GapIgnored Gap = "ignore"
	// GapGood: a minute without data counts as if its events had come at the rate of the observed minutes, all good.
	GapGood Gap = "good"
	// GapBad: the same, all bad.
	GapBad Gap = "bad"
	// GapHold: whoever decides must wait for data.
	GapHold Gap = "hold"
)

// NoData says what gaps mean for each use of an objective. Empty means [GapIgnored].
type NoData struct {
	Gate, Alert, Report Gap
}

// LowTraffic is what an objective must have seen before its budget is judged, in units of its [Measure]: events, or slices. If both are
// 0 the default holds; see [Objective.Guard]. {MinBad: 1} asks for nothing, for without a bad event nothing is spent.
type LowTraffic struct {
	MinBad   int64 `json:"minBad"`   // 0: no minimum
	MinTotal int64 `json:"minTotal"` // the same
}

// Objective is a promise about a service: this share of these events is good over this window.
// It is immutable once read.
type Objective struct {
	Key         Key
	Service     string // identity of the service, as in the gate's --service
	Name        string // the rest of the key
	DisplayName string // for people; never empty
	Description string
	Owner       string // who is told; may be empty
	Labels      map[string][]string
	Target      Ratio // between 0 and 1, exclusive of 1
	Window      Window
	Method      Method
	Slice       Slice // of [Timeslices] and [RatioTimeslices]
	Indicator   Indicator
	Components  []Component // of [Composite]

	// Parent is the objective that this is a child of, by Group; empty for all that are written in files.
	Parent Key
	Group  string // such as `{route="/videos"}`
	// MaxChildren bounds the children of an objective that is divided by labels.
	MaxChildren int

	NoData     NoData
	LowTraffic LowTraffic
	Tier       string   // of the service's importance; may be empty
	OutOfGate  bool     // the gate does not look at it
	DependsOn  []string // services whose budgets matter to this one's releases
	Alerts     []AlertPolicy
	// AlertTiers are the burn-rate alerts that hold for it; nil: the usual ones. See [plimsoll/alerts].
	AlertTiers []AlertTier
	// EffectiveFrom is when this definition takes effect; zero: as soon as it is read.
	EffectiveFrom time.Time

	File string // where it was read, for messages
	Line int
}

// Budget is the share of events that may be bad: 1 − Target.
func (o *Objective) Budget() Ratio { return One - o.Target }

// AlertPolicy is an OpenSLO AlertPolicy with everything it refers to.
type AlertPolicy struct {
	Name, DisplayName, Description string
	Labels                         map[string][]string // of its metadata; nil for none
	Annotations                    map[string]string   // of its metadata; nil for none
	OnBreach, OnResolve, OnNoData  bool
	Condition                      AlertCondition
	Targets                        []AlertTarget
}

// AlertCondition is an OpenSLO AlertCondition: the burn rate over Lookback compares by Op with Threshold, for at least After.
type AlertCondition struct {
	Name, DisplayName, Description, Severity string
	Op                                       Op
	Threshold                                float64
	Lookback, After                          time.Duration
}

// AlertTarget is an OpenSLO AlertNotificationTarget.
type AlertTarget struct {
	Name, DisplayName, Description, Target string
}
