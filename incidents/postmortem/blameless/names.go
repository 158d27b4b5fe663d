package blameless

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// firstNames are given names that are common in several countries and are no other word of English and no product of our field, one a
// line. The choice is ours.
//
//go:embed firstnames.txt
var firstNames string

const (
	whyName    = "A name makes it about somebody. The same would happen to whoever is there next."
	betterName = "Write the role: the incident commander, the on-call engineer, the author of the change."
)

var (
	// given is a first name, with a family name behind it or not.
	given = regexp.MustCompile(`\b(?:` + strings.Join(strings.Fields(firstNames), "|") + `)(?:['’]s)?(?: [A-Z][a-z]{2,})?\b`)
	// handle is how chats and forges mention somebody, or an address of mail.
	handle = regexp.MustCompile(`(?:^|[\s(,;:"'])(@[A-Za-z][\w.-]*\w|[\w.+-]+@[\w-]+\.[\w.-]*\w)`)
	// titled is somebody with a title.
	titled = regexp.MustCompile(`\b(?:Mr|Mrs|Ms|Dr)\.? [A-Z][a-z]+`)
)

// named finds names: given ones, those of a list, and mentions.
func named(text string, names []string) []Finding {
	var list []Finding
	add := func(start, end int) {
		list = append(list, Finding{Rule: Name, Start: start, End: end, Found: text[start:end], Why: whyName, Better: betterName})
	}
	for _, m := range given.FindAllStringIndex(text, -1) {
		add(m[0], m[1])
	}
	for _, m := range titled.FindAllStringIndex(text, -1) {
		add(m[0], m[1])
	}
	for _, m := range handle.FindAllStringSubmatchIndex(text, -1) {
		add(m[2], m[3])
	}
	if known := listed(names); known != nil {
		for at := 0; ; {
			m := known.FindStringSubmatchIndex(text[at:])
			if m == nil {
				break
			}
			add(at+m[4], at+m[5])
			at += m[5] // what follows is no part of a word, so that the next name is found from there
		}
	}
	return list
}

// shortest is how many characters a listed name must have: shorter ones are parts of speech more often than names.
const shortest = 3

// listed matches each name as a whole word, whatever its capitals, and the part of an address that people use as a name.
func listed(names []string) *regexp.Regexp {
	var words []string
	for _, name := range names {
		local, _, address := strings.Cut(name, "@")
		for _, word := range []string{name, local} {
			if len(word) >= shortest && utf8.ValidString(word) && (word == name || address) {
				words = append(words, regexp.QuoteMeta(word))
			}
		}
	}
	if len(words) == 0 {
		return nil
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // the longest name wins
	return regexp.MustCompile(`(?i)(^|[^\pL\pN_])(` + strings.Join(words, "|") + `)(?:$|[^\pL\pN_])`)
}
