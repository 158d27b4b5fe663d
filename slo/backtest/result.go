package backtest

import (
	"slices"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// Summary is what a person wants to know of a [Result] first.
type Summary struct {
	Pages   int `json:"pages"`   // alerts that would have woken somebody
	Tickets int `json:"tickets"` // alerts that would have waited for a working day
	Freezes int `json:"freezes"` // times that Code Red would have begun, or was in force from the beginning
	// FrozenSeconds is how long releases would have been frozen.
	FrozenSeconds int64 `json:"frozenSeconds"`
	// Worst is the least share of the budget that was left, at WorstAt; nil if nothing was measured.
	Worst   *float64  `json:"worst,omitempty"`
	WorstAt time.Time `json:"worstAt,omitzero"`
	// Final is the share that was left at the end.
	Final *float64 `json:"final,omitempty"`
}

// Result is what would have been.
type Result struct {
	Objective slo.Key   `json:"objective"`
	Target    slo.Ratio `json:"target"`
	Window    string    `json:"window" example:"30d"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	// WholeFrom is from when the windows were whole: what was measured begins there, or a window before. Until then a budget is that of
	// fewer events than it would have been.
	WholeFrom time.Time `json:"wholeFrom,omitzero"`
	Summary
	Episodes []Episode `json:"episodes"` // by beginning
	Phases   []Phase   `json:"phases"`   // of the freeze, but for those in which it was open
}

// Episode is an alert from when it fires until it is over. One that is taken up again goes on.
type Episode struct {
	Tier     string          `json:"tier"`
	Severity alerts.Severity `json:"severity"`
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"` // exclusive; the end of the history if Ongoing
	Ongoing  bool            `json:"ongoing,omitempty"`
	Factor   float64         `json:"factor"` // burn rate at which the tier begins
	Peak     float64         `json:"peak"`   // the highest burn rate over the tier's lookback
}

// overlaps reports whether both are of the same tier and have an instant in common.
func (e Episode) overlaps(o Episode) bool {
	return e.Tier == o.Tier && !e.From.After(o.To) && !o.From.After(e.To)
}

// Phase is a time in which a freeze was in one phase.
type Phase struct {
	Phase   gate.Phase `json:"phase"`
	From    time.Time  `json:"from"`
	To      time.Time  `json:"to"` // exclusive; the end of the history if Ongoing
	Ongoing bool       `json:"ongoing,omitempty"`
	Reason  string     `json:"reason"`
}

// Comparison is what a change would have made of the past.
type Comparison struct {
	Present Summary `json:"present"`
	Changed Summary `json:"changed"`
	// Added are alerts that only the change would have raised, and Gone those that only the present definition does: no alert of the same
	// tier goes on at any instant of theirs.
	Added []Episode `json:"added"`
	Gone  []Episode `json:"gone"`
}

// Compare sets what would have been beside what the present definition makes of the same history.
func Compare(present, changed *Result) Comparison {
	return Comparison{
		Present: present.Summary, Changed: changed.Summary,
		Added: without(changed.Episodes, present.Episodes), Gone: without(present.Episodes, changed.Episodes),
	}
}

// without returns the episodes of a that overlap none of b.
func without(a, b []Episode) []Episode {
	out := []Episode{}
	for _, e := range a {
		if !slices.ContainsFunc(b, e.overlaps) {
			out = append(out, e)
		}
	}
	return out
}
