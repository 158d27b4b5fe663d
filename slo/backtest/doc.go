// Package backtest says what an objective, or a policy of the gate, would have done in the past: which alerts would have fired, and when
// releases would have been frozen.
//
// It is pure: it walks through what was measured and asks, at every step, the same functions that decide now. It owns none of their rules,
// keeps nothing, and moves no alert or freeze that is real.
//
//	                         ┌─ Gaps ForAlert ─▶ Judge ─▶ alerts.Transition ─▶ Episodes, one list for each tier
//	view ─▶ Evaluate ─▶ Status
//	  (as of the instant)    └─ Gaps ForGate ──▶ Watch ─▶ gate.Transition ───▶ Phases of the freeze
//
// Three things are not as they were in the past. The definition is the same at every instant. Samples that came late are there from the
// beginning, and so are corrections. And the freeze is what this one objective would have caused, for the budgets of the service's others
// and what people did by hand are left out. Alerts about the data itself do not depend on a target, and are not told.
package backtest
