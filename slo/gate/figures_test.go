package gate

import (
	"strings"
	"testing"
	"time"

	"plimsoll/slo"
)

// TestJudgedAsTheObjectiveAsks reads decisions on budgets with little traffic, slices, silent sources and composites.
func TestJudgedAsTheObjectiveAsks(t *testing.T) {
	t.Parallel()
	change := Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: Feature}
	for _, tc := range []struct {
		name    string
		figures Figures
		outcome Outcome
		reason  Reason
		says    string // in the answer or what would turn it
	}{
		{"one failure of a fresh installation", figuresOf("availability", 1, 20), Allow, WithinBudget, "too few to judge by: at least 10 bad events are asked for"},
		{"nor does the next spend it", figuresOf("availability", 1, 20), Allow, WithinBudget, "9 more bad events of availability"},
		{"ten are enough", figuresOf("availability", 10, 20), Deny, BudgetSpent, "10 bad of 0.02 allowed"},
		{
			"slices by their ratios", statusFigures(&slo.Objective{Method: slo.RatioTimeslices, Slice: slo.Slice{Length: time.Minute}}, 50_500_000, 40_000_000_000),
			Deny, BudgetSpent, "50.5 bad of 40 allowed, 40,000 slices over 30d",
		},
		{
			"slices that would spend it", statusFigures(&slo.Objective{Method: slo.RatioTimeslices, Slice: slo.Slice{Length: time.Minute}}, 20_500_000, 40_000_000_000),
			Allow, WithinBudget, "20 more bad slices of availability",
		},
		{"silent source", silent(figuresOf("availability", 0, 20_000)), Hold, DataGap, "the source has not been seen for five minutes, and the objective says to wait"},
		{
			"a composite is judged by its components", Figures{Name: "Journey", Objective: "video-api/journey", Composite: true, Spent: true, Remaining: -0.5, Target: 999_000_000},
			Deny, BudgetSpent, "Journey: budget −50.0 %, that of its components by their weights",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := Decide(mustParse(t, plainPolicy), Snapshot{At: noon, Objectives: []Figures{fresh(tc.figures)}}, change)
			if d.Outcome != tc.outcome || d.Reason != tc.reason {
				t.Errorf("%s %s, want %s %s", d.Outcome, d.Reason, tc.outcome, tc.reason)
			}
			if text := strings.Join(append(d.Message, d.Flip...), "\n"); !strings.Contains(text, tc.says) {
				t.Errorf("does not say %q:\n%s", tc.says, text)
			}
		})
	}
}

// TestLittleTrafficMovesNoFreeze feeds the freeze machine with a budget that is overspent by too few events.
func TestLittleTrafficMovesNoFreeze(t *testing.T) {
	t.Parallel()
	policy := mustParse(t, plainPolicy)
	in := func(bad, total int64) Input {
		return Input{At: noon, Watched: policy.Watch([]Figures{fresh(figuresOf("availability", bad, total))}), Thaw: policy.Thaw, MaxAge: policy.MaxAge()}
	}
	s, events := Transition(State{}, in(9, 100))
	if s.Phase != Open || len(events) > 0 {
		t.Errorf("%s after nine bad events: %+v", s.Phase, events)
	}
	if s, _ = Transition(s, in(10, 101)); s.Phase != CodeRed {
		t.Errorf("%s after ten bad events", s.Phase)
	}
}

// statusFigures are the figures of an objective at 99.9 % over 30 days with counts in its window.
func statusFigures(o *slo.Objective, bad, total int64) Figures {
	o.Key, o.DisplayName, o.Target, o.Window = "video-api/availability", "availability", 999_000_000, slo.Window{Length: 30 * 24 * time.Hour}
	c := slo.Counts{Good: total - bad, Total: total}
	return FiguresOf(slo.Status{Objective: o, Window: slo.Reading{Counts: c}, Budget: slo.BudgetOf(o.Target, c)}, slo.Forecast{})
}

func silent(f Figures) Figures {
	f.Hold = slo.HoldSilent
	return f
}
