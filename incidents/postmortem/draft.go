package postmortem

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

//go:embed draft.md.tmpl
var draftTemplate string

// Input is what a draft is made from.
type Input struct {
	Incident incidents.Incident
	Timeline []incidents.TimelineEntry
	Spent    []Spent // measured from the ledger; nil where no objective is affected
	At       time.Time
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

// Draft writes the postmortem of an incident as Markdown.
func Draft(in Input) (string, error) {
	if len(in.Timeline) == 0 {
		return "", errors.New("a postmortem is drafted from a timeline, and this one is empty")
	}
	d := draft{Input: in, cast: castOf(in.Incident, in.Timeline)}
	t, err := template.New("draft").Funcs(template.FuncMap{
		"text": func(s string) string { return escape(d.cast.blameless(s)) },
		"cell": cell,
		"when": when,
		"span": slo.FormatSpan,
	}).Parse(draftTemplate)
	if err != nil {
		return "", fmt.Errorf("read template of the draft: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, d); err != nil {
		return "", fmt.Errorf("write the draft: %w", err)
	}
	return b.String(), nil
}

// draft is what the template sees.
type draft struct {
	Input
	cast cast
}

// instant is a row of the table of times.
type instant struct {
	Event string
	At    time.Time
	Ask   string // what to say where it is not known
}

// Instants are the times of the incident in order.
func (d draft) Instants() []instant {
	t := d.Incident.Times
	return []instant{
		{"Started", t.Started, "**Question:** when were customers first affected?"},
		{"Detected", t.Detected, ""},
		{"Declared", t.Declared, ""},
		{"Acknowledged", t.Acknowledged, "not yet"},
		{"Mitigated", t.Mitigated, "not yet"},
		{"Resolved", t.Resolved, "not yet"},
	}
}

// duration is a row of the table of durations.
type duration struct {
	Name, From, To string
	Length         time.Duration
	Known          bool
}

// Durations are the four measures of a response.
func (d draft) Durations() []duration {
	row := func(name, from, to string, measure func() (time.Duration, bool)) duration {
		length, known := measure()
		return duration{name, from, to, length, known}
	}
	t := d.Incident.Times
	return []duration{
		row("Time to detect", "started", "detected", t.TimeToDetect),
		row("Time to acknowledge", "detected", "acknowledged", t.TimeToAcknowledge),
		row("Time to mitigate", "started", "mitigated", t.TimeToMitigate),
		row("Time to resolve", "started", "resolved", t.TimeToResolve),
	}
}

// Declared says where the incident came from.
func (d draft) Declared() string {
	switch d.Incident.Source {
	case incidents.SourceAlert:
		return "a burn-rate alert"
	case incidents.SourceCodeRed:
		return "the freeze of a service whose error budget was spent"
	default:
		return "a person"
	}
}

// term is a time that was spent at one severity.
type term struct {
	Severity incidents.Severity
	Length   time.Duration
}

// Terms replays the changes of severity, from the declaration to the resolution or now.
func (d draft) Terms() []term {
	end := d.At
	if !d.Incident.Times.Resolved.IsZero() {
		end = d.Incident.Times.Resolved
	}
	lengths := map[incidents.Severity]time.Duration{}
	severity, since := incidents.Severity(0), d.Incident.Times.Declared
	for _, e := range d.Timeline {
		if e.Kind != incidents.KindDeclared && e.Kind != incidents.KindSeverity {
			continue
		}
		if next, err := incidents.ParseSeverity(e.Became); err == nil {
			if severity != 0 && e.At.After(since) {
				lengths[severity] += min(e.At.Sub(since), max(0, end.Sub(since)))
				since = e.At
			}
			severity = next
		}
	}
	if end.After(since) {
		lengths[severity] += end.Sub(since)
	}
	var terms []term
	for _, s := range incidents.Severities() {
		if lengths[s] > 0 {
			terms = append(terms, term{s, lengths[s]})
		}
	}
	return terms
}

// line is a row of the timeline's table.
type line struct {
	At        time.Time
	Who, What string
}

// Lines tell the timeline by roles.
func (d draft) Lines() []line {
	var lines []line
	for _, e := range d.Timeline {
		lines = append(lines, line{e.At, d.cast.part(e.By), d.tell(e)})
	}
	return lines
}

// tell says what happened where everybody is a role already: an assignment is told by what was done.
func (d draft) tell(e incidents.TimelineEntry) string {
	if e.Kind != incidents.KindAssigned {
		e.Text = d.cast.blameless(e.Text)
		return e.Sentence(nil)
	}
	role, holder := incidents.Role(e.Field).Title(), d.cast.part(e.Became)
	switch {
	case e.Was == "" && e.Became == e.By:
		return "took the role of " + role
	case e.Was == "" && strings.HasSuffix(holder, role):
		return "named the " + holder
	case e.Was == "":
		return "named the " + holder + " as " + role
	default:
		return "the role of " + role + " went from the " + d.cast.part(e.Was) + " to the " + holder
	}
}

// First is the severity that it was declared with.
func (d draft) First() string { return d.Timeline[0].Became }

// of returns the entries of some kinds that say something, in order.
func (d draft) of(kinds ...incidents.Kind) []incidents.TimelineEntry {
	var list []incidents.TimelineEntry
	for _, e := range d.Timeline {
		if slices.Contains(kinds, e.Kind) && e.Text != "" {
			list = append(list, e)
		}
	}
	return list
}

// Updates are what everybody else was told.
func (d draft) Updates() []incidents.TimelineEntry { return d.of(incidents.KindUpdate) }

// Recovery is what was said about how it ended.
func (d draft) Recovery() []incidents.TimelineEntry {
	return d.of(incidents.KindMitigated, incidents.KindResolved, incidents.KindReopened)
}

// Resolution is what was said when it was resolved for the last time.
func (d draft) Resolution() string {
	said := d.of(incidents.KindResolved)
	if len(said) == 0 || d.Incident.Times.Resolved.IsZero() {
		return ""
	}
	return said[len(said)-1].Text
}

// loss is a row of the table of what objectives lost.
type loss struct {
	Objective, Requests, Failed, Budget, Coverage string
}

// Losses are what the objectives lost.
func (d draft) Losses() []loss {
	var rows []loss
	for _, s := range d.Spent {
		row := loss{
			Objective: s.Objective.DisplayName + " (" + string(s.Objective.Key) + ")",
			Requests:  slo.FormatCount(s.Reading.Total), Failed: slo.FormatCount(s.Reading.Bad()),
			Budget: "no events in its window", Coverage: slo.FormatPercent(s.Reading.Coverage()),
		}
		if share, ok := s.Share(); ok {
			row.Budget = slo.FormatPercent(share) + " of " + s.Objective.Window.String()
		}
		rows = append(rows, row)
	}
	return rows
}

// Hurt is the interval that the losses are measured over.
func (d draft) Hurt() line {
	from, to := Hurt(d.Incident.Times, d.At)
	return line{At: from, What: when(to)}
}

func when(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// escape keeps what somebody wrote from becoming HTML.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// cell also keeps it in its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\r\n", "<br>", "\n", "<br>").Replace(escape(s))
}
