package postmortem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

// Write makes a document of a record: what is known is told, and what is missing is asked.
func Write(r Record) Document {
	d := Document{Title: fmt.Sprintf("Postmortem of %s: %s", r.Incident, r.Facts.Title), Lead: r.lead(), Facts: r.table()}
	c := r.Content
	d.Sections = []Section{
		{Heading: "Summary", Text: paragraphs(c.Summary, r.declared()),
			Questions: r.ask("What happened, in three sentences that somebody outside the team understands?", "summary")},
		r.impact(),
		{Heading: "Background", Text: paragraphs(c.Background), Questions: ask(c.Background == "", "What does a reader need to know of the system to follow the rest?")},
		r.trigger(),
		r.causes(),
		r.whys(),
		r.detection(),
		r.response(),
		r.recovery(),
		r.timeline(),
		list("What went well", c.WentWell, "What worked as it was meant to?"),
		list("What went wrong", c.WentWrong, "What did not, in the system and in the response?"),
		list("Where we were lucky", c.Lucky, "What happened to be in our favour, and is not to be relied on?"),
		list("Lessons", c.Lessons, "What is known now that was not known before?"),
		r.items(),
	}
	if links := r.links(); len(links.Points) > 0 {
		d.Sections = append(d.Sections, links)
	}
	return d
}

func (r Record) lead() []string {
	head := fmt.Sprintf("%s, version %d.", strings.ToUpper(r.stateInWords()[:1])+r.stateInWords()[1:], r.Version)
	if r.Required != "" {
		head += " Required: " + r.Required + "."
	}
	if !r.Due.IsZero() && (r.State == Draft || r.State == InReview) {
		head += " To be reviewed by " + when(r.Due) + "."
	}
	facts := "Facts of " + when(r.Facts.At) + ", from the incident's record"
	if len(r.Facts.Losses) > 0 {
		facts += " and the error-budget ledger"
	}
	lead := []string{head, facts + ". All times are UTC. People appear by the role they held."}
	if r.State == Draft {
		lead = append(lead, "Lines that begin with “Question” are for the authors to answer.")
	}
	return lead
}

func (r Record) stateInWords() string { return strings.ReplaceAll(string(r.State), "_", " ") }

// table are the facts in short.
func (r Record) table() [][2]string {
	f := r.Facts
	severity := f.Severity.String()
	if f.Severity.Valid() {
		severity = fmt.Sprintf("%s, %s: %s", f.Severity, f.Severity.Name(), f.Severity.Definition())
	}
	state := string(f.State)
	if f.Reopened > 0 {
		state += fmt.Sprintf(", reopened %d times", f.Reopened)
	}
	rows := [][2]string{{"Severity", severity}, {"State", state}, {"Services", cmp.Or(strings.Join(f.Services, ", "), "not known")}}
	for _, e := range []struct {
		name string
		at   time.Time
	}{{"Started", f.Times.Started}, {"Detected", f.Times.Detected}, {"Declared", f.Times.Declared}, {"Acknowledged", f.Times.Acknowledged},
		{"Mitigated", f.Times.Mitigated}, {"Resolved", f.Times.Resolved}} {
		rows = append(rows, [2]string{e.name, when(e.at)})
	}
	return rows
}

// declared says where the incident came from.
func (r Record) declared() string {
	by := "a person"
	switch r.Facts.Source {
	case incidents.SourceAlert:
		by = "a burn-rate alert"
	case incidents.SourceCodeRed:
		by = "the freeze of a service whose error budget was spent"
	}
	as := ""
	if r.Facts.First != "" && r.Facts.First != incidents.Unset.String() {
		as = " as " + r.Facts.First
	}
	return fmt.Sprintf("Declared%s by %s at %s.", as, by, when(r.Facts.Times.Declared))
}

