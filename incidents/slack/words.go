package slack

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// beginPostmortem asks for the postmortem of an incident.
type beginPostmortem struct{}

// always is the request of a verb that takes no words.
func always(r request) func(string, setting) (request, error) {
	return func(rest string, _ setting) (request, error) {
		if rest != "" {
			return nil, fmt.Errorf("nothing may follow, and %q does", rest)
		}
		return r, nil
	}
}

func parseNew(rest string, c setting) (request, error) {
	d := incidents.Declare{Source: incidents.SourceSlack}
	var title []string
	for _, w := range words(plain(rest, c.who)) {
		key, value, option := strings.Cut(w.text, ":")
		word := strings.ToLower(w.text)
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
		case word == "private" || word == "--private":
			d.Private = true
		case word == "drill" || word == "--drill":
			d.Drill = true
		default:
			if s, err := incidents.ParseSeverity(word); err == nil && len(word) > 1 && strings.HasPrefix(word, "sev") {
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

// role is the request of a verb that takes or gives a role.
func role(r incidents.Role) func(string, setting) (request, error) {
	return func(rest string, c setting) (request, error) {
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

// roleNames are the roles as they are typed.
var roleNames = map[string]incidents.Role{"lead": incidents.Commander, "commander": incidents.Commander, "ops": incidents.Operations,
	"operations": incidents.Operations, "comms": incidents.Communications, "communications": incidents.Communications, "scribe": incidents.Scribe}

func parseHandoff(rest string, c setting) (request, error) {
	name, whom := cut(rest)
	r, ok := roleNames[strings.ToLower(name)]
	if !ok {
		return nil, fmt.Errorf("%q is no role: lead, ops, comms and scribe are", plain(name, c.who))
	}
	to, err := person(whom, c)
	return incidents.Assign{Role: r, To: to}, err
}

// parseComms reads who communicates, a text for an audience, or the word of a second person on such a text.
func parseComms(rest string, c setting) (request, error) {
	first, text := cut(rest)
	word := strings.ToLower(first)
	switch {
	case word == "approve" || word == "reject":
		number, reason := cut(text)
		n, err := strconv.Atoi(strings.TrimPrefix(number, "#"))
		if err != nil {
			return nil, fmt.Errorf("%q is no number of a message: write %s 1", plain(number, c.who), word)
		}
		return incidents.DecideMessage{Number: n, Approve: word == "approve", Reason: plain(reason, c.who)}, nil
	case first == "" || mention.MatchString(first):
		return role(incidents.Communications)(rest, c)
	case slices.Contains(incidents.Audiences(), incidents.Audience(word)):
		return incidents.DraftMessage{Audience: incidents.Audience(word), Text: plain(text, c.who)}, nil
	}
	typed := plain(first, c.who)
	return nil, fmt.Errorf("%q is neither a person nor an audience: executives, support and customers are%s", typed,
		nearest.Hint(typed, []string{"executives", "support", "customers", "approve", "reject"}))
}

func parseNote(rest string, c setting) (request, error) {
	return incidents.Note{Text: plain(rest, c.who)}, nil
}

// nextIn finds "--in 30m", also with the dash that phones and Macs make of two hyphens.
var nextIn = regexp.MustCompile(`(?:^|\s)(?:--|—|–)in[ =]+(\S+)`)

func parseUpdate(rest string, c setting) (request, error) {
	var u incidents.Update
	if m := nextIn.FindStringSubmatchIndex(rest); m != nil {
		d, err := time.ParseDuration(rest[m[2]:m[3]])
		if err != nil {
			return nil, &fieldError{"in", fmt.Sprintf("%q is no length of time: write 30m or 1h30m", plain(rest[m[2]:m[3]], c.who))}
		}
		u.NextIn, rest = d, rest[:m[0]]+rest[m[1]:]
	}
	u.Text = plain(rest, c.who)
	return u, nil
}

func parseSev(rest string, c setting) (request, error) {
	level, reason := cut(rest)
	s, err := incidents.ParseSeverity(level)
	return incidents.SetSeverity{Severity: s, Reason: plain(reason, c.who)}, err
}

func parseImpact(rest string, c setting) (request, error) {
	var m incidents.Impact
	list := strings.Fields(plain(rest, c.who))
	for n, word := range list {
		named, removed := strings.CutPrefix(word, "-")
		if n > 0 && removed != m.Remove {
			return nil, errors.New("what is affected and what is not are two commands: give them one after the other")
		}
		m.Remove = removed
		key, value, ok := strings.Cut(named, ":")
		switch {
		case ok && (key == "svc" || key == "service"):
			m.Services = append(m.Services, value)
		case ok && (key == "objective" || key == "slo"):
			m.Objectives = append(m.Objectives, slo.Key(value))
		default:
			return nil, fmt.Errorf("%q is neither svc:name nor objective:service/name", word)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("a service is missing: write svc:video-api")
	}
	return m, nil
}

func parseMitigate(rest string, c setting) (request, error) {
	return incidents.Mitigate{How: plain(rest, c.who)}, nil
}

func parseResolve(rest string, c setting) (request, error) {
	return incidents.Resolve{How: plain(rest, c.who)}, nil
}

func parseReopen(rest string, c setting) (request, error) {
	return incidents.Reopen{Reason: plain(rest, c.who)}, nil
}

func parseCancel(rest string, c setting) (request, error) {
	return incidents.Cancel{Reason: plain(rest, c.who)}, nil
}

func parseAt(rest string, c setting) (request, error) {
	event, clock := cut(rest)
	at, err := clockTime(clock, c.at)
	return incidents.SetTime{Event: incidents.Event(strings.ToLower(plain(event, c.who))), At: at}, err
}

func parseTask(kind incidents.TaskKind) func(string, setting) (request, error) {
	return func(rest string, c setting) (request, error) {
		t := incidents.AddTask{Kind: kind}
		if first, text := cut(rest); mention.MatchString(first) {
			t.Owner, rest = c.who(mention.FindStringSubmatch(first)[1]), text
		}
		t.Text = plain(rest, c.who)
		return t, nil
	}
}

// parseDone reads the number of a task, or an action item and the evidence that it is done.
func parseDone(rest string, c setting) (request, error) {
	first, evidence := cut(plain(rest, c.who))
	if !isItem(first) {
		n, err := strconv.Atoi(strings.TrimPrefix(first, "#"))
		if err != nil {
			return nil, fmt.Errorf("%q is neither the number of a task nor an action item such as AI-7", first)
		}
		if evidence != "" {
			return nil, fmt.Errorf("nothing may follow the number of a task, and %q does", evidence)
		}
		return incidents.FinishTask{Number: n}, nil
	}
	id, err := postmortem.ParseItemRef(first)
	if err != nil {
		return nil, err
	}
	kind, evidence := cut(evidence)
	where, shows := cut(evidence)
	e := postmortem.Evidence{Kind: postmortem.EvidenceKind(strings.ToLower(kind)), Ref: where, Words: shows}
	return postmortem.CloseItem{ID: id, Evidence: []postmortem.Evidence{e}}, nil
}

func isItem(word string) bool { return len(word) > 3 && strings.EqualFold(word[:3], "AI-") }

func parseVerify(rest string, c setting) (request, error) {
	first, note := cut(plain(rest, c.who))
	id, err := postmortem.ParseItemRef(first)
	return postmortem.VerifyItem{ID: id, Note: note}, err
}

// parseItem reads an action item: of which kind, how urgent, whose, and what.
func parseItem(rest string, c setting) (request, error) {
	kind, rest := cut(rest)
	item := postmortem.AddItem{Kind: postmortem.ItemKind(strings.ToLower(plain(kind, c.who))), Priority: proposalPriority}
	for {
		first, more := cut(rest)
		if m := mention.FindStringSubmatch(first); m != nil {
			item.Owner, rest = c.who(m[1]), more
			continue
		}
		if len(first) == 2 && (first[0] == 'p' || first[0] == 'P') && first[1] >= '1' && first[1] <= '4' {
			item.Priority, rest = postmortem.Priority(first[1]-'0'), more
			continue
		}
		item.Text = plain(rest, c.who)
		if kinds := itemKinds(); !slices.Contains(kinds, string(item.Kind)) {
			return nil, fmt.Errorf("%q is no kind of action item: %s are%s", plain(kind, c.who), strings.Join(kinds, ", "), nearest.Hint(kind, kinds))
		}
		return item, nil
	}
}

func itemKinds() []string {
	var list []string
	for _, k := range postmortem.ItemKinds() {
		list = append(list, string(k))
	}
	return list
}

func parseInvite(rest string, c setting) (request, error) {
	who, err := person(rest, c)
	return incidents.Invite{Who: who}, err
}

func parseLink(rest string, _ setting) (request, error) {
	ref, err := incidents.ParseRef(rest)
	return incidents.Link{To: ref}, err
}

func parseDup(rest string, _ setting) (request, error) {
	ref, err := incidents.ParseRef(rest)
	return incidents.Merge{Into: ref}, err
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
