package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/nearest"
	"plimsoll/slo/gate"
)

// gatekeeper is the deploy gate.
type gatekeeper interface {
	Freezes(ctx context.Context) ([]gate.State, error)
	// Status is of every service in every environment that a policy covers, or of one service.
	Status(ctx context.Context, service string) ([]gate.FreezeStatus, error)
	Preview(ctx context.Context, c gate.Change) (gate.Decision, error)
	Freeze(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error)
	Thaw(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error)
	ThawByCriteria(ctx context.Context, by string, roles []string, service, environment, reason string) (gate.Event, error)
	// Events are newest first.
	Events(ctx context.Context, f gate.Filter) ([]gate.Event, error)
	RequestOverride(ctx context.Context, o gate.Override) (gate.Override, error)
	ApproveOverride(ctx context.Context, by string, id int64) (gate.Override, error)
	Overrides(ctx context.Context, service string) ([]gate.Override, error)
}

// errUnknownPerson refuses whoever would have two names: an override takes two people, and one with a token and with Slack
// would be two.
var errUnknownPerson = errors.New("it is not known who you are elsewhere: an administrator adds you to slack.subjects")

// gateVerb is a row of the table of what can be asked of the gate.
type gateVerb struct {
	name, usage, help string
	changes           bool // only for people who are known by name
	run               func(ctx context.Context, w *worker, q gateQuestion) (message, error)
}

// gateQuestion is what somebody typed after a verb of the gate.
type gateQuestion struct {
	page  printer
	by    string
	at    time.Time
	words []string
	span  time.Duration // of --for; 0 if none was given
	exit  bool          // --criteria was given
	verb  gateVerb
}

func gateVerbs() []gateVerb {
	return []gateVerb{
		{"status", "[service]", "show freezes, what is owed and what ends them, and overrides", false, gateStatus},
		{"why", "service [environment]", "say whether a change would go now, and why", false, gateWhy},
		{"freeze", "service [environment] [--for 2h] why", "stop releases by hand", true, gateByHand(gate.FreezeByHand)},
		{"thaw", "service [environment] [--for 2h] why", "lift a freeze by hand; with --criteria end a Code Red whose exit criteria are met, as a release manager", true, gateThaw},
		{"override", "service [environment] commit [--for 1h] why", "ask for one commit to go, which a second person approves", true, gateOverride},
		{"approve", "n", "approve an override that somebody else asked for", true, gateApprove},
		{"help", "", "show this", false, gateHelp},
	}
}

// defaultEnvironment is meant where none is named.
const defaultEnvironment = "production"

// gate answers a command about the gate.
func (w *worker) gate(ctx context.Context, page printer, args CommandArgs) (message, error) {
	text := plain(args.Text, page.people.subject)
	q := gateQuestion{page: page, by: page.people.subject(args.UserID), at: args.ReceivedAt}
	if m := spanOption.FindStringSubmatchIndex(text); m != nil {
		d, err := time.ParseDuration(text[m[2]:m[3]])
		if err != nil || d <= 0 {
			return message{}, &usageError{problem: fmt.Sprintf("%q is no length of time: write 30m or 2h.", text[m[2]:m[3]])}
		}
		q.span, text = d, text[:m[0]]+text[m[1]:]
	}
	if at := criteriaOption.FindStringIndex(text); at != nil {
		q.exit, text = true, text[:at[0]]+text[at[1]:]
	}
	q.words = strings.Fields(text)
	if len(q.words) == 0 {
		q.words = []string{"help"}
	}
	name := strings.ToLower(q.words[0])
	all := gateVerbs()
	n := slices.IndexFunc(all, func(v gateVerb) bool { return v.name == name })
	if n < 0 {
		var names []string
		for _, v := range all {
			names = append(names, v.name)
		}
		return message{}, &usageError{problem: fmt.Sprintf("There is no verb %q%s.", name, nearest.Hint(name, names))}
	}
	q.verb, q.words = all[n], q.words[1:]
	switch {
	case w.Gate == nil && q.verb.name != "help":
		return quiet("The gate cannot be asked from here."), nil
	case q.verb.changes && !page.people.known(args.UserID):
		return message{}, errUnknownPerson
	}
	return q.verb.run(ctx, w, q)
}

// usage is the error of a question that lacks words.
func (q gateQuestion) usage() error {
	return &usageError{problem: fmt.Sprintf("Write `%s %s %s`.", q.page.command, q.verb.name, q.verb.usage)}
}

// place takes the service and the environment off the words. An environment is one that the gate knows the service in.
func (q *gateQuestion) place(ctx context.Context, g gatekeeper) (service, environment string, err error) {
	if len(q.words) == 0 {
		return "", "", q.usage()
	}
	service, environment = q.words[0], defaultEnvironment
	q.words = q.words[1:]
	if len(q.words) > 0 {
		d, err := g.Preview(ctx, gate.Change{Service: service, Environment: q.words[0], Commit: anyCommit, Class: gate.Feature})
		switch {
		case err == nil && d.Reason != gate.NoPolicy:
			environment, q.words = q.words[0], q.words[1:]
		case err != nil && !correctable(err):
			return "", "", err
		default:
			if err := q.checkSlip(ctx, g, service); err != nil {
				return "", "", err
			}
		}
	}
	return service, environment, nil
}

