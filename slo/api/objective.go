package api

import (
	"time"

	"plimsoll/slo"
)

// Objective is an objective with its numbers at one instant.
type Objective struct {
	Key           slo.Key       `json:"key" doc:"Identity: service/slo, or service/slo/objective where one SLO has several; that of a child has its labels behind" example:"video-api/availability"`
	Service       string        `json:"service" doc:"The service that makes the promise"`
	Name          string        `json:"name" doc:"The key without the service"`
	DisplayName   string        `json:"displayName" doc:"Name for people"`
	Description   string        `json:"description,omitempty"`
	Owner         string        `json:"owner,omitempty" doc:"Who is told"`
	Parent        slo.Key       `json:"parent,omitempty" doc:"The objective that this one is a child of"`
	Group         string        `json:"group,omitempty" doc:"The labels of a child" example:"{route=\"/videos\"}"`
	Target        slo.Ratio     `json:"target" doc:"Share of events that shall be good, a decimal fraction from 0 to below 1" example:"0.999"`
	Window        string        `json:"window" doc:"Window over which the target holds: rolling, or a period of the calendar with its zone" example:"30d"`
	WindowName    string        `json:"windowName" doc:"The same in words" example:"calendar month in Europe/Berlin"`
	WindowSeconds int64         `json:"windowSeconds" doc:"Its length in seconds; of a calendar window the nominal one"`
	From          time.Time     `json:"from" doc:"Beginning of the window"`
	Until         time.Time     `json:"until" doc:"End of its last minute, the one that contains the instant"`
	Method        slo.Method    `json:"method" enum:"Occurrences,Timeslices,RatioTimeslices,Composite" doc:"OpenSLO budgeting method"`
	Unit          string        `json:"unit" enum:"events,samples,slices" doc:"What is counted"`
	Condition     slo.Condition `json:"condition" enum:"spent,burning,low,unknown,healthy" doc:"The health in one word, the worst that holds: budget spent; going at a rate that pages; below a tenth; nothing seen; none of these"`
	SLI           float64       `json:"sli" doc:"good ÷ total over the window; 1 without events"`
	Events        Events        `json:"events" doc:"What is judged, in its unit: events, or slices of time, after corrections. All 0 for a composite"`
	Measured      Events        `json:"measured" doc:"What was measured in the window: events, before corrections"`
	Corrections   []int64       `json:"corrections,omitempty" doc:"Numbers of the corrections that touch the window"`
	Budget        Budget        `json:"budget" doc:"The error budget over the window"`
	Burn          []Burn        `json:"burn" nullable:"false" doc:"Burn rate over each lookback, shortest first"`
	Components    []Component   `json:"components,omitempty" doc:"What a composite is made of"`
	Coverage      Coverage      `json:"coverage" doc:"How much of the window was observed"`
	Quality       []slo.Signal  `json:"quality" nullable:"false" doc:"What is wrong with the data behind the numbers"`
	Version       int           `json:"version" doc:"Version of the definition in force; 0 where none is kept"`
	Revision      uint64        `json:"revision" doc:"Grows when a closed minute of the ledger changes: late data, a filled gap, a correction"`
	LastSample    *time.Time    `json:"lastSample,omitempty" doc:"When the source was last heard; absent if never"`
}

// Events are counts. They are whole but for slices and samples that are judged by their ratios, and exact up to 2⁵³.
type Events struct {
	Good  float64 `json:"good"`
	Bad   float64 `json:"bad" doc:"total − good"`
	Total float64 `json:"total"`
}

// Budget is how much may still go wrong.
type Budget struct {
	Allowed   float64 `json:"allowed" doc:"Events that may be bad: (1 − target) × total; rarely whole"`
	Remaining float64 `json:"remaining" doc:"1 − bad ÷ allowed: 1 is untouched, 0 is spent, below 0 is overspent"`
	Spent     bool    `json:"spent" doc:"Whether bad events are at least what is allowed, decided in integers"`
	Judged    bool    `json:"judged" doc:"Whether there are enough events to act on it; without, nobody is paged and no release is stopped"`
}