func (r Record) impact() Section {
	s := Section{Heading: "Impact", Text: paragraphs(r.Content.Impact.Text), Questions: ask(r.Content.Impact.Text == "", "Who noticed, and what could they not do?")}
	if n := r.Content.Impact.Users; n != nil {
		s.Text = append(s.Text, "Users affected: "+slo.FormatCount(*n)+".")
	} else {
		s.Questions = append(s.Questions, "How many users were affected?")
	}
	for _, t := range r.Facts.Terms {
		s.Points = append(s.Points, slo.FormatSpan(time.Duration(t.Minutes*float64(time.Minute)))+" at "+t.Severity.String())
	}
	if len(r.Facts.Losses) == 0 {
		s.Questions = append(s.Questions, "No objective is linked to this incident, so no budget was measured. Which objective will notice the next one?")
		return s
	}
	s.Text = append(s.Text, fmt.Sprintf("From %s to %s:", when(r.Facts.From), when(r.Facts.To)))
	s.Table.Head = columns("Objective", ">Events", ">Bad", ">Error budget spent", ">Minutes observed")
	for _, l := range r.Facts.Losses {
		share := "no events in its window"
		if l.Share != nil {
			share = slo.FormatBadPercent(*l.Share) + " of " + l.Window
		}
		s.Table.Rows = append(s.Table.Rows, []string{l.Name + " (" + string(l.Objective) + ")", slo.FormatCount(l.Events), slo.FormatCount(l.Bad), share, slo.FormatPercent(l.Coverage)})
	}
	return s
}

func (r Record) trigger() Section {
	t := r.Content.Trigger
	s := Section{Heading: "Trigger", Text: paragraphs(t.Text)}
	if t.Kind != "" {
		s.Text = append([]string{"Kind: " + string(t.Kind) + "."}, s.Text...)
	}
	s.Questions = ask(t.Kind == "", "What set it off: "+oneOf(TriggerKinds())+"?")
	return s
}

func (r Record) causes() Section {
	s := Section{Heading: "Root causes and contributing factors"}
	for _, of := range []struct {
		name string
		list []Cause
	}{{"Root cause", r.Content.RootCauses}, {"Contributing factor", r.Content.Contributing}} {
		for _, c := range of.list {
			line := of.name
			if c.Label != "" {
				line += " (" + c.Label + ")"
			}
			line += ": " + c.Text
			if c.Evidence != "" {
				line += " (evidence: " + c.Evidence + ")"
			}
			s.Points = append(s.Points, line)
		}
	}
	s.Questions = ask(len(r.Content.RootCauses) == 0, "Which conditions had to come together? Name each, with evidence (a graph, a log, a commit).")
	return s
}

// whys are five of them: where the authors gave fewer, the next one is asked.
func (r Record) whys() Section {
	s := Section{Heading: "Five whys", Numbered: slices.Clone(r.Content.FiveWhys)}
	switch n := len(r.Content.FiveWhys); {
	case n == 0:
		s.Questions = []string{"Why were customers affected, and why was each of the answers possible?"}
	case n < 5:
		s.Questions = []string{"Why was the last of these possible?"}
	}
	return s
}

func (r Record) detection() Section {
	s := Section{Heading: "Detection and its gap", Text: paragraphs(r.Content.Detection, r.Content.Gap)}
	if ttd, ok := r.Facts.Times.TimeToDetect(); ok {
		s.Text = append(s.Text, "It was detected "+slo.FormatSpan(ttd)+" after it started.")
	}
	s.Questions = append(ask(r.Content.Detection == "", "How was it noticed?"),
		ask(r.Content.Gap == "", "What did not notice it, and what would it take to notice it earlier?")...)
	return s
}

