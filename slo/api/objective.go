package api

import (
	"time"

	"plimsoll/slo"
)

// Objective is an objective with its numbers at one instant.
type Objective struct {
	Key           slo.Key       `json:"key" doc:"Identity: service/slo, or service/slo/objective where one SLO has several" example:"video-api/availability"`
	Service       string        `json:"service" doc:"The service that makes the promise"`
	Name          string        `json:"name" doc:"The key without the service"`
	DisplayName   string        `json:"displayName" doc:"Name for people"`
	Description   string        `json:"description,omitempty"`
	Owner         string        `json:"owner,omitempty" doc:"Who is told"`
	Target        float64       `json:"target" doc:"Share of events that shall be good, from 0 to below 1" example:"0.999"`
	Window        string        `json:"window" doc:"Rolling window over which the target holds" example:"30d"`
	WindowSeconds int64         `json:"windowSeconds" doc:"The window in seconds"`
	Condition     slo.Condition `json:"condition" enum:"spent,burning,low,unknown,healthy" doc:"The health in one word, the worst that holds: budget spent; going at a rate that pages; below a tenth; nothing seen; none of these"`
	SLI           float64       `json:"sli" doc:"good ÷ total over the window; 1 without events"`
	Events        Events        `json:"events" doc:"Events in the window"`
	Budget        Budget        `json:"budget" doc:"The error budget over the window"`
	Burn          []Burn        `json:"burn" nullable:"false" doc:"Burn rate over each lookback, shortest first"`
	Coverage      Coverage      `json:"coverage" doc:"How much of the window was observed"`
	Revision      uint64        `json:"revision" doc:"Grows when a closed minute of the ledger changes: late data, a filled gap"`
	LastSample    *time.Time    `json:"lastSample,omitempty" doc:"When the source was last heard; absent if never"`
}

// Events are counted events, all whole.
type Events struct {
	Good  int64 `json:"good"`
	Bad   int64 `json:"bad" doc:"total − good"`
	Total int64 `json:"total"`
}

// Budget is how much may still go wrong.
type Budget struct {
	Allowed   float64 `json:"allowed" doc:"Events that may be bad: (1 − target) × total; rarely whole"`
	Remaining float64 `json:"remaining" doc:"1 − bad ÷ allowed: 1 is untouched, 0 is spent, below 0 is overspent"`
	Spent     bool    `json:"spent" doc:"Whether bad events are at least what is allowed, decided in integers"`
}

// Burn is how many times faster than sustainable the budget was spent over a lookback.
type Burn struct {
	Lookback        string  `json:"lookback" example:"1h"`
	LookbackSeconds int64   `json:"lookbackSeconds"`
	Rate            float64 `json:"rate" doc:"(bad ÷ total) ÷ (1 − target); at 1 the budget lasts exactly one window; 0 without events"`
	Events          Events  `json:"events"`
	Coverage        float64 `json:"coverage" doc:"Share of the lookback's minutes that were observed, from 0 to 1"`
}

// Coverage is how much of a window was observed.
type Coverage struct {
	Ratio           float64 `json:"ratio" doc:"observedMinutes ÷ minutes, from 0 to 1"`
	ObservedMinutes int64   `json:"observedMinutes" doc:"Minutes in which the source was seen, with traffic or without"`
	Minutes         int64   `json:"minutes" doc:"Minutes in the window"`
}

// Detail is an objective with its forecast, its definition and the working of every figure.
type Detail struct {
	Objective
	At          time.Time    `json:"at" doc:"The instant for which the numbers hold"`
	Forecast    slo.Forecast `json:"forecast" doc:"When the budget changes sides; a member is absent where it does not within one window"`
	Definition  Definition   `json:"definition" doc:"What is counted, and where that is written"`
	Explanation []slo.Figure `json:"explanation" nullable:"false" doc:"How each figure comes about"`
}

// Definition is what an objective counts.
type Definition struct {
	Good   string     `json:"good,omitempty" doc:"PromQL that counts good events; absent where bad events are counted"`
	Bad    string     `json:"bad,omitempty" doc:"PromQL that counts bad events; absent where good events are counted"`
	Total  string     `json:"total" doc:"PromQL that counts all events"`
	Method slo.Method `json:"method" doc:"OpenSLO budgeting method"`
	File   string     `json:"file,omitempty" doc:"File in which the objective is defined"`
	Line   int        `json:"line,omitempty" doc:"Line in that file"`
}

func objectiveOf(s slo.Status) Objective {
	o := s.Objective
	v := Objective{
		Key: o.Key, Service: o.Service, Name: o.Name, DisplayName: o.DisplayName, Description: o.Description, Owner: o.Owner,
		Target: o.Target.Float(), Window: o.Window.String(), WindowSeconds: int64(o.Window.Length / time.Second),
		Condition: s.Condition(), SLI: s.SLI, Events: eventsOf(s.Window.Counts),
		Budget:   Budget{Allowed: s.Budget.Allowed, Remaining: s.Budget.Remaining, Spent: s.Budget.Spent},
		Burn:     make([]Burn, 0, len(s.Burn)),
		Coverage: Coverage{Ratio: s.Window.Coverage(), ObservedMinutes: s.Window.Observed, Minutes: s.Window.Minutes},
		Revision: s.Revision,
	}
	for _, b := range s.Burn {
		v.Burn = append(v.Burn, Burn{
			Lookback: slo.ShortDuration(b.Lookback), LookbackSeconds: int64(b.Lookback / time.Second),
			Rate: b.Rate, Events: eventsOf(b.Counts), Coverage: b.Coverage(),
		})
	}
	if !s.LastSample.IsZero() {
		t := s.LastSample.UTC()
		v.LastSample = &t
	}
	return v
}

func eventsOf(c slo.Counts) Events { return Events{Good: c.Good, Bad: c.Bad(), Total: c.Total} }

func detailOf(s slo.Status, f slo.Forecast) Detail {
	o := s.Objective
	return Detail{
		Objective: objectiveOf(s), At: s.At.UTC(), Forecast: f, Explanation: slo.Explain(s),
		Definition: Definition{Good: o.Indicator.Good, Bad: o.Indicator.Bad, Total: o.Indicator.Total,
			Method: o.Method, File: o.File, Line: o.Line},
	}
}
