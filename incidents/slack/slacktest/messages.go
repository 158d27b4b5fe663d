package slacktest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxText is how long a message may be, in characters.
const maxText = 40_000

// channel finds a channel in which the app may write.
func (w *Workspace) channel(id string) (*Channel, string) {
	c := w.channels[id]
	switch {
	case c == nil, c.Private && !c.Members[BotUser]:
		return nil, "channel_not_found"
	case !c.Members[BotUser]:
		return nil, "not_in_channel"
	case c.Archived:
		return nil, "is_archived"
	}
	return c, ""
}

func (w *Workspace) postMessage(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	if code != "" {
		return nil, code
	}
	m := w.message(f)
	switch {
	case m.Text == "":
		return nil, "no_text"
	case utf8.RuneCountInString(m.Text) > maxText:
		return nil, "msg_too_long"
	}
	c.Messages = append(c.Messages, m)
	return map[string]any{"channel": c.ID, "ts": m.TS}, ""
}

// message makes one of the fields of a call. Where there are blocks Slack shows those; ours say what the text does.
func (w *Workspace) message(f url.Values) *Message {
	m := &Message{TS: w.stamp(), User: BotUser}
	m.set(f)
	return m
}

func (m *Message) set(f url.Values) {
	m.Text, m.Buttons = f.Get("text"), buttonsOf([]byte(f.Get("blocks")))
	var metadata struct {
		Payload struct{ Key string } `json:"event_payload"`
	}
	if json.Unmarshal([]byte(f.Get("metadata")), &metadata) == nil && metadata.Payload.Key != "" {
		m.Key = metadata.Payload.Key
	}
}

func buttonsOf(blocks []byte) []Button {
	var list []struct {
		Elements []struct {
			Type, Value string
			ActionID    string `json:"action_id"`
			Text        struct{ Text string }
		}
	}
	_ = json.Unmarshal(blocks, &list) // sections have other elements, or none
	var out []Button
	for _, b := range list {
		for _, e := range b.Elements {
			if e.Type == "button" {
				out = append(out, Button{e.ActionID, e.Value, e.Text.Text})
			}
		}
	}
	return out
}

func (w *Workspace) update(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	if code != "" {
		return nil, code
	}
	for _, m := range c.Messages {
		if m.TS == f.Get("ts") && m.Text != "" {
			if m.User != BotUser {
				return nil, "cant_update_message"
			}
			m.set(f)
			return map[string]any{"channel": c.ID, "ts": m.TS, "text": m.Text}, ""
		}
	}
	return nil, "message_not_found"
}

func (w *Workspace) remove(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	if code != "" {
		return nil, code
	}
	for _, m := range c.Messages {
		if m.TS == f.Get("ts") && m.Text != "" {
			m.Text, m.Buttons = "", nil
			return map[string]any{"channel": c.ID, "ts": m.TS}, ""
		}
	}
	return nil, "message_not_found"
}

func (w *Workspace) postEphemeral(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	switch {
	case code != "":
		return nil, code
	case !c.Members[f.Get("user")]:
		return nil, "user_not_in_channel"
	}
	m := w.message(f)
	m.Only = f.Get("user")
	c.Messages = append(c.Messages, m)
	return map[string]any{"message_ts": m.TS}, ""
}

func (w *Workspace) permalink(f url.Values) (map[string]any, string) {
	link := fmt.Sprintf("https://example.slack.com/archives/%s/p%s", f.Get("channel"), strings.ReplaceAll(f.Get("message_ts"), ".", ""))
	return map[string]any{"permalink": link, "channel": f.Get("channel")}, ""
}

// history gives the latest first, and no message that only one person sees.
func (w *Workspace) history(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	if code != "" {
		return nil, code
	}
	list := []any{}
	for _, m := range slices.Backward(c.Messages) {
		if m.Only != "" || m.Text == "" || f.Get("latest") != "" && (m.TS > f.Get("latest") || m.TS < f.Get("oldest")) {
			continue
		}
		one := map[string]any{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text}
		if m.Key != "" && f.Get("include_all_metadata") == "1" {
			one["metadata"] = map[string]any{"event_type": "plimsoll_message", "event_payload": map[string]any{"key": m.Key}}
		}
		list = append(list, one)
	}
	return map[string]any{"messages": list, "has_more": false}, ""
}
