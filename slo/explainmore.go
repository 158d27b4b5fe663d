package slo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// eventsFigure explains what is counted; a composite counts nothing.
func eventsFigure(s Status) []Figure {
	if s.Objective.Method == Composite {
		return nil
	}
	m, c := s.Objective.Measure(), s.Window.Counts
	formula := "sum over the window's minutes of what the queries count"
	if s.Objective.Slice.Length > 0 {
		formula = "the window's slices that are over and have " + s.Objective.RawMeasure().Many
	}
	if len(s.Corrections) > 0 {
		formula += ", after corrections"
	}
	return []Figure{{
		Name: "events", Title: upper(m.Many), Formula: formula, Value: m.Count(c.Total),
		Working: m.Working(float64(c.Good)) + " good + " + m.Working(float64(c.Bad())) + " bad",
	}}
}

// conditionFigure explains the health in one word.
func conditionFigure(s Status) Figure {
	fig := Figure{Name: "condition", Title: "Condition", Formula: "the first that holds of: spent (nothing left, and enough bad to say so), burning (at a rate that pages), low (under 10 % left), unknown (nothing seen), healthy"}
	condition := s.Condition()
	fig.Value, fig.Working = string(condition), FormatPercent(s.Budget.Remaining)+" left"
	switch {
	case condition == Unknown:
		fig.Working = "neither an event nor an observation"
	case s.Budget.Spent && condition != Spent:
		fig.Working += ", too few bad to say that it is spent"
	case condition != Spent:
		var paces []string
		for _, p := range s.Objective.pages() {
			v := p.Judge(s, MinCoverage)
			paces = append(paces, fmt.Sprintf("%s of %.4g× over %s: %s", FormatRate(v.Long.Rate), v.Factor, ShortDuration(v.Long.Lookback), v.Reason))
		}
		fig.Working = strings.Join(append([]string{fig.Working}, paces...), "; ")
	}
	return fig
}

// measuredFigures set what was measured beside what is judged, where corrections make a difference.
func measuredFigures(s Status, view Reader) []Figure {
	o := s.Objective
	if o.Method == Composite || len(s.Corrections) == 0 || view == nil {
		return nil
	}
	m, c := o.Measure(), Uncorrected(o, view).Read(s.From, s.To).Counts
	b := BudgetOf(o.Target, c)
	return []Figure{
		{Name: "sli-measured", Title: "SLI without corrections", Formula: o.Describe(), Value: FormatSLI(o.Target, c),
			Working: m.Working(float64(c.Good)) + " ÷ " + m.Working(float64(c.Total))},
		{Name: "remaining-measured", Title: "Budget remaining without corrections", Formula: "1 − bad ÷ ((1 − target) × total)", Value: FormatPercent(b.Remaining),
			Working: fmt.Sprintf("1 − %s ÷ ((1 − %s) × %s)", m.Working(float64(c.Bad())), o.Target, m.Working(float64(c.Total)))},
	}
}

// sinceFigure explains the coverage of a source that is new.
func sinceFigure(s Status, view Reader) []Figure {
	if s.Objective.Method == Composite || view == nil {
		return nil
	}
	since, share, ok := Since(s, view)
	if !ok {
		return nil
	}
	r := view.Read(MinuteOf(since)-1, s.To)
	return []Figure{{
		Name: "coverage-since", Title: "Coverage since the first measurement", Formula: "minutes observed ÷ minutes since the first that was",
		Working: FormatCount(r.Observed) + " ÷ " + FormatCount(r.Minutes), Value: FormatPercent(share),
	}}
}

