package incidents

import (
	"slices"
	"time"
)

// Happened puts on the timeline what a machine saw that bears on the incident.
type Happened struct {
	Kind   Kind // KindAlert, KindDeploy or KindDecision
	Text   string
	Source string    // what it was about, such as the objective of an alert; may be empty
	At     time.Time // when it happened; zero for now
}

// Pin keeps a message from elsewhere on the timeline.
type Pin struct {
	Text   string
	Author string // who wrote it
	Link   string // where it stands; may be empty
}

// Verb is "record event".
func (Happened) Verb() string { return "record event" }

// Verb is "pin".
func (Pin) Verb() string { return "pin" }

func (h Happened) apply(c *change) error {
	if !slices.Contains([]Kind{KindAlert, KindDeploy, KindDecision}, h.Kind) {
		return &InputError{Field: "kind", Found: string(h.Kind), Want: "alert, deploy or decision"}
	}
	text, err := checkText("text", h.Text, MaxText, true)
	if err != nil {
		return err
	}
	source, err := checkText("source", h.Source, MaxTitle, false)
	if err != nil {
		return err
	}
	e := TimelineEntry{Kind: h.Kind, Text: text, Field: source}
	if !h.At.IsZero() {
		e.Became = stamp(h.At)
	}
	c.record(e)
	return nil
}

func (p Pin) apply(c *change) error {
	text, err := checkText("text", p.Text, MaxText, true)
	if err != nil {
		return err
	}
	author, err := checkText("author", p.Author, MaxTitle, false)
	if err != nil {
		return err
	}
	link, err := checkText("link", p.Link, MaxText, false)
	if err != nil {
		return err
	}
	c.record(TimelineEntry{Kind: KindPinned, Text: text, Field: author, Became: link})
	return nil
}
