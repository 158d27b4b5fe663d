package api

import (
	"plimsoll/incidents/risk"
)

// Risk is an item with what follows from it.
type Risk struct {
	risk.Item
	Impact   int           `json:"impact" doc:"The worst of compliance, security and blast radius"`
	Exposure int           `json:"exposure" doc:"Impact × probability, 1 to 25"`
	Quadrant risk.Quadrant `json:"quadrant" enum:"quick win,plan,schedule,accept"`
	Saved    *risk.Money   `json:"savedPerYear,omitempty" doc:"Annual loss expectancy before less that after"`
	Leverage *float64      `json:"leverage,omitempty" doc:"What each unit of money spent on it spares a year"`
	Delay    *risk.Delay   `json:"delay,omitempty" doc:"The item against the feature that it displaces"`
}

// RiskDetail is an item with its history.
type RiskDetail struct {
	Risk
	History []risk.Entry `json:"history"`
}

// RiskList holds items, the one to do first first.
type RiskList struct {
	Risks []Risk `json:"risks"`
}

// Suggestions hold what could be items.
type Suggestions struct {
	Suggestions []risk.Suggestion `json:"suggestions"`
}

func view(i risk.Item) Risk {
	v := Risk{Item: i, Impact: i.Scores.Impact(), Exposure: i.Scores.Exposure(), Quadrant: risk.QuadrantOf(i.Scores, i.Cost)}
	if saved, ok := i.Saved(); ok {
		v.Saved = &saved
	}
	if l, ok := i.Leverage(); ok {
		v.Leverage = &l
	}
	if d, ok := i.Delay(); ok {
		v.Delay = &d
	}
	return v
}
