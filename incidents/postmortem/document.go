package postmortem

import "time"

// Document is a postmortem as it is read, to be written as Markdown or HTML.
type Document struct {
	Title    string
	Lead     []string // under the title
	Facts    [][2]string
	Sections []Section
}

// Section of a document. What is empty is left out; the parts come in the order of the fields.
type Section struct {
	Heading   string
	Text      []string // paragraphs
	Points    []string
	Numbered  []string
	Table     Table
	Questions []string // what the authors have still to answer
}

// Table of a section.
type Table struct {
	Head  []Column
	Rows  [][]string
	Links map[string]string // addresses of cells, by their texts
}

// Column of a table.
type Column struct {
	Name  string
	Right bool // for numbers
}

func columns(names ...string) []Column {
	list := make([]Column, len(names))
	for n, name := range names {
		if name[0] == '>' {
			list[n] = Column{name[1:], true}
		} else {
			list[n] = Column{name, false}
		}
	}
	return list
}

func when(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