func (r Record) response() Section {
	s := Section{Heading: "Response", Text: paragraphs(r.Content.Response), Questions: ask(r.Content.Response == "", "What helped the responders, and what was in their way?")}
	s.Table.Head = columns("Measure", "From", "To", ">Length")
	t := r.Facts.Times
	for _, m := range []struct {
		name, from, to string
		measure        func() (time.Duration, bool)
	}{{"Time to detect", "started", "detected", t.TimeToDetect}, {"Time to acknowledge", "detected", "acknowledged", t.TimeToAcknowledge},
		{"Time to mitigate", "started", "mitigated", t.TimeToMitigate}, {"Time to resolve", "started", "resolved", t.TimeToResolve}} {
		length := "not known"
		if d, ok := m.measure(); ok {
			length = slo.FormatSpan(d)
		}
		s.Table.Rows = append(s.Table.Rows, []string{m.name, m.from, m.to, length})
	}
	for _, u := range r.Facts.Updates {
		s.Points = append(s.Points, "Update of "+when(u.At)+": "+u.What)
	}
	if len(s.Points) == 0 {
		s.Text = append(s.Text, "No update went out.")
	}
	return s
}

func (r Record) recovery() Section {
	s := Section{Heading: "Recovery", Text: paragraphs(r.Content.Recovery), Questions: ask(r.Content.Recovery == "", "What brought the service back, and how was that known?")}
	for _, l := range r.Facts.Recovery {
		s.Points = append(s.Points, when(l.At)+", "+l.What)
	}
	return s
}

// timeline is that of the incident with what the authors added.
func (r Record) timeline() Section {
	lines := slices.Clone(r.Facts.Timeline)
	for _, m := range r.Content.Timeline {
		lines = append(lines, Line(m))
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.At.Compare(b.At) })
	s := Section{Heading: "Timeline", Table: Table{Head: columns("Time", "Who", "What")}}
	for _, l := range lines {
		s.Table.Rows = append(s.Table.Rows, []string{when(l.At), l.Who, l.What})
	}
	return s
}

func (r Record) items() Section {
	s := Section{Heading: "Action items", Text: []string{"At least one should detect this earlier or prevent it. Each closes with evidence: a test, an alert, a commit."}}
	if len(r.Items) == 0 {
		s.Questions = []string{"What makes it impossible, what notices it earlier, what makes it hurt less, and what makes the next response easier?"}
		return s
	}
	s.Table = Table{Head: columns("Item", "Kind", "Action", "Owner", "Priority", "Due", "State", "Tracker", "Evidence"), Links: map[string]string{}}
	for _, i := range r.Items {
		var evidence []string
		for _, e := range i.Evidence {
			evidence = append(evidence, fmt.Sprintf("%s %s: %s", e.Kind, e.Ref, e.Words))
		}
		if i.Tracker != "" {
			s.Table.Links[i.Tracker] = i.Tracker
		}
		s.Table.Rows = append(s.Table.Rows, []string{i.ID.String(), string(i.Kind), i.Text, i.Owner, i.Priority.String(), i.Due.UTC().Format(time.DateOnly),
			string(i.State), i.Tracker, strings.Join(evidence, "\n")})
	}
	return s
}

func (r Record) links() Section {
	s := Section{Heading: "See also"}
	for _, of := range []struct {
		name string
		list []string
	}{{"Risk", r.Content.Links.Risks}, {"Failure mode", r.Content.Links.FMEA}, {"Fault tree", r.Content.Links.FaultTrees}, {"Incident", r.Content.Links.Incidents}} {
		for _, ref := range of.list {
			s.Points = append(s.Points, of.name+": "+ref)
		}
	}
	return s
}

func list(heading string, points []string, question string) Section {
	return Section{Heading: heading, Points: points, Questions: ask(len(points) == 0, question)}
}

// ask returns the question if it is still open.
func ask(open bool, question string) []string {
	if open {
		return []string{question}
	}
	return nil
}

// ask returns a question if the section of that name is not what a review needs.
func (r Record) ask(question, name string) []string {
	for _, s := range sections {
		if s.Name == name {
			return ask(!s.full(r), question)
		}
	}
	return nil
}

// paragraphs splits texts at their empty lines.
func paragraphs(texts ...string) []string {
	var out []string
	for _, t := range texts {
		for p := range strings.SplitSeq(strings.ReplaceAll(t, "\r\n", "\n"), "\n\n") {
			if p = strings.TrimSpace(p); p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}
