package slo

import (
	"slices"
	"time"
)

// AlertSeverity says who is to look at an alert, and when.
type AlertSeverity string

const (
	// AlertPage wakes somebody now.
	AlertPage AlertSeverity = "page"
	// AlertTicket can wait for a working day.
	AlertTicket AlertSeverity = "ticket"
)

// AlertTier is a pace at which a budget is spent, and what to do about it.
type AlertTier struct {
	Name     string
	Severity AlertSeverity
	Pace
	// For is how long the budget must be spent at the pace before anybody is told; usually 0, since the lookbacks wait already.
	For time.Duration
	// Keep is for how long it must not be before that is over; 0: as long as for all alerts.
	Keep time.Duration
}

// pages returns the paces for which somebody is paged: those of its own tiers that page, and [PagePaces] where none of its own does.
func (o *Objective) pages() []Pace {
	var own []Pace
	for _, t := range o.AlertTiers {
		if t.Severity == AlertPage {
			own = append(own, t.Pace)
		}
	}
	if own == nil {
		return pagePaces[:]
	}
	return own
}

// tierLookbacks are those of its tiers that no status has otherwise.
func (o *Objective) tierLookbacks() (more []time.Duration) {
	for _, t := range o.AlertTiers {
		for _, l := range []time.Duration{t.Short, t.Lookback} {
			if !slices.Contains(lookbacks, l) {
				more = append(more, l)
			}
		}
	}
	return more
}
