package postmortem

import (
	"errors"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

// Input is what facts are made from.
type Input struct {
	Incident incidents.Incident
	Timeline []incidents.TimelineEntry
	Spent    []Spent // measured from the ledger; nil where no objective is affected
	At       time.Time
}

// Facts are what is known of an incident without asking anybody. People appear by the roles they held.
type Facts struct {
	At         time.Time          `json:"at" doc:"When they were taken"`
	Title      string             `json:"title"`
	Severity   incidents.Severity `json:"severity"`
	First      string             `json:"declaredAs" doc:"The severity that it was declared with"`
	State      incidents.State    `json:"state"`
	Reopened   int                `json:"reopened"`
	Drill      bool               `json:"drill,omitempty"`
	Source     incidents.Source   `json:"source"`
	Services   []string           `json:"services" nullable:"false"`
	Times      incidents.Times    `json:"times"`
	From       time.Time          `json:"from" doc:"Since when customers were affected, as far as is known"`
	To         time.Time          `json:"to"`
	Losses     []Loss             `json:"losses" nullable:"false" doc:"What objectives lost from then to then"`
	Terms      []Term             `json:"terms" nullable:"false" doc:"How long it was at which severity"`
	Timeline   []Line             `json:"timeline" nullable:"false"`
	Updates    []Line             `json:"updates" nullable:"false" doc:"What everybody else was told"`
	Recovery   []Line             `json:"recovery" nullable:"false" doc:"What was said about how it ended"`
	Resolution string             `json:"resolution,omitempty" doc:"What was said when it was resolved for the last time"`
}

// Loss is what one objective lost while customers were affected.
type Loss struct {
	Objective slo.Key  `json:"objective"`
	Name      string   `json:"name"`
	Events    int64    `json:"events"`
	Bad       int64    `json:"bad" doc:"Requests that failed, for an objective of requests"`
	Share     *float64 `json:"share,omitempty" doc:"Part of the window's error budget that went; absent without events in the window"`
	Window    string   `json:"window"`
	Coverage  float64  `json:"coverage" doc:"Share of the minutes that were observed"`
}

// Term is a time that was spent at one severity.
type Term struct {
	Severity incidents.Severity `json:"severity"`
	Minutes  float64            `json:"minutes"`
}

// Line is a line of the timeline, told by roles.
type Line struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	What string    `json:"what"`
}

// Hurt returns the interval in which customers were affected, as far as the record knows: from the start, or else the
// detection, until it was mitigated, or else now.
func Hurt(t incidents.Times, now time.Time) (from, to time.Time) {
	from, to = t.Started, t.Mitigated
	if from.IsZero() {
		from = t.Detected
	}
	if to.IsZero() {
		to = now
	}
	return from, to
}

// FactsOf takes the facts of an incident. Errors: [ErrNoIncident]; an empty timeline.
func FactsOf(in Input) (Facts, error) {
	i := in.Incident
	if Void(i) {
		return Facts{}, ErrNoIncident
	}
	if len(in.Timeline) == 0 {
		return Facts{}, errors.New("the facts of an incident are taken from its timeline, and this one is empty")
	}
	t := telling{Input: in, cast: castOf(i, in.Timeline)}
	from, to := Hurt(i.Times, in.At)
	f := Facts{
		At: exact(in.At), Title: t.cast.blameless(i.Title), Severity: i.Severity, First: in.Timeline[0].Became, State: i.State, Reopened: i.Reopened,
		Drill: i.Drill, Source: i.Source, Services: slices.Clone(i.Services), Times: i.Times, From: exact(from), To: exact(to), Losses: t.losses(), Terms: t.terms(),
		Timeline: t.lines(), Updates: t.said(incidents.KindUpdate),
		Recovery: t.said(incidents.KindMitigated, incidents.KindResolved, incidents.KindReopened),
	}
	if said := t.said(incidents.KindResolved); len(said) > 0 && !i.Times.Resolved.IsZero() {
		f.Resolution = said[len(said)-1].What
	}
	return f, nil
}

// Worst returns the largest part of a budget that went; 0 if none was measured.
func (f Facts) Worst() float64 {
	worst := 0.0
	for _, l := range f.Losses {
		if l.Share != nil {
			worst = max(worst, *l.Share)
		}
	}
	return worst
}

// telling turns a record of names into one of roles.
type telling struct {
	Input
	cast cast
}

func (t telling) losses() []Loss {
	list := []Loss{}
	for _, s := range t.Spent {
		total, bad := s.Events()
		l := Loss{
			Objective: s.Objective.Key, Name: s.Objective.DisplayName, Events: total, Bad: bad,
			Window: s.Objective.Window.String(), Coverage: s.Reading.Coverage(),
		}
		if share, ok := s.Share(); ok {
			l.Share = &share
		}
		list = append(list, l)
	}
	return list
}

// terms replays the changes of severity, from the declaration to the resolution or now.
func (t telling) terms() []Term {
	end := t.At
	if !t.Incident.Times.Resolved.IsZero() {
		end = t.Incident.Times.Resolved
	}
	lengths := map[incidents.Severity]time.Duration{}
	severity, since := incidents.Severity(0), t.Incident.Times.Declared
	for _, e := range t.Timeline {
		if e.Kind != incidents.KindDeclared && e.Kind != incidents.KindSeverity {
			continue
		}
		if next, err := incidents.ParseSeverity(e.Became); err == nil {
			if e.At.After(since) {
				lengths[severity] += min(e.At.Sub(since), max(0, end.Sub(since)))
				since = e.At
			}
			severity = next
		}
	}
	if end.After(since) {
		lengths[severity] += end.Sub(since)
	}
	terms := []Term{}
	for _, s := range incidents.Severities() {
		if lengths[s] > 0 {
			terms = append(terms, Term{s, lengths[s].Minutes()})
		}
	}
	return terms
}

func (t telling) lines() []Line {
	list := []Line{}
	for _, e := range t.Timeline {
		list = append(list, Line{e.At, t.cast.part(e.By), t.tell(e)})
	}
	return list
}

// tell says what happened where everybody is a role already: an assignment is told by what was done.
func (t telling) tell(e incidents.TimelineEntry) string {
	if e.Kind != incidents.KindAssigned {
		e.Text = t.cast.blameless(e.Text)
		return e.Sentence(t.cast.the)
	}
	role, holder := incidents.Role(e.Field).Title(), t.cast.part(e.Became)
	switch {
	case e.Was == "" && e.Became == e.By:
		return "took the role of " + role
	case e.Was == "" && strings.HasSuffix(holder, role):
		return "named the " + holder
	case e.Was == "":
		return "named the " + holder + " as " + role
	default:
		return "the role of " + role + " went from the " + t.cast.part(e.Was) + " to the " + holder
	}
}

// said are the entries of some kinds that say something, in order. Each begins with its kind unless there is only one.
func (t telling) said(kinds ...incidents.Kind) []Line {
	list := []Line{}
	for _, e := range t.Timeline {
		if !slices.Contains(kinds, e.Kind) || e.Text == "" {
			continue
		}
		text := t.cast.blameless(e.Text)
		if len(kinds) > 1 {
			text = string(e.Kind) + ": " + text
		}
		list = append(list, Line{e.At, t.cast.part(e.By), text})
	}
	return list
}
