package postmortem

import (
	"html"
	"strings"
)

// style is all that the page needs: it stands alone, on a screen and on paper.
const style = "body{font:16px/1.5 system-ui,sans-serif;max-width:54em;margin:2em auto;padding:0 1em;color:#1c2430}" +
	"h1{font-size:1.6em;line-height:1.25}h2{font-size:1.2em;margin:1.6em 0 .3em}p,ul,ol{margin:.4em 0}" +
	"table{border-collapse:collapse;margin:.6em 0}th,td{border:1px solid #c9d1d9;padding:.25em .6em;text-align:left;vertical-align:top}" +
	".n{text-align:right}.q{border-left:4px solid #b54708;padding-left:.6em}" +
	"@media print{body{font-size:10pt;margin:0;max-width:none}}@page{size:A4;margin:2cm}"

// HTML writes the document as a page that stands alone.
func (d Document) HTML() string {
	var b strings.Builder
	title := html.EscapeString(d.Title)
	b.WriteString("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>" +
		title + "</title><style>" + style + "</style></head>\n<body>\n<h1>" + title + "</h1>\n")
	for _, p := range d.Lead {
		b.WriteString("<p>" + html.EscapeString(p) + "</p>\n")
	}
	b.WriteString("<table>\n")
	for _, row := range d.Facts {
		b.WriteString("<tr><th scope=\"row\">" + html.EscapeString(row[0]) + "</th><td>" + html.EscapeString(row[1]) + "</td></tr>\n")
	}
	b.WriteString("</table>\n")
	for _, s := range d.Sections {
		s.html(&b)
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

func (s Section) html(b *strings.Builder) {
	b.WriteString("<h2>" + html.EscapeString(s.Heading) + "</h2>\n")
	for _, p := range s.Text {
		b.WriteString("<p>" + breaks(p) + "</p>\n")
	}
	items(b, "ul", s.Points)
	items(b, "ol", s.Numbered)
	s.Table.html(b)
	for _, q := range s.Questions {
		b.WriteString("<p class=\"q\"><strong>Question:</strong> " + html.EscapeString(q) + "</p>\n")
	}
}

func items(b *strings.Builder, tag string, points []string) {
	if len(points) == 0 {
		return
	}
	b.WriteString("<" + tag + ">\n")
	for _, p := range points {
		b.WriteString("<li>" + breaks(p) + "</li>\n")
	}
	b.WriteString("</" + tag + ">\n")
}

func (t Table) html(b *strings.Builder) {
	if len(t.Rows) == 0 {
		return
	}
	b.WriteString("<table>\n<tr>")
	for _, c := range t.Head {
		b.WriteString("<th scope=\"col\"" + class(c) + ">" + html.EscapeString(c.Name) + "</th>")
	}
	b.WriteString("</tr>\n")
	for _, row := range t.Rows {
		b.WriteString("<tr>")
		for n, cell := range row {
			text := breaks(cell)
			if a := t.Links[cell]; a != "" {
				text = `<a href="` + html.EscapeString(a) + `">` + text + "</a>"
			}
			b.WriteString("<td" + class(t.Head[n]) + ">" + text + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
}

func class(c Column) string {
	if c.Right {
		return ` class="n"`
	}
	return ""
}

// breaks keeps the lines of a text apart.
func breaks(s string) string {
	return strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(s, "\r\n", "\n")), "\n", "<br>")
}
