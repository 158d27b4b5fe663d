package alerts

import (
	"slices"
	"time"

	"plimsoll/slo"
)

// Severity says who is to look, and when.
type Severity string

const (
	// Page wakes somebody now.
	Page Severity = "page"
	// Ticket can wait for a working day.
	Ticket Severity = "ticket"
)

// Tier is a pace at which a budget is spent, and what to do about it.
type Tier struct {
	Name     string
	Severity Severity
	slo.Pace
}

// TiersOf returns those of the tiers that hold for an objective: all where it does not say.
func TiersOf(o *slo.Objective, tiers []Tier) []Tier {
	if o.AlertTiers == nil {
		return tiers
	}
	return slices.DeleteFunc(slices.Clone(tiers), func(t Tier) bool { return !slices.Contains(o.AlertTiers, t.Name) })
}

// Tiers returns the tiers that hold where nothing else is said, the most urgent first: those that page, and the ticket tier of the Site
// Reliability Workbook, "Alerting on SLOs", table 5-8, at a tenth of the budget, divided into a fast one and a slow one. For a window of
// 30 days they begin at burn rates of 14.4, 6, 3 and 1.
func Tiers() []Tier {
	pages := slo.PagePaces()
	return []Tier{
		{"page-fast", Page, pages[0]},
		{"page-slow", Page, pages[1]},
		{"ticket-fast", Ticket, slo.Pace{Share: slo.One / 10, Lookback: 24 * time.Hour, Short: 2 * time.Hour}},
		{"ticket-slow", Ticket, slo.Pace{Share: slo.One / 10, Lookback: 3 * 24 * time.Hour, Short: 6 * time.Hour}},
	}
}