// gapFigure explains what the gaps make of a budget for a use.
func gapFigure(s, seen Status, use Use) Figure {
	o, m, g := s.Objective, s.Objective.Measure(), seen.Gaps
	fig := Figure{Name: "remaining-" + string(use), Title: "Budget remaining for the " + string(use), Value: FormatPercent(seen.Budget.Remaining)}
	switch {
	case !g.Estimated:
		fig.Formula, fig.Working = "as measured: no events are added for minutes without data", FormatCount(g.Minutes)+" such minutes, "+string(g.Policy)
		if g.Hold != "" {
			fig.Working += ": " + g.Hold.String()
		}
	case o.Method == Composite:
		fig.Formula = "1 − Σ weight × spent ÷ Σ weight, of budgets with their minutes without data taken for " + string(g.Policy)
		fig.Working = "1 − " + weighted(seen, func(p Status) string { return FormatBadPercent(1 - p.Budget.Remaining) })
	default:
		fig.Formula = "1 − bad ÷ ((1 − target) × total), with events of " + string(g.Policy) + " minutes added: minutes without data × events ÷ minutes observed"
		fig.Working = fmt.Sprintf("%s × %s ÷ %s = %s added; 1 − %s ÷ ((1 − %s) × %s)", FormatCount(g.Minutes), m.Working(float64(s.Window.Total)), FormatCount(s.Window.Observed),
			m.Working(float64(g.Added.Total)), m.Working(float64(seen.Window.Bad())), o.Target, m.Working(float64(seen.Window.Total)))
	}
	return fig
}

// forecastFigures explain a forecast: one figure for each instant that it may name.
func forecastFigures(s Status, f Forecast) []Figure {
	m, lookback := s.Objective.Measure(), max(forecastBasis, s.Objective.Slice.Length)
	working, coverage := "", ""
	for _, b := range s.Burn {
		if b.Lookback == forecastBasis {
			working = m.Bad(b.Bad()) + " bad of " + m.Of(b.Total) + " in " + FormatCount(b.Observed) + " observed minutes"
			coverage = FormatPercent(b.Coverage())
		}
	}
	switch {
	case s.Objective.Method == Composite:
		working = "the windows of all components moved on together"
	case lookback > forecastBasis:
		working = "the slices that ended within " + ShortDuration(lookback)
	}
	figure := func(name, title, basis string, at *time.Time) Figure {
		fig := Figure{
			Name: name, Title: title, Formula: "the window moved on minute by minute: the oldest events leave it, and " + basis + ", but for what corrections say of the time to come",
			Working: working, Value: "no change in sight", From: s.At.Add(-lookback).UTC(), Until: s.At.UTC(), Coverage: coverage,
		}
		if at != nil {
			fig.Value = at.UTC().Format("2006-01-02 15:04 UTC")
		}
		return fig
	}
	if !s.Budget.Spent {
		return []Figure{figure("forecast", "Forecast: budget spent", "those of the last hour go on", f.ExhaustedAt)}
	}
	return []Figure{
		figure("forecast", "Forecast: budget back at the present rate", "those of the last hour go on", f.RecoversAtPresentRate),
		figure("recovery", "Forecast: budget back without errors", "as many as in the last hour go on, all good", f.RecoversAt),
	}
}

// Attribute adds what causes have spent of the budget of s, of which this is the explanation.
func (e *Explanation) Attribute(s Status, a Attribution) {
	m := s.Objective.Measure()
	from, until := s.Bounds()
	for i, c := range a.Causes {
		fig := Figure{
			Name: strings.TrimSuffix("cause-"+string(c.Kind)+"-"+c.Ref, "-"), Title: "Spent by " + strings.TrimSpace(string(c.Kind)+" "+c.Ref),
			Formula: "bad " + m.Many + " of the minutes in which it went on ÷ allowed", Working: m.Working(float64(c.Bad)) + " ÷ " + m.Working(s.Budget.Allowed),
			Value: FormatBadPercent(c.Share), From: from, Until: until, Coverage: FormatPercent(s.Window.Coverage()),
		}
		switch {
		case s.Objective.Method == Composite:
			fig.Formula, fig.Working = "Σ weight × what it has spent of a component's budget ÷ Σ weight", "over "+FormatCount(int64(len(s.Parts)))+" components, each with its own explanation"
		case c.Kind == ByCorrection:
			fig.Formula = "bad " + m.Many + " that it has taken away ÷ allowed; they are not in the budget"
		case c.Kind == ByNobody:
			fig.Formula = "bad " + m.Many + " of minutes in which no incident and no release went on ÷ allowed"
		}
		if slices.ContainsFunc(a.Causes[:i], func(o Spend) bool { return o.Kind == c.Kind && o.Ref == c.Ref }) {
			fig.Name += fmt.Sprintf("-%d", i+1)
		}
		e.Figures = append(e.Figures, fig)
	}
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
