package api

import (
	"context"

	"plimsoll/incidents/risk"
	"plimsoll/slo"
)

// SuggestResponse holds suggestions.
type SuggestResponse struct {
	Body Suggestions
}

// Suggest looks at how the budgets of the last weeks ended. A week without an event says nothing, so the objective has too few.
func (h *Handlers) Suggest(ctx context.Context, _ *struct{}) (*SuggestResponse, error) {
	out := &SuggestResponse{Body: Suggestions{Suggestions: []risk.Suggestion{}}}
	if h.Ledger == nil {
		return out, nil
	}
	items, err := h.Store.List(ctx, risk.Filter{})
	if err != nil {
		return nil, err
	}
	for _, o := range h.Ledger.Objectives() {
		if o.Parent != "" { // its parent says the same once
			continue
		}
		spender := risk.Spender{Objective: string(o.Key), Title: o.DisplayName, Service: o.Service, Weeks: h.weeks(o.Key)}
		if s, why := risk.Suggest(spender, items); why == risk.ReasonChronic {
			out.Body.Suggestions = append(out.Body.Suggestions, s)
		}
	}
	return out, nil
}

// weeks evaluates an objective now and at the ends of the seven-day spans before.
func (h *Handlers) weeks(key slo.Key) []risk.Week {
	var out []risk.Week
	now := h.Now()
	for n := risk.ChronicWeeks - 1; n >= 0; n-- {
		at := now.AddDate(0, 0, -7*n)
		if s, ok := h.Ledger.Status(key, at); ok && s.HasData() {
			out = append(out, risk.Week{Ends: at, Remaining: s.Budget.Remaining})
		}
	}
	return out
}
