package risk

import (
	"html"
	"strings"
)

// Document is a page of plain text, to be written as Markdown or HTML.
type Document struct {
	Title    string
	Sections []Section
}

// Section of a document.
type Section struct {
	Heading    string
	Paragraphs []string
	Points     []string // come after the paragraphs
}

// Text returns the words of the document, one line for each heading, paragraph and point.
func (d Document) Text() string {
	lines := []string{d.Title}
	for _, s := range d.Sections {
		lines = append(append(append(lines, s.Heading), s.Paragraphs...), s.Points...)
	}
	return strings.Join(lines, "\n")
}

// Markdown writes the document. What people wrote stays text: it cannot become a heading, a list, emphasis, a link under other words, or HTML.
func (d Document) Markdown() string {
	var b strings.Builder
	b.WriteString("# " + escapeMarkdown(d.Title) + "\n")
	for _, s := range d.Sections {
		b.WriteString("\n## " + escapeMarkdown(s.Heading) + "\n\n")
		for n, p := range s.Paragraphs {
			if n > 0 {
				b.WriteString("\n")
			}
			b.WriteString(escapeMarkdown(p) + "\n")
		}
		if len(s.Paragraphs) > 0 && len(s.Points) > 0 {
			b.WriteString("\n")
		}
		for _, p := range s.Points {
			b.WriteString("- " + escapeMarkdown(p) + "\n")
		}
	}
	return b.String()
}

var markdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "|", `\|`, "~", `\~`)

// escapeMarkdown writes text in one line so that it means itself.
func escapeMarkdown(s string) string {
	s = markdown.Replace(strings.Join(strings.Fields(s), " "))
	if s != "" && strings.ContainsRune("-+=", rune(s[0])) {
		return `\` + s
	}
	if digits := strings.TrimLeft(s, "0123456789"); len(digits) < len(s) && digits != "" && strings.ContainsRune(".)", rune(digits[0])) {
		return s[:len(s)-len(digits)] + `\` + digits
	}
	return s
}

// style fits the page on one sheet of A4 when printed.
const style = "body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:2em auto;padding:0 1em;color:#1c2430}" +
	"h1{font-size:1.5em;line-height:1.25}h2{font-size:1.1em;margin:1.2em 0 .3em}p,ul{margin:.3em 0}" +
	"@media print{body{font-size:11pt;margin:0}}@page{size:A4;margin:2cm}"

// HTML writes the document as a page that stands alone.
func (d Document) HTML() string {
	var b strings.Builder
	title := html.EscapeString(d.Title)
	b.WriteString("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title + "</title><style>" + style + "</style></head>\n<body>\n<h1>" + title + "</h1>\n")
	for _, s := range d.Sections {
		b.WriteString("<h2>" + html.EscapeString(s.Heading) + "</h2>\n")
		for _, p := range s.Paragraphs {
			b.WriteString("<p>" + html.EscapeString(p) + "</p>\n")
		}
		if len(s.Points) > 0 {
			b.WriteString("<ul>\n")
			for _, p := range s.Points {
				b.WriteString("<li>" + html.EscapeString(p) + "</li>\n")
			}
			b.WriteString("</ul>\n")
		}
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
