package stakeholders

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
)

// Fresh is for how long after its approval a message may be sent to a recipient.
const Fresh = 24 * time.Hour

// Word is an approved message on its way to a recipient.
type Word struct {
	ID       string             `json:"id"` // the same each time that it is sent
	Incident incidents.Ref      `json:"incident"`
	Audience incidents.Audience `json:"audience"`
	Subject  string             `json:"subject"` // one line
	Text     string             `json:"text"`
	At       time.Time          `json:"at"` // when it was approved
}

// Recipient is one place where an audience reads.
type Recipient struct {
	// To names the place in records, such as "slack #status". It holds no secret.
	To string
	// Send brings a word there. Its error holds no secret either: it is recorded.
	Send func(ctx context.Context, w Word) error
}

// Recipients are the places where each audience reads.
type Recipients map[incidents.Audience][]Recipient

// find returns a recipient by its name.
func (r Recipients) find(a incidents.Audience, to string) (Recipient, bool) {
	n := slices.IndexFunc(r[a], func(one Recipient) bool { return one.To == to })
	if n < 0 {
		return Recipient{}, false
	}
	return r[a][n], true
}

// maxSubject is how many characters of a line become a subject.
const maxSubject = 120

// wordOf writes a message of an incident as it is sent. Customers read nothing that was not approved for them: their subject is the first
// line of the text, since the title is the word of responders.
func wordOf(i incidents.Incident, m incidents.Message) Word {
	subject := i.Ref.String() + ": " + i.Title
	if m.Audience == incidents.Customers {
		first, _, _ := strings.Cut(strings.TrimSpace(m.Text), "\n")
		subject = strings.TrimSpace(first)
		if line := []rune(subject); len(line) > maxSubject {
			subject = string(line[:maxSubject-1]) + "…"
		}
	}
	if i.Drill {
		subject = "Drill: " + subject
	}
	return Word{ID: fmt.Sprintf("%s-message-%d", i.Ref, m.Number), Incident: i.Ref, Audience: m.Audience, Subject: subject, Text: m.Text, At: m.Decided}
}

// Waiting returns the names of the recipients that a message has yet to be sent to: it is approved, not stale, and neither an arrival
// nor a failure is recorded for them.
func Waiting(m incidents.Message, recipients Recipients, now time.Time) []string {
	approved := m.State == incidents.MessageApproved || m.State == incidents.MessageSent
	if !approved || stale(m, now) {
		return nil
	}
	var waiting []string
	for _, r := range recipients[m.Audience] {
		if !recorded(m, r.To) {
			waiting = append(waiting, r.To)
		}
	}
	return waiting
}

func stale(m incidents.Message, now time.Time) bool { return now.Sub(m.Decided) > Fresh }

func recorded(m incidents.Message, to string) bool {
	return slices.ContainsFunc(m.Sent, func(d incidents.Delivery) bool { return d.To == to })
}
