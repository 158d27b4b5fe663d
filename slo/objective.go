package slo

import (
	"fmt"
	"strings"
	"time"
)

// Key is the identity of an objective: "service/slo", or "service/slo/objective" where one SLO has several.
type Key string

// Service returns the first part of the key.
func (k Key) Service() string {
	service, _, _ := strings.Cut(string(k), "/")
	return service
}

// Method says how events become the SLI of a window.
type Method string

// Occurrences divides the good events of the window by all of its events.
const Occurrences Method = "Occurrences"

// Window is the span over which an objective holds.
type Window struct {
	// Length of a rolling window, in whole minutes. A window that ends in minute m spans (m − Length, m].
	Length time.Duration
}

// Minutes returns the length of the window in minutes.
func (w Window) Minutes() int64 { return int64(w.Length / time.Minute) }

// String writes the window as people say it: "30d", "12h", "45m".
func (w Window) String() string { return ShortDuration(w.Length) }

// ShortDuration writes d in its largest whole unit of days, hours or minutes, such as "30d", "36h" or "90m".
func ShortDuration(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0 && d != 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0 && d != 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
}

// Indicator says which events are counted, as PromQL over counters.
// Exactly one of Good and Bad is set; Total always is.
type Indicator struct {
	Good  string
	Bad   string
	Total string
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
	Target      Ratio  // between 0 and 1, exclusive of 1
	Window      Window
	Method      Method
	Indicator   Indicator
	File        string // where it was read, for messages
	Line        int
}

// Budget is the share of events that may be bad: 1 − Target.
func (o *Objective) Budget() Ratio { return One - o.Target }
