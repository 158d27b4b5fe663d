package postmortem

import (
	"strings"
)

// Markdown writes the document. What people wrote stays text: it cannot become a heading, a list, emphasis, a link under
// other words, or HTML.
func (d Document) Markdown() string {
	var b strings.Builder
	b.WriteString("# " + inline(d.Title) + "\n")
	for _, p := range d.Lead {
		b.WriteString("\n" + inline(p) + "\n")
	}
	b.WriteString("\n| | |\n|---|---|\n")
	for _, row := range d.Facts {
		b.WriteString("| " + inline(row[0]) + " | " + inline(row[1]) + " |\n")
	}
	for _, s := range d.Sections {
		b.WriteString("\n## " + inline(s.Heading) + "\n")
		s.markdown(&b)
	}
	return b.String()
}

func (s Section) markdown(b *strings.Builder) {
	for _, p := range s.Text {
		b.WriteString("\n" + inline(p) + "\n")
	}
	for n, p := range append(append([]string{}, s.Points...), s.Numbered...) {
		if n == 0 {
			b.WriteString("\n")
		}
		mark := "- "
		if n >= len(s.Points) {
			mark = "1. "
		}
		b.WriteString(mark + inline(p) + "\n")
	}
	s.Table.markdown(b)
	for _, q := range s.Questions {
		b.WriteString("\n**Question:** " + inline(q) + "\n")
	}
}

func (t Table) markdown(b *strings.Builder) {
	if len(t.Rows) == 0 {
		return
	}
	head, rule := "\n|", "\n|"
	for _, c := range t.Head {
		head += " " + inline(c.Name) + " |"
		if c.Right {
			rule += "---:|"
		} else {
			rule += "---|"
		}
	}
	b.WriteString(head + rule + "\n")
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, cell := range row {
			if t.Links[cell] != "" {
				cell = "<" + address.Replace(cell) + ">"
			} else {
				cell = lines(cell)
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
}

var (
	markdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "|", `\|`, "~", `\~`)
	// address leaves what an address is made of, and takes what would end it.
	address = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\n", "%0A", "\r", "%0D")
)

// inline writes text in one line so that it means itself.
func inline(s string) string {
	s = markdown.Replace(strings.Join(strings.Fields(s), " "))
	if s != "" && strings.ContainsRune("-+=", rune(s[0])) {
		return `\` + s
	}
	// A number with a full stop or a parenthesis, and a blank or nothing behind, would begin a list.
	if rest := strings.TrimLeft(s, "0123456789"); len(rest) < len(s) && rest != "" && strings.ContainsRune(".)", rune(rest[0])) && (len(rest) == 1 || rest[1] == ' ') {
		return s[:len(s)-len(rest)] + `\` + rest
	}
	return s
}

// lines writes text so that its lines stay apart within a cell.
func lines(s string) string {
	var out []string
	for l := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		out = append(out, inline(l))
	}
	return strings.Join(out, "<br>")
}
