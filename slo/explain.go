package slo

import "fmt"

// Figure explains one number: the formula, the same with its inputs filled in, and the result.
type Figure struct {
	Name    string `json:"name" doc:"What is computed"`
	Formula string `json:"formula" doc:"How, in words"`
	Working string `json:"working" doc:"The formula with its inputs"`
	Value   string `json:"value" doc:"The result, rounded down"`
}

// Explain shows how the figures of s come about, so that anyone can check them with a pocket calculator.
func Explain(s Status) []Figure {
	o, w := s.Objective, s.Window
	figures := []Figure{
		{"SLI", "good ÷ total", fmt.Sprintf("%s ÷ %s", FormatCount(w.Good), FormatCount(w.Total)), FormatSLI(o.Target, w.Counts)},
		{"Allowed bad events", "(1 − target) × total",
			fmt.Sprintf("(1 − %s) × %s", o.Target, FormatCount(w.Total)), FormatAmount(s.Budget.Allowed)},
		{"Budget remaining", "1 − bad ÷ allowed",
			fmt.Sprintf("1 − %s ÷ %s", FormatCount(w.Bad()), FormatAmount(s.Budget.Allowed)), FormatPercent(s.Budget.Remaining)},
	}
	if w.Total <= 0 {
		figures[2].Working = "no events, so nothing is spent"
	}
	for _, b := range s.Burn {
		working := "no events"
		if b.Total > 0 {
			working = fmt.Sprintf("(%s ÷ %s) ÷ (1 − %s)", FormatCount(b.Bad()), FormatCount(b.Total), o.Target)
		}
		figures = append(figures, Figure{"Burn rate over " + ShortDuration(b.Lookback), "(bad ÷ total) ÷ (1 − target)", working, FormatRate(b.Rate)})
	}
	return append(figures, Figure{"Coverage", "minutes observed ÷ minutes in the window",
		fmt.Sprintf("%s ÷ %s", FormatCount(w.Observed), FormatCount(w.Minutes)), FormatPercent(w.Coverage())})
}
