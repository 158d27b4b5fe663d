package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"plimsoll/incidents/risk"
	"plimsoll/internal/nearest"
)

// riskScores are flags for the scores. What is left out stays.
type riskScores struct {
	Compliance  *int `help:"What law and contracts would say, 1 to 5."`
	Security    *int `help:"What could be stolen, read or changed, 1 to 5."`
	BlastRadius *int `help:"How many people would notice, 1 to 5."`
	Probability *int `help:"How soon it may fail: 1 (not in five years), 2 (in five), 3 (in two), 4 (in one), 5 (in a few months)."`
}

func (s riskScores) apply(t *risk.Content) {
	set(&t.Scores.Compliance, s.Compliance)
	set(&t.Scores.Security, s.Security)
	set(&t.Scores.BlastRadius, s.BlastRadius)
	set(&t.Scores.Probability, s.Probability)
}

// riskFields are flags for the rest of what is said of a risk. What is left out stays.
type riskFields struct {
	Description *string     `help:"The same in a paragraph, in words that a customer would use."`
	Owner       *string     `help:"Who answers for it."`
	Service     []string    `short:"s" help:"A service that it touches; may be repeated."`
	Days        *float64    `help:"Work to put it right, in person-days."`
	People      *int        `help:"How many work on it at once; 1 by default."`
	Cost        *risk.Money `help:"All that putting it right costs, in whole units of the currency."`
	Currency    *string     `help:"Of every amount, such as EUR."`
	LossBefore  *risk.Money `help:"What it is expected to cost a year as things are." xor:"before"`
	LossAfter   *risk.Money `help:"What it is expected to cost a year once it is put right."`
	Chance      *float64    `help:"Probability of at least one failure within a year, above 0 and below 1."`
	PerFailure  *risk.Money `help:"What one failure costs; with --chance it gives --loss-before." xor:"before"`
	Displaces   *string     `help:"The feature that would wait."`
	PerWeek     *risk.Money `help:"What each week without that feature costs."`
	Weeks       *float64    `help:"How long that feature takes to build, in weeks."`
	Incident    []string    `help:"An incident that it caused, such as INC-7; may be repeated."`
	FMEA        []string    `name:"fmea" sep:"none" help:"A row of a failure modes and effects analysis; may be repeated."`
	Objective   []string    `help:"An objective whose budget it spends; may be repeated."`
	Clear       []string    `placeholder:"FIELD" help:"Forget a field: description, services, cost, loss, chance, displaces, incidents, fmea, objectives, currency."`
}

func (f riskFields) apply(t *risk.Content) error {
	if err := clearRisk(t, f.Clear); err != nil {
		return err
	}
	set(&t.Description, f.Description)
	set(&t.Owner, f.Owner)
	set(&t.Currency, f.Currency)
	set(&t.Cost.PersonDays, f.Days)
	set(&t.Cost.People, f.People)
	if f.Cost != nil {
		t.Cost.Money = f.Cost
	}
	if f.PerFailure != nil {
		if f.Chance == nil || !(*f.Chance > 0 && *f.Chance < 1) {
			return errors.New("--per-failure needs --chance, a probability above 0 and below 1")
		}
		before := risk.AnnualLoss(*f.Chance, *f.PerFailure)
		f.LossBefore = &before
	}
	if f.LossBefore != nil || f.LossAfter != nil || f.Chance != nil {
		if t.Loss == nil {
			t.Loss = &risk.Loss{}
		}
		set(&t.Loss.Before, f.LossBefore)
		set(&t.Loss.After, f.LossAfter)
		if f.Chance != nil {
			t.Loss.Chance = f.Chance
		}
	}
	if f.Displaces != nil || f.PerWeek != nil || f.Weeks != nil {
		if t.Displaces == nil {
			t.Displaces = &risk.Feature{}
		}
		set(&t.Displaces.Title, f.Displaces)
		set(&t.Displaces.PerWeek, f.PerWeek)
		set(&t.Displaces.Weeks, f.Weeks)
	}
	for _, list := range []struct {
		into  *[]string
		given []string
	}{{&t.Services, f.Service}, {&t.Links.Incidents, f.Incident}, {&t.Links.FMEA, f.FMEA}, {&t.Links.Objectives, f.Objective}} {
		if len(list.given) > 0 {
			*list.into = list.given
		}
	}
	return nil
}

// clearRisk forgets fields that need not be given.
func clearRisk(t *risk.Content, names []string) error {
	forgets := map[string]func(){
		"description": func() { t.Description = "" }, "services": func() { t.Services = nil }, "cost": func() { t.Cost.Money = nil },
		"loss": func() { t.Loss = nil }, "displaces": func() { t.Displaces = nil }, "currency": func() { t.Currency = "" },
		"incidents": func() { t.Links.Incidents = nil }, "fmea": func() { t.Links.FMEA = nil }, "objectives": func() { t.Links.Objectives = nil },
		"chance": func() {
			if t.Loss != nil {
				t.Loss.Chance = nil
			}
		},
	}
	var known []string
	for name := range forgets {
		known = append(known, name)
	}
	slices.Sort(known)
	for _, name := range names {
		forget, ok := forgets[name]
		if !ok {
			return fmt.Errorf("--clear %q is not a field that can be forgotten%s; allowed: %s", name, nearest.Hint(name, known), strings.Join(known, ", "))
		}
		forget()
	}
	return nil
}

// set takes a value that was given.
func set[T any](into *T, given *T) {
	if given != nil {
		*into = *given
	}
}
