package slo

import (
	"cmp"
	"slices"
	"time"
)

// Explanation says how the figures of a status come about, so that anyone can check them with a pocket calculator: what holds for all of
// them, and each figure with its formula.
type Explanation struct {
	Objective Key       `json:"objective"`
	Name      string    `json:"name" doc:"Name for people"`
	At        time.Time `json:"at" doc:"The instant for which the figures hold"`
	From      time.Time `json:"from" doc:"Beginning of the window"`
	Until     time.Time `json:"until" doc:"End of the window's last minute, which is the one that contains the instant"`
	Window    string    `json:"window" example:"rolling 30d"`
	Target    Ratio     `json:"target" doc:"Decimal fraction" example:"0.999"`
	Method    Method    `json:"method" doc:"OpenSLO budgeting method"`
	SLI       string    `json:"sli" doc:"How events become the SLI"`
	Unit      string    `json:"unit" doc:"What is counted" example:"events"`
	Inputs    []Input   `json:"inputs" nullable:"false" doc:"The queries that count"`
	Source    string    `json:"source,omitempty" doc:"The server that is asked for the samples; absent if they are scraped or pushed"`
	Version   int       `json:"version" doc:"Version of the objective's definition that was in force; 0 where none is kept"`
	Revision  uint64    `json:"revision" doc:"Grows when a closed minute of the ledger changes: late data, a filled gap, a correction"`
	// Measured stands beside Judged, which is after corrections and in slices.
	Measured    string         `json:"measured" doc:"What was measured in the window, before corrections"`
	Judged      string         `json:"judged" doc:"What the figures are made of, after corrections"`
	Corrections []CorrectionID `json:"corrections" nullable:"false" doc:"Corrections that touch the window"`
	LastSample  *time.Time     `json:"lastSample,omitempty" doc:"When the source was last heard; absent if never"`
	Since       *time.Time     `json:"since,omitempty" doc:"First minute of the window in which the source was seen, if that is not its beginning"`
	Guard       string         `json:"guard,omitempty" doc:"What the window must hold before the budget is judged"`
	Enough      bool           `json:"enough" doc:"Whether it does"`
	Gaps        []GapFigures   `json:"gaps" nullable:"false" doc:"What minutes without data mean, for each use that does not ignore them"`
	Quality     []Signal       `json:"quality" nullable:"false" doc:"What is wrong with the data"`
	Policies    []PolicyFigure `json:"policies" nullable:"false" doc:"The alert policies of the objective, beside the tiers that every objective has"`
	Figures     []Figure       `json:"figures" nullable:"false"`
}

// PolicyFigure explains an alert policy.
type PolicyFigure struct {
	Name      string   `json:"name"`
	Severity  string   `json:"severity" doc:"As its condition says; page and critical wake somebody"`
	Condition string   `json:"condition" example:"burn rate over 45m above 10 for 5m"`
	Value     string   `json:"value" doc:"The burn rate now"`
	Holds     bool     `json:"holds" doc:"Whether the condition holds now, whatever the guards say"`
	Tells     []string `json:"tells" nullable:"false" enum:"breach,end,no data" doc:"What is told"`
	Targets   []string `json:"targets" nullable:"false" doc:"Who is told"`
}

// policyFigures explains the alert policies of s.
func policyFigures(s Status) []PolicyFigure {
	figures := []PolicyFigure{}
	for _, p := range s.Objective.Alerts {
		b := s.BurnOver(p.Condition.Lookback)
		fig := PolicyFigure{
			Name: p.Name, Severity: p.Condition.Severity, Condition: p.Condition.Describe(), Value: FormatRate(b.Rate),
			Holds: p.Condition.Holds(s.Objective, b), Tells: []string{}, Targets: []string{},
		}
		for _, tells := range []struct {
			what string
			on   bool
		}{{"breach", p.OnBreach}, {"end", p.OnResolve}, {"no data", p.OnNoData}} {
			if tells.on {
				fig.Tells = append(fig.Tells, tells.what)
			}
		}
		for _, t := range p.Targets {
			fig.Targets = append(fig.Targets, cmp.Or(t.Name, t.Target))
		}
		figures = append(figures, fig)
	}
	return figures
}

// Input is one query of an indicator.
type Input struct {
	Name  string `json:"name" enum:"good,bad,total,query"`
	Query string `json:"query"`
}

