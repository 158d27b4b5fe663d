package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	slackapi "github.com/slack-go/slack"

	"plimsoll/incidents"
)

// message is what Slack shows. Text is what notifications and screen readers say, and all there is without blocks.
type message struct {
	Type   string           `json:"response_type,omitempty"`
	Text   string           `json:"text"`
	Blocks []slackapi.Block `json:"blocks,omitempty"`
}

// quiet is seen by the person who asked, and loud by everybody in the channel.
func quiet(text string) message { return message{Type: slackapi.ResponseTypeEphemeral, Text: text} }
func loud(text string) message  { return message{Type: slackapi.ResponseTypeInChannel, Text: text} }

// options are the message for a call of the Web API.
func (m message) options() []slackapi.MsgOption {
	options := []slackapi.MsgOption{slackapi.MsgOptionText(m.Text, false), slackapi.MsgOptionDisableLinkUnfurl()}
	if len(m.Blocks) > 0 {
		options = append(options, slackapi.MsgOptionBlocks(m.Blocks...))
	}
	return options
}

func (m message) digest() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic("a message cannot be encoded: " + err.Error()) // it holds strings only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// actionPrefix begins the name of every button of ours; the verb follows.
const actionPrefix = "incident:"

// buttons are the verbs that a card offers in a state.
var buttons = map[incidents.State][]string{
	incidents.Declared:     {"ack", "lead", "update", "mitigate", "resolve"},
	incidents.Acknowledged: {"lead", "update", "mitigate", "resolve"},
	incidents.Mitigated:    {"update", "resolve", "reopen"},
	incidents.Resolved:     {"postmortem", "reopen", "close"},
	incidents.Cancelled:    {"reopen"},
}

// labels are what buttons and modals are called.
var labels = map[string]string{
	"new": "Declare an incident", "ack": "Acknowledge", "lead": "Take command", "update": "Tell everybody", "mitigate": "Mitigated",
	"resolve": "Resolved", "reopen": "Reopen", "close": "Close", "postmortem": "Postmortem",
}

// maxUpdate bounds what a card shows of the last update; all of it is in the room.
const maxUpdate = 500

// card shows how an incident stands and what everybody was told last, in its own room or in another channel.
func (p printer) card(i incidents.Incident, update, channel, room string) message {
	lines := []string{p.title(i)}
	if i.Severity.Set() {
		lines = append(lines, capital(i.Severity.Name())+": "+i.Severity.Definition())
	} else {
		lines = append(lines, "How bad it is is not known yet.")
	}
	if i.Drill {
		lines = append(lines, "This is a drill.")
	}
	if i.Private {
		lines = append(lines, "Private: only its members know of it.")
	}
	if affected := p.affected(i); affected != "" {
		lines = append(lines, "Affected: "+affected)
	}
	lines = append(lines, p.roles(i)...)
	if !i.Times.Started.IsZero() {
		lines = append(lines, "Started "+clock(i.Times.Started))
	}
	if update != "" {
		lines = append(lines, "Last update: "+escaper.Replace(clip(update, maxUpdate)))
	}
	if due, ok := i.UpdateDue(); ok {
		lines = append(lines, "Next update due "+clock(due)+".")
	}
	if i.MergedInto != 0 {
		lines = append(lines, "It goes on in "+p.ref(i.MergedInto)+".")
	}
	if channel != room {
		lines = append(lines, "Responders are in <#"+room+">.")
	}
	m := message{Text: clip(strings.Join(lines, "\n"), maxSection)}
	m.Blocks = []slackapi.Block{slackapi.NewSectionBlock(slackapi.NewTextBlockObject(slackapi.MarkdownType, m.Text, false, false), nil, nil)}
	if channel == room {
		if row := p.row(i); row != nil {
			m.Blocks = append(m.Blocks, row)
		}
	}
	return m
}

// maxSection is how much Slack shows in one block, in characters.
const maxSection = 3000

// clip shortens a text to at most so many characters.
func clip(text string, most int) string {
	if cut := []rune(text); len(cut) > most {
		return string(cut[:most-1]) + "…"
	}
	return text
}

// row is the row of buttons under a card; nil where nothing is left to do.
func (p printer) row(i incidents.Incident) slackapi.Block {
	var elements []slackapi.BlockElement
	for _, verb := range buttons[i.State] {
		if verb == "lead" && i.Roles[incidents.Commander] != "" {
			continue
		}
		text := slackapi.NewTextBlockObject(slackapi.PlainTextType, labels[verb], false, false)
		elements = append(elements, slackapi.NewButtonBlockElement(actionPrefix+verb, i.Ref.String(), text))
	}
	if len(elements) == 0 {
		return nil
	}
	return slackapi.NewActionBlock("verbs", elements...)
}

func (p printer) affected(i incidents.Incident) string {
	list := append([]string{}, i.Services...)
	for _, o := range i.Objectives {
		list = append(list, string(o))
	}
	return escaper.Replace(strings.Join(list, ", "))
}

func (p printer) roles(i incidents.Incident) []string {
	var lines []string
	for _, role := range incidents.Roles() {
		if holder := i.Roles[role]; holder != "" {
			lines = append(lines, capital(role.Title())+": "+p.name(holder))
		}
	}
	if i.State.Open() && i.Roles[incidents.Commander] == "" {
		lines = append(lines, "Nobody leads it.")
	}
	return lines
}

func (p printer) link(r incidents.Ref) string {
	return fmt.Sprintf("%s/incidents/%s", strings.TrimRight(p.url, "/"), r)
}