// Burn is how many times faster than sustainable the budget was spent over a lookback.
type Burn struct {
	Lookback        string  `json:"lookback" example:"1h"`
	LookbackSeconds int64   `json:"lookbackSeconds"`
	Rate            float64 `json:"rate" doc:"(bad ÷ total) ÷ (1 − target); at 1 the budget lasts exactly one window; 0 without events"`
	Events          Events  `json:"events"`
	Coverage        float64 `json:"coverage" doc:"Share of the lookback's minutes that were observed, from 0 to 1"`
}

// Component is a part of a composite.
type Component struct {
	Key       slo.Key       `json:"key"`
	Weight    string        `json:"weight" doc:"Decimal; relative to the other components'" example:"2"`
	Remaining float64       `json:"remaining" doc:"What is left of its own budget"`
	Condition slo.Condition `json:"condition" enum:"spent,burning,low,unknown,healthy"`
}

// Coverage is how much of a window was observed.
type Coverage struct {
	Ratio           float64 `json:"ratio" doc:"observedMinutes ÷ minutes, from 0 to 1"`
	ObservedMinutes int64   `json:"observedMinutes" doc:"Minutes in which the source was seen, with traffic or without"`
	Minutes         int64   `json:"minutes" doc:"Minutes in the window, without those that a correction excludes"`
	// Since tells a new source from one that is seen with gaps.
	Since      *time.Time `json:"since,omitempty" doc:"First minute in which the source was seen; absent if that was at the window's beginning or before, or never"`
	RatioSince *float64   `json:"ratioSince,omitempty" doc:"Share of the minutes since then that were observed"`
}

func objectiveOf(s slo.Status, view slo.Reader) Objective {
	o, m := s.Objective, s.Objective.Measure()
	from, until := s.Bounds()
	v := Objective{
		Key: o.Key, Service: o.Service, Name: o.Name, DisplayName: o.DisplayName, Description: o.Description, Owner: o.Owner,
		Parent: o.Parent, Group: o.Group,
		Target: o.Target, Window: o.Window.String(), WindowName: o.Window.Describe(), WindowSeconds: int64(o.Window.Length / time.Second), From: from, Until: until,
		Method: o.Method, Unit: m.Many, Condition: s.Condition(), SLI: s.SLI,
		Events: eventsOf(m, s.Window.Counts), Measured: eventsOf(o.RawMeasure(), s.Raw.Counts),
		Budget: Budget{
			Allowed: s.Budget.Allowed / float64(m.Weight), Remaining: s.Budget.Remaining, Spent: s.Budget.Spent, Judged: s.Judged(),
		},
		Burn: make([]Burn, 0, len(s.Burn)), Coverage: coverageOf(s, view), Version: s.Version, Revision: s.Revision,
		Quality: append([]slo.Signal{}, slo.Quality(s, slo.QualityLimits{})...),
	}
	for _, id := range s.Corrections {
		v.Corrections = append(v.Corrections, int64(id))
	}
	for _, b := range s.Burn {
		v.Burn = append(v.Burn, Burn{
			Lookback: slo.ShortDuration(b.Lookback), LookbackSeconds: int64(b.Lookback / time.Second),
			Rate: b.Rate, Events: eventsOf(m, b.Counts), Coverage: b.Coverage(),
		})
	}
	for _, p := range s.Parts {
		v.Components = append(v.Components, Component{p.Key, p.Weight.String(), p.Status.Budget.Remaining, p.Status.Condition()})
	}
	if !s.LastSample.IsZero() {
		t := s.LastSample.UTC()
		v.LastSample = &t
	}
	return v
}

func eventsOf(m slo.Measure, c slo.Counts) Events {
	return Events{Good: m.Float(c.Good), Bad: m.Float(c.Bad()), Total: m.Float(c.Total)}
}

func coverageOf(s slo.Status, view slo.Reader) Coverage {
	c := Coverage{Ratio: s.Window.Coverage(), ObservedMinutes: s.Window.Observed, Minutes: s.Window.Minutes}
	if view != nil {
		if since, ratio, ok := slo.Since(s, view); ok {
			c.Since, c.RatioSince = &since, &ratio
		}
	}
	return c
}
