package slack

import (
	"regexp"
	"strings"
)

// Slack escapes three characters and writes references in angle brackets: <@U1|ada>, <#C1|general>, <!here>,
// <https://example.com|label>.
var (
	reference = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)
	mention   = regexp.MustCompile(`^<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>$`)
	unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	escaper   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// plain turns what Slack sends into what the person typed; people become their subjects.
func plain(text string, who func(userID string) string) string {
	text = reference.ReplaceAllStringFunc(text, func(ref string) string {
		parts := reference.FindStringSubmatch(ref)
		target, label := parts[1], parts[2]
		switch {
		case mention.MatchString(ref):
			return "@" + who(target[1:])
		case strings.HasPrefix(target, "#") && label != "":
			return "#" + label
		case strings.HasPrefix(target, "!"):
			return "@" + strings.TrimPrefix(target, "!")
		case strings.HasPrefix(target, "mailto:") && label != "":
			return label
		default:
			return target
		}
	})
	return strings.TrimSpace(unescaper.Replace(text))
}

// word is a word of a command, or what stands between double quotes, straight or typographic.
type word struct {
	text   string
	quoted bool
}

// words splits text at blanks outside of quotes. A quote that is never closed closes at the end.
func words(text string) []word {
	var out []word
	var b strings.Builder
	quoted := false
	flush := func() {
		if b.Len() > 0 || quoted {
			out = append(out, word{b.String(), quoted})
		}
		b.Reset()
	}
	for _, r := range text {
		switch {
		case strings.ContainsRune("\"“”„‟", r):
			flush()
			quoted = !quoted
		case !quoted && (r == ' ' || r == '\t' || r == '\n' || r == '\u00a0'):
			flush()
		default:
			b.WriteRune(r)
		}
	}
	flush()
	return out
}

// cut splits off the first word.
func cut(text string) (first, rest string) {
	text = strings.TrimSpace(text)
	if i := strings.IndexAny(text, " \t\n\u00a0"); i >= 0 {
		return text[:i], strings.TrimSpace(text[i:])
	}
	return text, ""
}