// GapFigures say what gaps do for one use.
type GapFigures struct {
	Use       Use     `json:"use" enum:"gate,alert,report"`
	Policy    Gap     `json:"policy" enum:"good,bad,hold"`
	Minutes   int64   `json:"minutes" doc:"Minutes without data after the first with, older than five minutes"`
	Estimated bool    `json:"estimated" doc:"Whether events were added for them at the mean rate of the observed minutes"`
	Added     float64 `json:"added" doc:"How many, in the unit of the objective"`
	Remaining float64 `json:"remaining" doc:"What is left of the budget then"`
	Hold      Hold    `json:"hold,omitempty" doc:"Why this use must wait for data"`
}

// Figure explains one number: the formula, the same with its inputs filled in, and the result.
type Figure struct {
	Name     string    `json:"name" doc:"Name of the figure, as in --figure" example:"remaining"`
	Title    string    `json:"title" doc:"Its name for people"`
	Formula  string    `json:"formula" doc:"How it is computed, in words"`
	Working  string    `json:"working" doc:"The formula with its inputs"`
	Value    string    `json:"value" doc:"The result: what is good to have rounded down, what is bad rounded up"`
	From     time.Time `json:"from" doc:"Beginning of the span that it is over"`
	Until    time.Time `json:"until" doc:"End of the span"`
	Coverage string    `json:"coverage" doc:"Share of the span's minutes that were observed"`
}

// Explain explains s and what is predicted of it. view is what the objective is judged by; nil if that is not known. What has spent the
// budget is added by [Explanation.Attribute].
func Explain(s Status, view Reader, f Forecast) Explanation {
	o, m, raw := s.Objective, s.Objective.Measure(), s.Objective.RawMeasure()
	from, until := s.Bounds()
	e := Explanation{
		Objective: o.Key, Name: o.DisplayName, At: s.At.UTC(), From: from, Until: until, Window: o.Window.Describe(), Target: o.Target,
		Method: o.Method, SLI: o.Describe(), Unit: m.Many, Inputs: inputs(o.Indicator), Source: o.Indicator.Source,
		Version: s.Version, Revision: s.Revision, Corrections: append([]CorrectionID{}, s.Corrections...),
		Guard: o.Guard().Describe(m), Enough: s.Judged(), Gaps: []GapFigures{}, Quality: append([]Signal{}, Quality(s, QualityLimits{})...),
		Policies: policyFigures(s),
	}
	e.Measured, e.Judged = goodOf(raw, s.Raw.Counts), goodOf(m, s.Window.Counts)
	if o.Method == Composite {
		e.Unit, e.Measured, e.Judged = "budgets", components(s), components(s)
	}
	if !s.LastSample.IsZero() {
		t := s.LastSample.UTC()
		e.LastSample = &t
	}
	if view != nil {
		if since, _, ok := Since(s, view); ok {
			e.Since = &since
		}
	}
	var gaps []Figure
	for _, use := range []Use{ForGate, ForAlert, ForReport} {
		if o.NoData.For(use) == GapIgnored || view == nil && o.Method != Composite {
			continue
		}
		g := Gaps(s, view, use)
		gaps = append(gaps, gapFigure(s, g, use))
		e.Gaps = append(e.Gaps, GapFigures{
			Use: use, Policy: g.Gaps.Policy, Minutes: g.Gaps.Minutes, Estimated: g.Gaps.Estimated, Added: m.Float(g.Gaps.Added.Total),
			Remaining: g.Budget.Remaining, Hold: g.Gaps.Hold,
		})
	}
	own := slices.Concat(eventsFigure(s), measuredFigures(s, view), sinceFigure(s, view), gaps, []Figure{conditionFigure(s)})
	for i := range own {
		own[i].From, own[i].Until, own[i].Coverage = from, until, FormatPercent(s.Window.Coverage())
	}
	e.Figures = slices.Concat(Figures(s), own, forecastFigures(s, f))
	return e
}

func inputs(i Indicator) []Input {
	set := []Input{}
	for _, in := range []Input{{"good", i.Good}, {"bad", i.Bad}, {"total", i.Total}, {"query", i.Query}} {
		if in.Query != "" {
			set = append(set, in)
		}
	}
	return set
}

func goodOf(m Measure, c Counts) string { return m.Count(c.Good) + " good of " + m.Of(c.Total) }
