package slack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// printer writes answers in Slack's mrkdwn.
type printer struct {
	people  people
	url     string // of the pages; empty for no links
	command string
}

// name writes a subject so that Slack shows the person where it can.
func (p printer) name(subject string) string {
	if id, ok := strings.CutPrefix(subject, subjectPrefix); ok {
		return "<@" + escaper.Replace(id) + ">"
	}
	if id := p.people.user(subject); id != "" {
		return "<@" + id + ">"
	}
	return escaper.Replace(subject)
}

// plainName writes a subject where Slack shows no references.
func (p printer) plainName(subject string) string { return subject }

func (p printer) ref(r incidents.Ref) string {
	if p.url == "" {
		return r.String()
	}
	return fmt.Sprintf("<%s|%s>", p.link(r), r)
}

func (p printer) title(i incidents.Incident) string {
	return fmt.Sprintf("*%s* %s (%s)", p.ref(i.Ref), escaper.Replace(i.Title), standing(i))
}

// standing is the severity and state in a few words.
func standing(i incidents.Incident) string {
	list := []string{}
	if i.Severity.Set() {
		list = append(list, i.Severity.String())
	}
	list = append(list, string(i.State))
	if i.Private {
		list = append(list, "private")
	}
	if i.Drill {
		list = append(list, "drill")
	}
	return strings.Join(list, ", ")
}

// maxLine bounds what is shown of one entry; all of it is on the pages.
const maxLine = 3000

// line tells one entry.
func (p printer) line(e incidents.TimelineEntry) string {
	e.Text = escaper.Replace(clip(e.Text, maxLine))
	return "• " + p.name(e.By) + ": " + e.Sentence(p.name)
}

// changed tells everybody what was done and what comes next.
func (p printer) changed(i incidents.Incident, made []incidents.TimelineEntry) message {
	lines := []string{p.title(i)}
	for _, e := range made {
		lines = append(lines, p.line(e))
	}
	if len(made) > 0 {
		lines = append(lines, p.next(i, made[len(made)-1])...)
	}
	return loud(strings.Join(lines, "\n"))
}

// next says what is expected after an entry.
func (p printer) next(i incidents.Incident, last incidents.TimelineEntry) []string {
	var lines []string
	switch last.Kind {
	case incidents.KindDeclared:
		lines = append(lines, fmt.Sprintf("Somebody takes it with `%s %s ack` and leads with `%s %s lead`.", p.command, i.Ref, p.command, i.Ref))
		if !i.Severity.Set() {
			lines = append(lines, fmt.Sprintf("How bad is it? `%s %s sev 1-5`", p.command, i.Ref))
		}
	case incidents.KindDrafted:
		n, _, _ := strings.Cut(last.Field, " ")
		lines = append(lines, fmt.Sprintf("Somebody else approves it with `%s %s comms approve %s`.", p.command, i.Ref, n))
	case incidents.KindResolved:
		if i.Times.Started.IsZero() {
			lines = append(lines, fmt.Sprintf("When did it start? `%s %s at started 14:05`", p.command, i.Ref))
		}
		if i.Severity.NeedsPostmortem() {
			lines = append(lines, fmt.Sprintf("A %s incident needs a postmortem: `%s %s postmortem` begins it.", i.Severity, p.command, i.Ref))
		}
	}
	if due, ok := i.UpdateDue(); ok {
		switch last.Kind {
		case incidents.KindDeclared, incidents.KindUpdate, incidents.KindSeverity, incidents.KindReopened:
			lines = append(lines, "Next update due "+clock(due)+".")
		}
	}
	return lines
}

// hints is what comes next, for the person who did the last thing; nothing if nothing does.
func (p printer) hints(i incidents.Incident, last incidents.TimelineEntry) message {
	return quiet(strings.Join(p.next(i, last), "\n"))
}

// refused tells the person what is wrong, and how the verb is used if it is about that.
func (p printer) refused(err error) message {
	var u *usageError
	if !errors.As(err, &u) {
		return quiet(escaper.Replace(sentence(rootOf(err))))
	}
	if u.verb == nil {
		return quiet(escaper.Replace(u.problem) + fmt.Sprintf(" `%s help` lists them all.", p.command))
	}
	return quiet(escaper.Replace(u.problem) + "\n" + p.usage(*u.verb))
}

