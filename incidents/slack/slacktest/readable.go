package slacktest

import (
	"regexp"
	"strings"
)

var reference = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// Plain turns a text as it is sent into what a person reads.
func (w *Workspace) Plain(text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.readable(text)
}

func (w *Workspace) readable(text string) string {
	text = reference.ReplaceAllStringFunc(text, func(ref string) string {
		parts := reference.FindStringSubmatch(ref)
		target, label := parts[1], parts[2]
		switch {
		case strings.HasPrefix(target, "@"):
			if name := w.users[target[1:]]; name != "" {
				return "@" + name
			}
			return "@" + target[1:] + "?"
		case strings.HasPrefix(target, "#"):
			if c := w.channels[target[1:]]; c != nil {
				return "#" + c.Name
			}
			return "#?"
		case label != "":
			return label
		}
		return target
	})
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
