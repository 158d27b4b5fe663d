package slack

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"plimsoll/incidents"
)

// verb is a row of the table of what can be asked.
type verb struct {
	name    string
	aliases []string
	usage   string // after the name
	help    string
	parse   func(rest string, c setting) (incidents.Command, error) // nil for a verb that only reads
}

// verbs is the table, in the order of the help.
func verbs() []verb {
	return []verb{
		{"new", []string{"declare", "open"}, `"title" [sev1-5] [svc:x] [since:14:05]`, "declare an incident; sev3 if you do not say", parseNew},
		{"ack", []string{"acknowledge"}, "", "say that you work on it", always(incidents.Acknowledge{})},
		{"lead", []string{"command", "commander", "ic"}, "[@user]", "take command, or give it", role(incidents.Commander)},
		{"ops", []string{"operations"}, "[@user]", "take or give operations", role(incidents.Operations)},
		{"comms", []string{"communications"}, "[@user]", "take or give communications", role(incidents.Communications)},
		{"scribe", nil, "[@user]", "take or give the scribe's role", role(incidents.Scribe)},
		{"handoff", nil, "lead|ops|comms|scribe @user", "hand a role off", parseHandoff},
		{"note", nil, "text", "put a note among responders on the timeline", parseNote},
		{"update", nil, "[--in 30m] text", "tell everybody else how it goes, and when the next word comes", parseUpdate},
		{"sev", []string{"severity"}, "1-5 [reason]", "change the severity", parseSev},
		{"mitigate", []string{"mitigated"}, "[how]", "say that customers no longer notice it", parseMitigate},
		{"resolve", []string{"resolved", "fixed"}, "[how]", "say that its cause is gone or contained", parseResolve},
		{"reopen", nil, "why", "say that it was not over", parseReopen},
		{"cancel", nil, "why", "say that it was no incident", parseCancel},
		{"close", nil, "", "end a resolved incident for good", always(incidents.Close{})},
		{"at", []string{"time"}, "started|detected|acknowledged|mitigated|resolved 14:05", "correct when something happened (UTC)", parseAt},
		{"status", []string{"show"}, "", "show the incident", nil},
		{"list", []string{"ls"}, "", "list the open incidents", nil},
		{"help", nil, "", "show this", nil},
	}
}

// always is the command of a verb that takes no words.
func always(cmd incidents.Command) func(string, setting) (incidents.Command, error) {
	return func(rest string, _ setting) (incidents.Command, error) {
		if rest != "" {
			return nil, fmt.Errorf("nothing may follow, and %q does", rest)
		}
		return cmd, nil
	}
}

// defaultSeverity is that of an incident that is declared without one: bad enough to be looked at.
const defaultSeverity incidents.Severity = 3

func parseNew(rest string, c setting) (incidents.Command, error) {
	d := incidents.Declare{Severity: defaultSeverity, Source: incidents.SourceSlack}
	var title []string
	for _, w := range words(plain(rest, c.who)) {
		key, value, option := strings.Cut(w.text, ":")
		switch {
		case w.quoted:
			title = append(title, w.text)
		case option && (key == "svc" || key == "service"):
			d.Services = append(d.Services, value)
		case option && key == "since":
			at, err := clockTime(value, c.at)
			if err != nil {
				return nil, err
			}
			d.Started = at
		default:
			if s, err := incidents.ParseSeverity(w.text); err == nil && len(w.text) > 1 && strings.HasPrefix(strings.ToLower(w.text), "sev") {
				d.Severity = s
				continue
			}
			title = append(title, w.text)
		}
	}
	d.Title = strings.Join(title, " ")
	if d.Title == "" {
		return nil, errors.New("a title is missing: say what customers notice")
	}
	return d, nil
}

// role is the command of a verb that takes or gives a role.
func role(r incidents.Role) func(string, setting) (incidents.Command, error) {
	return func(rest string, c setting) (incidents.Command, error) {
		if rest == "" {
			return incidents.Assign{Role: r}, nil
		}
		to, err := person(rest, c)
		return incidents.Assign{Role: r, To: to}, err
	}
}

func person(text string, c setting) (string, error) {
	m := mention.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%q is nobody that Slack knows: write @ and pick the person from the list", plain(text, c.who))
	}
	return c.who(m[1]), nil
}

func parseHandoff(rest string, c setting) (incidents.Command, error) {
	name, whom := cut(rest)
	roles := map[string]incidents.Role{"lead": incidents.Commander, "commander": incidents.Commander, "ops": incidents.Operations,
		"operations": incidents.Operations, "comms": incidents.Communications, "communications": incidents.Communications, "scribe": incidents.Scribe}
	r, ok := roles[strings.ToLower(name)]
	if !ok {
		return nil, fmt.Errorf("%q is no role: lead, ops, comms and scribe are", plain(name, c.who))
	}
	to, err := person(whom, c)
	return incidents.Assign{Role: r, To: to}, err
}

func parseNote(rest string, c setting) (incidents.Command, error) {
	return incidents.Note{Text: plain(rest, c.who)}, nil
}

// nextIn finds "--in 30m", also with the dash that phones and Macs make of two hyphens.
var nextIn = regexp.MustCompile(`(?:^|\s)(?:--|—|–)in[ =]+(\S+)`)

func parseUpdate(rest string, c setting) (incidents.Command, error) {
	var u incidents.Update
	if m := nextIn.FindStringSubmatchIndex(rest); m != nil {
		d, err := time.ParseDuration(rest[m[2]:m[3]])
		if err != nil {
			return nil, fmt.Errorf("%q is no length of time: write 30m or 1h30m", plain(rest[m[2]:m[3]], c.who))
		}
		u.NextIn, rest = d, rest[:m[0]]+rest[m[1]:]
	}
	u.Text = plain(rest, c.who)
	return u, nil
}

func parseSev(rest string, c setting) (incidents.Command, error) {
	level, reason := cut(rest)
	s, err := incidents.ParseSeverity(level)
	return incidents.SetSeverity{Severity: s, Reason: plain(reason, c.who)}, err
}

func parseMitigate(rest string, c setting) (incidents.Command, error) {
	return incidents.Mitigate{How: plain(rest, c.who)}, nil
}

func parseResolve(rest string, c setting) (incidents.Command, error) {
	return incidents.Resolve{How: plain(rest, c.who)}, nil
}

func parseReopen(rest string, c setting) (incidents.Command, error) {
	return incidents.Reopen{Reason: plain(rest, c.who)}, nil
}

func parseCancel(rest string, c setting) (incidents.Command, error) {
	return incidents.Cancel{Reason: plain(rest, c.who)}, nil
}

func parseAt(rest string, c setting) (incidents.Command, error) {
	event, clock := cut(rest)
	at, err := clockTime(clock, c.at)
	return incidents.SetTime{Event: incidents.Event(strings.ToLower(plain(event, c.who))), At: at}, err
}

// clockTime reads 14:05 as the last time that it was 14:05 UTC, and RFC 3339 as it is.
func clockTime(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	clock, err := time.Parse("15:04", text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time: write 14:05 or 2026-03-02T14:05:00Z, in UTC", unescaper.Replace(text))
	}
	now = now.UTC()
	t := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, time.UTC)
	if t.After(now) {
		t = t.AddDate(0, 0, -1)
	}
	return t, nil
}
