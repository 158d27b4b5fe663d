package incidents

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Audience is a group of stakeholders: people who have to know how it goes and do not work on it.
type Audience string

const (
	Executives Audience = "executives"
	Support    Audience = "support"
	Customers  Audience = "customers"
)

// Audiences returns all audiences.
func Audiences() []Audience { return []Audience{Executives, Support, Customers} }

// MessageState is where a message stands on its way out.
type MessageState string

const (
	MessageDraft    MessageState = "draft"    // waits for somebody other than its author
	MessageApproved MessageState = "approved" // may be sent
	MessageRejected MessageState = "rejected" // is never sent
	MessageSent     MessageState = "sent"     // has reached somebody
)

// Message is a text for an audience. Nobody approves what they wrote themselves.
type Message struct {
	Number    int          `json:"number" doc:"From 1 within the incident"`
	Audience  Audience     `json:"audience" enum:"executives,support,customers"`
	Text      string       `json:"text"`
	State     MessageState `json:"state" enum:"draft,approved,rejected,sent"`
	By        string       `json:"by" doc:"Who wrote it"`
	DecidedBy string       `json:"decidedBy,omitempty" doc:"Who approved or rejected it; never who wrote it"`
	At        time.Time    `json:"at" doc:"When it was written"`
	Decided   time.Time    `json:"decided,omitzero"`
	Sent      []Delivery   `json:"sent" nullable:"false" doc:"Every attempt to deliver it"`
}

// Delivery is one attempt to bring a message to somebody.
type Delivery struct {
	To    string    `json:"to" doc:"A channel, an address or a list"`
	At    time.Time `json:"at"`
	Error string    `json:"error,omitempty" doc:"Why it did not arrive; empty if it did"`
}

// DraftMessage writes a message for an audience.
type DraftMessage struct {
	Audience Audience
	Text     string // empty for [Template]
}

// DecideMessage approves or rejects a draft of somebody else.
type DecideMessage struct {
	Number  int
	Approve bool
	Reason  string // required to reject
}

// RecordSent keeps where an approved message went. It may be given again, for attempts that came later.
type RecordSent struct {
	Number     int
	Deliveries []Delivery // At may be zero, for now
}

// Verb is "draft message".
func (DraftMessage) Verb() string { return "draft message" }

// Verb is "decide message".
func (DecideMessage) Verb() string { return "decide message" }

// Verb is "record delivery".
func (RecordSent) Verb() string { return "record delivery" }

func (d DraftMessage) apply(c *change) error {
	if !slices.Contains(Audiences(), d.Audience) {
		return &InputError{Field: "audience", Found: string(d.Audience), Want: "executives, support or customers"}
	}
	text, err := checkText("text", d.Text, MaxText, false)
	if err != nil {
		return err
	}
	if text == "" {
		text = Template(d.Audience, c.Incident, c.at)
	}
	m := Message{Number: len(c.Messages) + 1, Audience: d.Audience, Text: text, State: MessageDraft, By: c.by, At: c.at}
	c.Messages = append(c.Messages, m)
	c.record(TimelineEntry{Kind: KindDrafted, Field: m.label(), Text: text})
	return nil
}

// label names the message on the timeline.
func (m Message) label() string { return strconv.Itoa(m.Number) + " to " + string(m.Audience) }

// message finds one by its number.
func (c *change) message(number int) (*Message, error) {
	n := slices.IndexFunc(c.Messages, func(m Message) bool { return m.Number == number })
	if n < 0 {
		return nil, &InputError{Field: "message", Found: strconv.Itoa(number), Want: "the number of one of its " + count(len(c.Messages)) + " messages"}
	}
	return &c.Messages[n], nil
}

func (d DecideMessage) apply(c *change) error {
	m, err := c.message(d.Number)
	if err != nil {
		return err
	}
	reason, err := checkText("reason", d.Reason, MaxText, !d.Approve)
	if err != nil {
		return err
	}
	if m.State != MessageDraft {
		return &InputError{Field: "message", Found: strconv.Itoa(d.Number), Want: "a draft: it is " + string(m.State)}
	}
	if m.By == c.by {
		return &InputError{Field: "by", Found: c.by, Want: "somebody else than who wrote the message"}
	}
	m.State = MessageRejected
	if d.Approve {
		m.State = MessageApproved
	}
	m.DecidedBy, m.Decided = c.by, c.at
	c.record(TimelineEntry{Kind: KindDecided, Field: m.label(), Became: string(m.State), Text: reason})
	return nil
}

func (r RecordSent) apply(c *change) error {
	m, err := c.message(r.Number)
	if err != nil {
		return err
	}
	if m.State != MessageApproved && m.State != MessageSent {
		return &InputError{Field: "message", Found: strconv.Itoa(r.Number), Want: "an approved one: it is " + string(m.State)}
	}
	if len(r.Deliveries) == 0 {
		return &InputError{Field: "deliveries", Want: "at least one"}
	}
	var lines []string
	for n, d := range r.Deliveries {
		if d.To, err = checkText("deliveries["+strconv.Itoa(n)+"].to", d.To, MaxTitle, true); err != nil {
			return err
		}
		if d.Error, err = checkText("deliveries["+strconv.Itoa(n)+"].error", d.Error, MaxText, false); err != nil {
			return err
		}
		if d.At = exact(d.At); d.At.Before(m.Decided) || d.At.After(c.at) {
			d.At = c.at
		}
		m.Sent = append(m.Sent, d)
		if d.Error == "" {
			m.State = MessageSent
			lines = append(lines, "to "+d.To)
		} else {
			lines = append(lines, "not to "+d.To+" ("+d.Error+")")
		}
	}
	c.record(TimelineEntry{Kind: KindSent, Field: m.label(), Text: strings.Join(lines, ", ")})
	return nil
}
