package alerts

import (
	"time"

	"plimsoll/slo"
)

// Severity says who is to look, and when.
type Severity = slo.AlertSeverity

// The severities.
const (
	Page   = slo.AlertPage
	Ticket = slo.AlertTicket
)

// Tier is a pace at which a budget is spent, and what to do about it.
type Tier = slo.AlertTier

// TiersOf returns the tiers that hold for an objective: its own, or the given ones where it does not say.
func TiersOf(o *slo.Objective, tiers []Tier) []Tier {
	if o.AlertTiers == nil {
		return tiers
	}
	return o.AlertTiers
}

// Tiers returns the tiers that hold where nothing else is said, the most urgent first: those that page, and the ticket tier of the Site
// Reliability Workbook, "Alerting on SLOs", table 5-8, at a tenth of the budget, divided into a fast one and a slow one. For a window of
// 30 days they begin at burn rates of 14.4, 6, 3 and 1.
func Tiers() []Tier {
	pages := slo.PagePaces()
	return []Tier{
		{Name: "page-fast", Severity: Page, Pace: pages[0]},
		{Name: "page-slow", Severity: Page, Pace: pages[1]},
		{Name: "ticket-fast", Severity: Ticket, Pace: slo.Pace{Share: slo.One / 10, Lookback: 24 * time.Hour, Short: 2 * time.Hour}},
		{Name: "ticket-slow", Severity: Ticket, Pace: slo.Pace{Share: slo.One / 10, Lookback: 3 * 24 * time.Hour, Short: 6 * time.Hour}},
	}
}

// TierTiming is that of the alert of a tier, which may say for itself how long it must last and be quiet.
func TierTiming(t Tier, tiers Timing) Timing {
	tiers.Pending = max(tiers.Pending, t.For)
	if t.Keep > 0 {
		tiers.Calm = t.Keep
	}
	return tiers
}
