package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"plimsoll/incidents"
)

// ErrLeaseLost says that somebody else changes the room by now.
var ErrLeaseLost = errors.New("the room of the incident is somebody else's to change")

// Room is what Slack was told of an incident: its channel, and how much of it is there already.
type Room struct {
	Incident incidents.Ref `json:"-"`
	Lease    string        `json:"-"` // whose it is to change

	Channel string `json:"channel,omitempty"` // empty until it is made
	Name    string `json:"name,omitempty"`    // of the channel; kept before it is asked for
	Asked   bool   `json:"asked,omitempty"`   // whether it was asked for by that name, whatever came of it
	Private bool   `json:"private,omitempty"`
	Topic   string `json:"topic,omitempty"`
	Marked  bool   `json:"marked,omitempty"` // bookmarks are there
	// Invited are the Slack users who were invited, with those whom Slack would not let in.
	Invited []string        `json:"invited,omitempty"`
	Cards   map[string]Card `json:"cards,omitempty"` // by channel
	Told    int             `json:"told,omitempty"`  // number of the last timeline entry that was posted
	// Carding and Telling are the keys of a card and of timeline entries of which nobody knows yet whether Slack took them; TellingTo is
	// the last of those entries.
	Carding   string `json:"carding,omitempty"`
	Telling   string `json:"telling,omitempty"`
	TellingTo int    `json:"tellingTo,omitempty"`
	// Left are channels that were the incident's before it became private.
	Left []string `json:"left,omitempty"`
}

// Card is the message in a channel that always shows how the incident stands.
type Card struct {
	Timestamp string `json:"ts,omitempty"` // its name in the channel; empty until it is posted
	Digest    string `json:"digest"`       // of what it shows
}

// Pin is a message of a person that is on a timeline.
type Pin struct {
	Channel, Timestamp string
	Incident           incidents.Ref
	Entry              int
}

// rooms keeps them. One who has the lease of a room saves it after every step.
type rooms interface {
	Lease(ctx context.Context, ref incidents.Ref) (Room, bool, error)
	Save(ctx context.Context, r Room) error
	Release(ctx context.Context, r Room) error
	Of(ctx context.Context, ref incidents.Ref) (Room, error)
	// Incident is 0 for a channel that is nobody's room.
	Incident(ctx context.Context, channel string) (incidents.Ref, error)
}

// pins keeps which messages are on timelines.
type pins interface {
	Pin(ctx context.Context, p Pin) error
	Pinned(ctx context.Context, channel, timestamp string) (Pin, bool, error)
}

// maxChannelName is Slack's limit, in characters.
const maxChannelName = 80

// channelName names the channel of an incident: "inc-7-playback-stalls". The name of a private channel says nothing more
// than the number, because it is seen where links to it are. The copy, from 2, tells channels apart when a name is taken.
func channelName(i incidents.Incident, copy int) string {
	name := strings.ToLower(i.Ref.String())
	if i.Drill {
		name = "drill-" + name
	}
	suffix := ""
	if copy > 1 {
		suffix = fmt.Sprintf("-%d", copy)
	}
	if words := slug(i.Title); words != "" && !i.Private {
		name += "-" + words
	}
	if cut := []rune(name); len(cut) > maxChannelName-len(suffix) {
		name = strings.TrimRight(string(cut[:maxChannelName-len(suffix)]), "-")
	}
	return name + suffix
}

// maxSlug keeps names short enough for the list at the side.
const maxSlug = 40

// slug keeps of a title what a channel's name may hold: letters in lower case, digits, and hyphens between them.
func slug(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	for _, w := range words {
		if b.Len() > 0 && b.Len()+1+len(w) > maxSlug {
			break
		}
		if b.Len() > 0 {
			b.WriteByte('-')
		}
		b.WriteString(w)
	}
	return strings.ToValidUTF8(b.String()[:min(b.Len(), maxSlug)], "")
}

// maxTopic is Slack's limit, in characters.
const maxTopic = 250

// topic says in a line how an incident stands.
func (p printer) topic(i incidents.Incident) string {
	line := fmt.Sprintf("%s %s", i.Ref, i.State)
	if i.Severity.Set() {
		line += " · " + i.Severity.String()
	}
	line += " · " + i.Title
	if c := i.Roles[incidents.Commander]; c != "" {
		line += " · led by " + p.plainName(c)
	}
	if i.MergedInto != 0 {
		line += " · goes on in " + i.MergedInto.String()
	}
	return clip(line, maxTopic)
}
