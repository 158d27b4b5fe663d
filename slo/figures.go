package slo

import (
	"fmt"
	"strings"
)

// Figures returns the numbers of a status with their working, those over the window first and then the burn rates, shortest lookback first.
func Figures(s Status) []Figure {
	from, until := s.Bounds()
	figures := windowFigures(s)
	if s.Objective.Method == Composite {
		figures = compositeFigures(s)
	}
	coverage := FormatPercent(s.Window.Coverage())
	figures = append(figures, Figure{
		Name: "coverage", Title: "Coverage", Formula: "minutes observed ÷ minutes in the window",
		Working: FormatCount(s.Window.Observed) + " ÷ " + FormatCount(s.Window.Minutes), Value: coverage,
	})
	if s.Objective.Method == Composite {
		last := &figures[len(figures)-1]
		last.Formula = "Σ weight × coverage ÷ Σ weight, in whole minutes"
		last.Working = weighted(s, func(p Status) string { return FormatPercent(p.Window.Coverage()) })
	}
	for i := range figures {
		figures[i].From, figures[i].Until, figures[i].Coverage = from, until, coverage
	}
	for i, b := range s.Burn {
		figures = append(figures, Figure{
			Name: "burn-" + ShortDuration(b.Lookback), Title: "Burn rate over " + ShortDuration(b.Lookback),
			Formula: "(bad ÷ total) ÷ (1 − target)", Working: burnWorking(s, i), Value: FormatRate(b.Rate),
			From: until.Add(-b.Lookback), Until: until, Coverage: FormatPercent(b.Coverage()),
		})
		if s.Objective.Method == Composite {
			figures[len(figures)-1].Formula = "Σ weight × burn rate ÷ Σ weight"
		}
	}
	return figures
}

func windowFigures(s Status) []Figure {
	o, c, m := s.Objective, s.Window.Counts, s.Objective.Measure()
	figures := []Figure{
		{Name: "sli", Title: "SLI", Formula: o.Describe(), Working: m.Working(float64(c.Good)) + " ÷ " + m.Working(float64(c.Total)), Value: FormatSLI(o.Target, c)},
		{Name: "allowed", Title: "Allowed bad " + m.Many, Formula: "(1 − target) × total",
			Working: fmt.Sprintf("(1 − %s) × %s", o.Target, m.Working(float64(c.Total))), Value: m.Amount(s.Budget.Allowed)},
		{Name: "remaining", Title: "Budget remaining", Formula: "1 − bad ÷ allowed",
			Working: "1 − " + m.Working(float64(c.Bad())) + " ÷ " + m.Working(s.Budget.Allowed), Value: FormatPercent(s.Budget.Remaining)},
	}
	if c.Total <= 0 {
		figures[2].Working = "no " + m.Many + ", so nothing is spent"
	}
	return figures
}

func burnWorking(s Status, i int) string {
	b, m := s.Burn[i], s.Objective.Measure()
	switch {
	case s.Objective.Method == Composite:
		return weighted(s, func(p Status) string { return FormatRate(p.BurnOver(b.Lookback).Rate) })
	case b.Total <= 0:
		return "no " + m.Many
	}
	return fmt.Sprintf("(%s ÷ %s) ÷ (1 − %s)", m.Working(float64(b.Bad())), m.Working(float64(b.Total)), s.Objective.Target)
}

func compositeFigures(s Status) []Figure {
	spent := FormatBadPercent(1 - s.Budget.Remaining)
	return []Figure{
		{Name: "sli", Title: "SLI", Formula: s.Objective.Describe(), Working: fmt.Sprintf("1 − (1 − %s) × %s", s.Objective.Target, spent), Value: s.FormatSLI()},
		{Name: "spent", Title: "Budget spent", Formula: "Σ weight × spent ÷ Σ weight",
			Working: weighted(s, func(p Status) string { return FormatBadPercent(1 - p.Budget.Remaining) }), Value: spent},
		{Name: "remaining", Title: "Budget remaining", Formula: "1 − spent", Working: "1 − " + spent, Value: FormatPercent(s.Budget.Remaining)},
	}
}

// FormatSLI writes the SLI as a percentage, rounded down, or a dash if there is none.
func (s Status) FormatSLI() string {
	if s.Objective.Method != Composite {
		return FormatSLI(s.Objective.Target, s.Window.Counts)
	}
	if !s.HasData() {
		return "–"
	}
	return FormatRatio(s.Objective.Target, s.SLI)
}

// weighted writes a mean over the components.
func weighted(s Status, of func(Status) string) string {
	var terms []string
	var sum Ratio
	for _, p := range s.Parts {
		terms = append(terms, p.Weight.String()+" × "+of(p.Status)+" of "+string(p.Key))
		sum += p.Weight
	}
	return fmt.Sprintf("(%s) ÷ %s", strings.Join(terms, " + "), sum)
}

// components writes what the budgets of a composite are.
func components(s Status) string {
	parts := make([]string, len(s.Parts))
	for i, p := range s.Parts {
		parts[i] = fmt.Sprintf("%s %s left", p.Key, FormatPercent(p.Status.Budget.Remaining))
	}
	return strings.Join(parts, ", ")
}
