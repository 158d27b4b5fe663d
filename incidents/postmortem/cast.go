package postmortem

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"plimsoll/incidents"
)

// machine is what a declaration by an alert or a freeze is signed with.
const machine = "Plimsoll"

// cast gives everybody who had a part in an incident the name of that part.
type cast struct {
	parts map[string]string
	// names matches whole words that name somebody.
	names *regexp.Regexp
}

// castOf names everybody by the most important role that they held at any time, with an ordinal if several held
// it one after the other. The others are responders, numbered as they appear. Whoever only ever declared for a machine or told what a
// machine saw is one.
func castOf(i incidents.Incident, timeline []incidents.TimelineEntry) cast {
	c := cast{parts: map[string]string{}}
	held := map[incidents.Role][]string{}
	var people []string
	see := func(subject string) {
		if subject != "" && !slices.Contains(people, subject) {
			people = append(people, subject)
		}
	}
	for n, e := range timeline {
		if byMachine(i, n, e) {
			c.parts[e.By] = machine
			continue
		}
		see(e.By)
		see(e.EditedBy)
		switch e.Kind {
		case incidents.KindAssigned:
			see(e.Became)
			role := incidents.Role(e.Field)
			if !slices.Contains(held[role], e.Became) {
				held[role] = append(held[role], e.Became)
			}
		case incidents.KindInvited, incidents.KindTask, incidents.KindFollowUp:
			see(e.Became)
		case incidents.KindPinned:
			see(e.Field)
		}
	}
	for _, subject := range people {
		delete(c.parts, subject)
	}
	c.cast(held, people)
	return c
}

// byMachine reports whether an entry tells of no act of a person.
func byMachine(i incidents.Incident, n int, e incidents.TimelineEntry) bool {
	switch e.Kind {
	case incidents.KindDeclared:
		return n == 0 && (i.Source == incidents.SourceAlert || i.Source == incidents.SourceCodeRed)
	case incidents.KindNote: // the summary of a Code Red is signed as its declaration was
		return i.Source == incidents.SourceCodeRed && e.By == "gate"
	case incidents.KindAlert, incidents.KindDeploy, incidents.KindDecision, incidents.KindSent:
		return true
	default:
		return false
	}
}

// cast gives people their parts: by the roles that they held, else as responders.
func (c *cast) cast(held map[incidents.Role][]string, people []string) {
	for _, role := range incidents.Roles() {
		for n, subject := range held[role] {
			if c.parts[subject] == "" {
				c.parts[subject] = ordinal(n, len(held[role])) + role.Title()
			}
		}
	}
	responders := 0
	for _, subject := range people {
		if c.parts[subject] == "" {
			responders++
			c.parts[subject] = ordinal(responders-1, 0) + "responder"
		}
	}
	c.names = namesOf(c.parts)
}

// People returns the subjects that had a part in an incident, sorted: names that no postmortem should hold.
func People(i incidents.Incident, timeline []incidents.TimelineEntry) []string {
	var list []string
	for subject, part := range castOf(i, timeline).parts {
		if part != machine {
			list = append(list, subject)
		}
	}
	slices.Sort(list)
	return list
}

func ordinal(n, of int) string {
	words := []string{"first ", "second ", "third ", "fourth ", "fifth "}
	switch {
	case of == 1:
		return ""
	case n < len(words):
		return words[n]
	default:
		return fmt.Sprintf("%dth ", n+1)
	}
}

// namesOf matches each subject as a whole word, whatever its capitals, and the part of an e-mail address that people use as a name.
func namesOf(parts map[string]string) *regexp.Regexp {
	var words []string
	for subject, part := range parts {
		if part == machine {
			continue
		}
		words = append(words, regexp.QuoteMeta(subject))
		if local, _, isEmail := strings.Cut(subject, "@"); isEmail && len(local) > 2 {
			words = append(words, regexp.QuoteMeta(local))
		}
	}
	if len(words) == 0 {
		return nil
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // the longest name wins
	return regexp.MustCompile(`(?i)(^|[^\pL\pN_])@?(` + strings.Join(words, "|") + `)($|[^\pL\pN_])`)
}

// part returns who somebody was in the incident.
func (c cast) part(subject string) string {
	if p, ok := c.parts[subject]; ok {
		return p
	}
	return "responder"
}

// the is the part with its article, as sentences name somebody.
func (c cast) the(subject string) string { return "the " + c.part(subject) }

// blameless replaces the names in a text by roles.
func (c cast) blameless(text string) string {
	if c.names == nil {
		return text
	}
	var b strings.Builder
	for {
		m := c.names.FindStringSubmatchIndex(text)
		if m == nil {
			return b.String() + text
		}
		name := text[m[4]:m[5]]
		b.WriteString(text[:m[3]] + "the " + c.partOfName(name))
		text = text[m[5]:] // what follows is no part of a word, so the next name is found from there
	}
}

// partOfName returns who is meant by a name as somebody wrote it: a subject, exactly or in other capitals, or the first part of an address.
func (c cast) partOfName(name string) string {
	if part, ok := c.parts[name]; ok {
		return part
	}
	found := ""
	for _, subject := range slices.Sorted(maps.Keys(c.parts)) {
		local, _, _ := strings.Cut(subject, "@")
		switch part := c.parts[subject]; {
		case part == machine:
		case strings.EqualFold(subject, name):
			return part
		case strings.EqualFold(local, name):
			found = cmp.Or(found, part)
		}
	}
	return cmp.Or(found, "responder")
}
