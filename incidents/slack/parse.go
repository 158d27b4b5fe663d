package slack

import (
	"fmt"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/internal/nearest"
)

// invocation is what a person asks for.
type invocation struct {
	ref  incidents.Ref // 0 for the only one that is open
	verb *verb
	req  request // nil for a verb that only reads
}

// usageError is a command that was not understood, with how it should have been written.
type usageError struct {
	problem string
	verb    *verb // nil if there is no such verb
}

func (e *usageError) Error() string { return e.problem }

// setting is what the meaning of a text depends on besides the text.
type setting struct {
	at  time.Time                  // when it was sent
	who func(userID string) string // the subject of a Slack user
}

// parse reads "[INC-n] <verb> …" as Slack sends it. The reference may also follow the verb if nothing else does.
func parse(text string, c setting) (invocation, error) {
	var inv invocation
	first, rest := cut(text)
	if ref, ok := incidentRef(first); ok {
		inv.ref = ref
		first, rest = cut(rest)
		if first == "" {
			first = "status"
		}
	}
	if first == "" {
		first = "help"
	}
	inv.verb, rest = find(strings.ToLower(first), rest)
	if inv.verb == nil {
		word := plain(first, c.who)
		return inv, &usageError{problem: fmt.Sprintf("There is no verb %q%s.", word, nearest.Hint(word, names()))}
	}
	if ref, ok := incidentRef(rest); ok && inv.ref == 0 && !inv.verb.takesRef {
		inv.ref, rest = ref, ""
	}
	if inv.verb.parse == nil {
		return inv, nil
	}
	req, err := inv.verb.parse(rest, c)
	if err != nil {
		return inv, &usageError{problem: sentence(rootOf(err)), verb: inv.verb}
	}
	inv.req = req
	return inv, nil
}

// incidentRef reads a word such as INC-7; a bare number is none.
func incidentRef(word string) (incidents.Ref, bool) {
	if len(word) < 4 || !strings.EqualFold(word[:4], "INC-") {
		return 0, false
	}
	ref, err := incidents.ParseRef(word)
	return ref, err == nil
}

// find returns the verb of a name. "sev2" is short for "sev 2".
func find(name, rest string) (*verb, string) {
	if s, err := incidents.ParseSeverity(name); err == nil && name == s.String() {
		name, rest = "sev", strings.TrimSpace(name+" "+rest)
	}
	for _, v := range verbs() {
		if v.name == name {
			return &v, rest
		}
		for _, alias := range v.aliases {
			if alias == name {
				return &v, rest
			}
		}
	}
	return nil, rest
}

// names returns the names of all verbs, for suggestions.
func names() []string {
	var list []string
	for _, v := range verbs() {
		list = append(append(list, v.name), v.aliases...)
	}
	return list
}

// sentence makes an error message one.
func sentence(s string) string { return capital(strings.TrimSuffix(s, ".")) + "." }

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
