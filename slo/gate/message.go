package gate

import (
	"strings"
	"unicode"
)

// messageLines is how many lines a decision is told in.
const messageLines = 3

// Lines are what people read of a decision, wherever they read it: what was decided and why, the figures, and what to do next. There are always
// three, and none holds a line break or another control character, whatever names and reasons it was made of.
func (d Decision) Lines() []string {
	lines := make([]string, messageLines)
	for i := range lines {
		if i < len(d.Message) {
			lines[i] = OneLine(d.Message[i])
		}
	}
	return lines
}

// OneLine makes one line of a text: what would break it, or steer a terminal, is a blank.
func OneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}

// Text is the message for a terminal, a log, and wherever text is shown as it is.
func (d Decision) Text() string { return strings.Join(d.Lines(), "\n") }

// Markdown is the message as CommonMark with line breaks, in which no name or reason is taken for markup, a mention or a link.
func (d Decision) Markdown() string {
	lines := d.Lines()
	for i, line := range lines {
		lines[i] = Markdown(line)
	}
	return strings.Join(lines, "  \n")
}

// markup are the characters that mean something to GitHub's or GitLab's Markdown within a line, or that begin a mention or reference there.
const markup = "\\`*_[]<>&#@!~|"

// apart is a space without width. Mentions are looked for in what Markdown has become, where neither a backslash nor a character reference is
// left of an "@"; this still is, and keeps it from what follows.
const apart = "&#8203;"

// unlinked breaks what GitHub makes a link of without any markup.
var unlinked = strings.NewReplacer("://", ":&#47;/", "www.", "www&#46;")

// Markdown writes a text as one line of Markdown, also within a table, in which nothing is markup, a mention or a link.
func Markdown(text string) string {
	var b strings.Builder
	for _, r := range OneLine(text) {
		mentions := r == '@' || r == '#' || r == '!'
		if strings.ContainsRune(markup, r) && !mentions {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		if mentions {
			b.WriteString(apart)
		}
	}
	return unlinked.Replace(b.String())
}

// Mrkdwn is the message as Slack shows it, in which no name or reason is taken for a mention or link.
func (d Decision) Mrkdwn() string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(d.Text())
}
