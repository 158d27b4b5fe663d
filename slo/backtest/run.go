package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// ErrComposite is returned for an objective that has no events of its own.
var ErrComposite = errors.New("a composite has no events of its own; replay its components instead")

// Config of a run.
type Config struct {
	// Objective as it is to be tried.
	Objective *slo.Objective
	// View is what the objective is judged by; see [slo.View].
	View slo.Reader
	// From and To bound the history; both at whole minutes.
	From, To time.Time
	// Step from one instant to the next, in whole minutes; a minute if it is 0. Servers look every few seconds.
	Step time.Duration
	// Tiers of alerts, where the objective does not say; those of [alerts.Tiers] if it is nil.
	Tiers []alerts.Tier
	// Policy by which the budget moves the freeze; without one nothing is frozen.
	Policy *gate.Policy
	// Environment of the freeze.
	Environment string
}

// Run walks from From to To and returns what the alerts and the freeze would have done. Each instant sees the minutes that were over then.
// The alerts and the freeze begin inactive and open.
func Run(cfg Config) (*Result, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Tiers == nil {
		cfg.Tiers = alerts.Tiers()
	}
	w := newWalk(cfg)
	for at := cfg.From.Add(cfg.Step); !at.After(cfg.To); at = at.Add(cfg.Step) {
		w.step(at)
	}
	return w.finish(), nil
}

func (cfg *Config) check() error {
	cfg.Step = cmp.Or(cfg.Step, time.Minute)
	whole := func(t time.Time) bool { return t.Truncate(time.Minute).Equal(t) }
	switch {
	case cfg.Objective == nil || cfg.View == nil:
		return errors.New("backtest: an objective and its view are required")
	case cfg.Objective.Method == slo.Composite:
		return fmt.Errorf("%s: %w", cfg.Objective.Key, ErrComposite)
	case cfg.Step < time.Minute || cfg.Step%time.Minute != 0:
		return fmt.Errorf("backtest: the step is %s; allowed: whole minutes", cfg.Step)
	case !whole(cfg.From) || !whole(cfg.To) || cfg.To.Sub(cfg.From) < cfg.Step:
		return fmt.Errorf("backtest: from %s to %s is no history of whole minutes that is at least %s long",
			cfg.From.UTC().Format(time.RFC3339), cfg.To.UTC().Format(time.RFC3339), slo.ShortDuration(cfg.Step))
	}
	cfg.From, cfg.To = cfg.From.UTC(), cfg.To.UTC()
	return nil
}

// walk is a run on its way.
type walk struct {
	cfg     Config
	history *history
	watched bool // whether the budget moves a freeze
	rules   []*rule
	freeze  gate.State
	result  *Result
}

func newWalk(cfg Config) *walk {
	o := cfg.Objective
	w := &walk{
		cfg: cfg, rules: rulesOf(o, cfg.Tiers),
		watched: cfg.Policy != nil && !o.OutOfGate && o.Parent == "",
		freeze:  gate.State{Service: o.Service, Environment: cfg.Environment, Phase: gate.Open},
		result: &Result{
			Objective: o.Key, Target: o.Target, Window: o.Window.String(), From: cfg.From, To: cfg.To,
			Episodes: []Episode{}, Phases: []Phase{},
		},
	}
	begin := lastBefore(cfg.From)
	start, _ := o.Window.Span(begin.Time())
	for _, l := range o.Lookbacks() {
		start = min(start, begin-slo.Minute(l/time.Minute))
	}
	w.history = remember(cfg.View, start, lastBefore(cfg.To))
	w.result.WholeFrom = wholeFrom(o.Window, w.history.begins(), cfg)
	return w
}

// lastBefore returns the last minute that is over at an instant.
func lastBefore(at time.Time) slo.Minute { return slo.MinuteOf(at) - 1 }

// wholeFrom returns the first instant of the run whose window reaches back no further than what was measured; its end if there is none.
func wholeFrom(w slo.Window, begins time.Time, cfg Config) time.Time {
	if begins.IsZero() {
		return cfg.To
	}
	for at := cfg.From; at.Before(cfg.To); at = at.Add(cfg.Step) {
		if from, _ := w.Span(lastBefore(at).Time()); !(from + 1).Time().Before(begins) {
			return at
		}
	}
	return cfg.To
}

func (w *walk) step(at time.Time) {
	minute := lastBefore(at)
	s := slo.Evaluate(w.cfg.Objective, w.history, minute.Time())
	s.At, s.LastSample = at, w.history.heard(minute)
	if s.HasData() {
		w.budget(s.Budget.Remaining, at)
	}
	forAlert := slo.Gaps(s, w.history, slo.ForAlert)
	for _, r := range w.rules {
		w.alert(r, r.judge(forAlert), at)
	}
	if w.watched {
		w.move(slo.Gaps(s, w.history, slo.ForGate), at)
	}
}

func (w *walk) budget(remaining float64, at time.Time) {
	w.result.Final = &remaining
	if r := w.result; r.Worst == nil || remaining < *r.Worst {
		r.Worst, r.WorstAt = &remaining, at
	}
}

// alert moves an alert by its verdict.
func (w *walk) alert(r *rule, v alerts.Verdict, at time.Time) {
	next, change := alerts.Transition(r.alert, v, at, r.timing)
	r.alert = next
	switch change {
	case alerts.FiredNow:
		r.current = len(w.result.Episodes)
		w.result.Episodes = append(w.result.Episodes, Episode{
			Tier: v.Tier.Name, Severity: v.Tier.Severity, From: at, Factor: v.Factor, Ongoing: true,
		})
	case alerts.Reopened:
		w.result.Episodes[r.current].Ongoing = true
	case alerts.Ended:
		e := &w.result.Episodes[r.current]
		e.To, e.Ongoing = at, false
	}
	if next.State == alerts.Firing {
		e := &w.result.Episodes[r.current]
		e.Peak = max(e.Peak, v.Long.Rate)
	}
}

// move moves the freeze by the budget.
func (w *walk) move(s slo.Status, at time.Time) {
	next, events := gate.Transition(w.freeze, gate.Input{
		At: at, Watched: w.cfg.Policy.Watch([]gate.Figures{gate.FiguresOf(s, slo.Forecast{})}),
		Thaw: w.cfg.Policy.Thaw, MaxAge: w.cfg.Policy.MaxAge(),
	})
	w.freeze = next
	for _, e := range events {
		if n := len(w.result.Phases); n > 0 && w.result.Phases[n-1].Ongoing {
			last := &w.result.Phases[n-1]
			last.To, last.Ongoing = at, false
		}
		if e.To != gate.Open {
			w.result.Phases = append(w.result.Phases, Phase{Phase: e.To, From: at, Reason: e.Reason, Ongoing: true})
		}
	}
}

// finish ends what is still going on with the history and sums up.
func (w *walk) finish() *Result {
	r := w.result
	for i := range r.Episodes {
		e := &r.Episodes[i]
		if e.Ongoing {
			e.To = r.To
		}
		switch e.Severity {
		case alerts.Page:
			r.Pages++
		case alerts.Ticket:
			r.Tickets++
		}
	}
	for i := range r.Phases {
		p := &r.Phases[i]
		if p.Ongoing {
			p.To = r.To
		}
		if p.Phase == gate.CodeRed {
			r.Freezes++
			r.FrozenSeconds += int64(p.To.Sub(p.From) / time.Second)
		}
	}
	slices.SortStableFunc(r.Episodes, func(a, b Episode) int { return a.From.Compare(b.From) })
	return r
}