// rootOf is what an error says without what the store was doing: the person knows what was asked.
func rootOf(err error) string {
	var input *incidents.InputError
	var state *incidents.StateError
	var review *postmortem.StateError
	var field *gate.InputError
	switch {
	case errors.As(err, &input):
		return input.Error()
	case errors.As(err, &state):
		return state.Error()
	case errors.As(err, &review):
		return review.Error()
	case errors.As(err, &field):
		return field.Error()
	}
	said := err.Error()
	for _, known := range answerable {
		if at := strings.Index(said, known.Error()); at >= 0 && errors.Is(err, known) {
			return said[at:]
		}
	}
	return said
}

// answerable are the errors that the person who asked can put right, besides those with a type of their own.
var answerable = []error{
	incidents.ErrNotFound, incidents.ErrNoEntry, incidents.ErrNoMember, incidents.ErrNobody, errWhich,
	postmortem.ErrNotFound, postmortem.ErrNoItem, postmortem.ErrOwnWork, postmortem.ErrNoIncident, errNoPostmortems,
	gate.ErrNotReleaseManager, gate.ErrNoCodeRed, gate.ErrCriteria,
	gate.ErrUnknownService, gate.ErrNoPolicy, gate.ErrOwnApproval, gate.ErrOverrideOver, gate.ErrQuota, gate.ErrNoOverride, errUnknownPerson,
	identity.ErrForbidden,
}

// correctable reports whether the person who asked can put an error right.
func correctable(err error) bool {
	var usage *usageError
	var field *fieldError
	var input *incidents.InputError
	var state *incidents.StateError
	var review *postmortem.StateError
	var missing *postmortem.MissingError
	var gateInput *gate.InputError
	for _, target := range []any{&usage, &field, &input, &state, &review, &missing, &gateInput} {
		if errors.As(err, target) {
			return true
		}
	}
	return slices.ContainsFunc(answerable, func(known error) bool { return errors.Is(err, known) })
}

func (p printer) usage(v verb) string {
	call := strings.TrimSpace(v.name + " " + v.usage)
	return fmt.Sprintf("`%s [INC-n] %s` %s", p.command, escaper.Replace(call), v.help)
}

func (p printer) help() message {
	lines := []string{"INC-n may be left out in the channel of an incident, and while only one is open. A verb alone opens a form where it needs words."}
	for _, v := range verbs() {
		lines = append(lines, "• "+p.usage(v))
	}
	return quiet(strings.Join(lines, "\n"))
}

func (p printer) list(open []incidents.Incident) message {
	if len(open) == 0 {
		return quiet("No incident is open.")
	}
	var lines []string
	for _, i := range open {
		lines = append(lines, "• "+p.title(i)+", "+p.leader(i))
	}
	return quiet(strings.Join(lines, "\n"))
}

func (p printer) leader(i incidents.Incident) string {
	if c := i.Roles[incidents.Commander]; c != "" {
		return "led by " + p.name(c)
	}
	return "nobody leads it"
}

// statusEntries is how much of the timeline a status shows.
const statusEntries = 5

func (p printer) status(i incidents.Incident, timeline []incidents.TimelineEntry) message {
	lines := []string{p.title(i)}
	if i.Severity.Set() {
		lines = append(lines, i.Severity.Name()+": "+i.Severity.Definition())
	}
	if affected := p.affected(i); affected != "" {
		lines = append(lines, "Affected: "+affected)
	}
	lines = append(lines, p.roles(i)...)
	lines = append(lines, p.open(i)...)
	if due, ok := i.UpdateDue(); ok {
		lines = append(lines, "Next update due "+clock(due)+".")
	}
	if skipped := len(timeline) - statusEntries; skipped > 0 {
		lines = append(lines, fmt.Sprintf("… %d earlier entries", skipped))
		timeline = timeline[skipped:]
	}
	for _, e := range timeline {
		lines = append(lines, p.line(e)+" _"+clock(e.At)+"_")
	}
	return quiet(strings.Join(lines, "\n"))
}

// open lists what is still to be done or to be decided.
func (p printer) open(i incidents.Incident) []string {
	var lines []string
	for _, t := range i.Tasks {
		if !t.Open() {
			continue
		}
		line := fmt.Sprintf("To do %d: %s", t.Number, escaper.Replace(t.Text))
		if t.Kind == incidents.TaskFollowUp {
			line = fmt.Sprintf("Afterwards %d: %s", t.Number, escaper.Replace(t.Text))
		}
		if t.Owner != "" {
			line += ", by " + p.name(t.Owner)
		}
		lines = append(lines, line)
	}
	for _, m := range i.Messages {
		if m.State == incidents.MessageDraft {
			lines = append(lines, fmt.Sprintf("Message %d to %s waits for approval.", m.Number, m.Audience))
		}
	}
	return lines
}

// clock writes an instant so that Slack shows it in each reader's own time zone.
func clock(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04 UTC"))
}
