package api

import (
	"time"

	"plimsoll/slo"
)

// Detail is an objective with its forecast, its definition, what spent its budget, and the working of every figure.
type Detail struct {
	Objective
	At           time.Time       `json:"at" doc:"The instant for which the numbers hold"`
	Forecast     slo.Forecast    `json:"forecast" doc:"When the budget changes sides; a member is absent where it does not within one window"`
	Outlook      string          `json:"outlook" doc:"The forecast in words"`
	Definition   Definition      `json:"definition" doc:"What is counted, and where that is written"`
	Attribution  *Attribution    `json:"attribution,omitempty" doc:"What spent the budget; absent while that cannot be found out"`
	Unattributed string          `json:"unattributed,omitempty" doc:"Why what spent the budget is not known now"`
	Children     []slo.Key       `json:"children,omitempty" doc:"Keys of the children of an objective that is divided by labels"`
	Explanation  slo.Explanation `json:"explanation" doc:"How each figure comes about"`
}

// Definition is what an objective counts.
type Definition struct {
	Good        string         `json:"good,omitempty" doc:"PromQL that counts good events; absent where bad events are counted"`
	Bad         string         `json:"bad,omitempty" doc:"PromQL that counts bad events; absent where good events are counted"`
	Total       string         `json:"total,omitempty" doc:"PromQL that counts all events"`
	Query       string         `json:"query,omitempty" doc:"PromQL whose samples are judged one by one"`
	Method      slo.Method     `json:"method" doc:"OpenSLO budgeting method"`
	Slice       string         `json:"slice,omitempty" doc:"Length of a slice, where slices are judged" example:"5m"`
	SliceTarget *slo.Ratio     `json:"sliceTarget,omitempty" doc:"Share of a slice's events that shall be good, under Timeslices"`
	NoData      NoData         `json:"noData" doc:"What minutes without data mean"`
	LowTraffic  slo.LowTraffic `json:"lowTraffic" doc:"What has to be seen before the budget is judged"`
	File        string         `json:"file,omitempty" doc:"File in which the objective is defined"`
	Line        int            `json:"line,omitempty" doc:"Line in that file"`
}

// NoData is what gaps mean for each use.
type NoData struct {
	Gate   slo.Gap `json:"gate" enum:"ignore,good,bad,hold"`
	Alert  slo.Gap `json:"alert" enum:"ignore,good,bad,hold"`
	Report slo.Gap `json:"report" enum:"ignore,good,bad,hold"`
}

// Attribution says what spent a budget.
type Attribution struct {
	Bad    float64 `json:"bad" doc:"Bad events as measured, in the objective's unit: the sum over the causes; 0 for a composite, which has shares only"`
	Causes []Spend `json:"causes" nullable:"false" doc:"The one that spent the most first"`
	Spells []Spell `json:"spells" nullable:"false" doc:"The hundred times that spent the most, the earliest first"`
	Others int     `json:"others,omitempty" doc:"How many further spells there are"`
}

// Spend is what one cause spent.
type Spend struct {
	Kind            slo.CauseKind `json:"kind" enum:"correction,incident,deploy,nobody" doc:"What a correction takes away is not in the budget"`
	Ref             string        `json:"ref,omitempty" example:"INC-7"`
	Title           string        `json:"title,omitempty"`
	From            *time.Time    `json:"from,omitempty"`
	Until           *time.Time    `json:"until,omitempty" doc:"Absent while it goes on"`
	Bad             float64       `json:"bad"`
	Share           float64       `json:"share" doc:"Of the budget: bad ÷ allowed"`
	NeedsPostmortem bool          `json:"needsPostmortem" doc:"Whether that is more than a fifth of the budget; of nobody, whether one spell is"`
}

// Spell is a time in which budget was spent.
type Spell struct {
	From   time.Time `json:"from" doc:"Beginning of its first minute with bad events"`
	Until  time.Time `json:"until" doc:"End of its last"`
	Bad    float64   `json:"bad"`
	Share  float64   `json:"share" doc:"Of the budget: bad ÷ allowed"`
	Causes []Spend   `json:"causes" nullable:"false"`
}

func definitionOf(o *slo.Objective) Definition {
	d := Definition{
		Good: o.Indicator.Good, Bad: o.Indicator.Bad, Total: o.Indicator.Total, Query: o.Indicator.Query,
		Method: o.Method, LowTraffic: o.Guard(), File: o.File, Line: o.Line,
		NoData: NoData{o.NoData.For(slo.ForGate), o.NoData.For(slo.ForAlert), o.NoData.For(slo.ForReport)},
	}
	if o.Slice.Length > 0 {
		d.Slice = slo.ShortDuration(o.Slice.Length)
	}
	if o.Method == slo.Timeslices {
		d.SliceTarget = &o.Slice.Target
	}
	return d
}

// mostSpells bounds the list of spells; a service with little traffic has thousands of them.
const mostSpells = 100

func attributionOf(o *slo.Objective, a slo.Attribution) *Attribution {
	m := o.Measure()
	kept := a.Largest(mostSpells)
	out := &Attribution{Bad: m.Float(a.Bad), Causes: spendsOf(m, a.Causes), Spells: []Spell{}, Others: len(a.Spells) - len(kept)}
	for _, s := range kept {
		out.Spells = append(out.Spells, Spell{
			From: s.From.Time(), Until: (s.To + 1).Time(), Bad: m.Float(s.Bad), Share: s.Share, Causes: spendsOf(m, s.Spends),
		})
	}
	return out
}

func spendsOf(m slo.Measure, list []slo.Spend) []Spend {
	out := []Spend{}
	for _, s := range list {
		spend := Spend{Kind: s.Kind, Ref: s.Ref, Title: s.Title, Bad: m.Float(s.Bad), Share: s.Share, NeedsPostmortem: s.NeedsPostmortem}
		if from := s.From; !from.IsZero() {
			spend.From = &from
		}
		if until := s.To; !until.IsZero() {
			spend.Until = &until
		}
		out = append(out, spend)
	}
	return out
}