// checkSlip refuses a first word that is nearly an environment of the service: taken for the beginning of a reason, it would let the command
// go to another environment than was meant.
func (q *gateQuestion) checkSlip(ctx context.Context, g gatekeeper, service string) error {
	known, err := g.Status(ctx, service)
	if err != nil {
		if correctable(err) {
			return nil // the command itself will say that there is no such service
		}
		return err
	}
	var environments []string
	for _, s := range known {
		environments = append(environments, s.Environment)
	}
	if meant, ok := nearest.Of(q.words[0], environments); ok {
		return &usageError{problem: fmt.Sprintf("%s is not known in an environment %q (did you mean %q?). If that is where the reason begins, write the environment before it.",
			service, q.words[0], meant)}
	}
	return nil
}

// anyCommit stands for a commit that nothing is known of.
const anyCommit = "0000000"

func gateHelp(_ context.Context, _ *worker, q gateQuestion) (message, error) {
	lines := []string{"Where no environment is named, " + defaultEnvironment + " is meant."}
	for _, v := range gateVerbs() {
		lines = append(lines, fmt.Sprintf("• `%s %s` %s", q.page.command, strings.TrimSpace(v.name+" "+v.usage), v.help))
	}
	return quiet(strings.Join(lines, "\n")), nil
}

func gateStatus(ctx context.Context, w *worker, q gateQuestion) (message, error) {
	if len(q.words) > 1 {
		return message{}, q.usage()
	}
	service := strings.Join(q.words, "")
	all, err := w.Gate.Status(ctx, service)
	switch {
	case err != nil:
		return message{}, err
	case len(all) == 0 && service != "":
		return message{}, &usageError{problem: fmt.Sprintf("No policy covers a service %q, or it has no objective.", service)}
	}
	var lines []string
	for _, s := range all {
		if service != "" || s.Phase != gate.Open || s.Frozen(q.at) {
			lines = append(lines, q.page.freeze(s, q.at)...)
		}
	}
	overrides, err := w.Gate.Overrides(ctx, service)
	if err != nil {
		return message{}, err
	}
	for _, o := range overrides {
		if o.UsedBy == 0 && q.at.Before(o.Until) {
			lines = append(lines, q.page.override(o))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "Nothing is frozen.")
	}
	return quiet(strings.Join(lines, "\n")), nil
}

// freeze tells the freeze of one service in one environment, and below it what is owed and what ends it.
func (p printer) freeze(s gate.FreezeStatus, at time.Time) []string {
	line := fmt.Sprintf("• *%s* in %s: %s", escaper.Replace(s.Service), escaper.Replace(s.Environment), strings.ReplaceAll(string(s.Phase), "_", " "))
	if !s.Since.IsZero() {
		line += " since " + clock(s.Since)
	}
	if s.Shadow {
		line += " (shadow: it stops nothing)"
	}
	if m := s.Manual; m != nil && at.Before(m.Until) {
		verb := map[gate.CommandKind]string{gate.FreezeByHand: "frozen", gate.ThawByHand: "thawed"}[m.Kind]
		line += fmt.Sprintf("; %s by %s until %s: %s", verb, p.name(m.By), clock(m.Until), escaper.Replace(m.Reason))
	}
	lines := []string{line}
	below := func(format string, args ...any) { lines = append(lines, "    "+fmt.Sprintf(format, args...)) }
	for _, f := range s.Spent {
		below("spent: %s", escaper.Replace(f.String()))
	}
	if s.Incident != "" {
		led := "nobody leads it"
		if s.Commander != "" {
			led = "led by " + p.name(s.Commander)
		}
		below("%s, %s", escaper.Replace(s.Incident), led)
	}
	for _, d := range s.Duties {
		word := "still owed"
		if d.Overdue {
			word = "overdue"
		}
		below("%s: %s, by %s", word, escaper.Replace(d.Text), clock(d.Due))
	}
	if s.LiftsAt != nil {
		below("it lifts at %s if the budgets stay", clock(*s.LiftsAt))
	}
	if s.Ends != "" {
		below("%s", escaper.Replace(s.Ends))
	}
	for _, c := range s.Criteria {
		below("exit criterion %s: %s", map[bool]string{true: "met", false: "not met"}[c.Met], escaper.Replace(c.Detail))
	}
	return lines
}

// override tells one override.
func (p printer) override(o gate.Override) string {
	line := fmt.Sprintf("• override %d: %s of %s in %s, until %s, asked for by %s: %s", o.ID, escaper.Replace(o.Commit), escaper.Replace(o.Service),
		escaper.Replace(o.Environment), clock(o.Until), p.name(o.By), escaper.Replace(o.Reason))
	if o.ApprovedBy != "" {
		return line + "; approved by " + p.name(o.ApprovedBy)
	}
	return line + fmt.Sprintf("; somebody else approves it with `%s approve %d`", p.command, o.ID)
}

func gateWhy(ctx context.Context, w *worker, q gateQuestion) (message, error) {
	service, environment, err := q.place(ctx, w.Gate)
	if err != nil {
		return message{}, err
	}
	if len(q.words) > 0 {
		return message{}, &usageError{problem: fmt.Sprintf("%s is not known in an environment %q.", service, q.words[0])}
	}
	d, err := w.Gate.Preview(ctx, gate.Change{Service: service, Environment: environment, Commit: anyCommit, Class: gate.Feature})
	if err != nil {
		return message{}, err
	}
	return quiet(d.Mrkdwn()), nil
}
