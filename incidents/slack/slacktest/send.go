package slacktest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sign returns the signature of a body.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, "v0:"+timestamp+":")
	_, _ = mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Request is one as Slack sends it over HTTP, signed now.
func Request(path, contentType string, body []byte) *http.Request {
	now := strconv.FormatInt(time.Now().Unix(), 10)
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", now)
	r.Header.Set("X-Slack-Signature", Sign(Secret, now, body))
	return r
}

const (
	form = "application/x-www-form-urlencoded"
	docs = "application/json"
)

// send brings a request to the app, by Socket Mode if it is connected, and returns what the acknowledgement says.
func (w *Workspace) send(kind, path, contentType string, body []byte, payload any) []byte {
	w.t.Helper()
	w.mu.Lock()
	s, app := w.socket, w.app
	w.mu.Unlock()
	if s != nil {
		return s.deliver(kind, payload)
	}
	rec := httptest.NewRecorder()
	app.ServeHTTP(rec, Request(path, contentType, body))
	if rec.Code != http.StatusOK {
		w.t.Errorf("%s was answered with %d: %s", path, rec.Code, rec.Body)
	}
	return rec.Body.Bytes()
}

// trigger makes one for a person, with a response_url for a channel.
func (w *Workspace) trigger(user, channel string) (id, answer string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serial++
	id = fmt.Sprintf("13345224609.738474920.%d", w.serial)
	w.triggers[id] = trigger{user}
	path := fmt.Sprintf("/commands/%s/%d", Team, w.serial)
	w.urls[path] = &responseURL{channel: channel, user: user, until: w.now().Add(urlFor)}
	return id, w.URL + path
}

// CommandForm is the body of a slash command, field for field as Slack sends it.
func (w *Workspace) CommandForm(user, channel, typed string) url.Values {
	command, text, _ := strings.Cut(typed, " ")
	id, answer := w.trigger(user, channel)
	w.mu.Lock()
	defer w.mu.Unlock()
	return url.Values{
		"token": {"gIkuvaNzQIHg97ATvDxqgjtO"}, "team_id": {Team}, "team_domain": {"example"}, "channel_id": {channel},
		"channel_name": {w.channels[channel].Name}, "user_id": {user}, "user_name": {w.users[user]}, "command": {command}, "text": {text},
		"api_app_id": {"A123456"}, "is_enterprise_install": {"false"}, "response_url": {answer}, "trigger_id": {id},
	}
}

// Type types a command, such as "/incident ack", in a channel, and shows the person what is answered at once.
func (w *Workspace) Type(user, channel, typed string) {
	w.t.Helper()
	w.SendCommand(user, channel, w.CommandForm(user, channel, typed))
}

// SendCommand delivers the form of a command.
func (w *Workspace) SendCommand(user, channel string, f url.Values) {
	w.t.Helper()
	flat := map[string]string{}
	for k := range f {
		flat[k] = f.Get(k)
	}
	said := w.send("slash_commands", "/slack/commands", form, []byte(f.Encode()), flat)
	w.atOnce(user, channel, said)
}

// atOnce shows what an acknowledgement says.
func (w *Workspace) atOnce(user, channel string, said []byte) {
	var m struct {
		Text string
		Type string `json:"response_type"`
	}
	if len(said) == 0 || json.Unmarshal(said, &m) != nil || m.Text == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	answer := &Message{TS: w.stamp(), User: BotUser, Text: m.Text}
	if m.Type != "in_channel" {
		answer.Only = user
	}
	w.channels[channel].Messages = append(w.channels[channel].Messages, answer)
}

// interact delivers an interaction.
func (w *Workspace) interact(payload map[string]any) []byte {
	w.t.Helper()
	b, err := json.Marshal(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send("interactive", "/slack/interactions", form, []byte(url.Values{"payload": {string(b)}}.Encode()), payload)
}

// Press presses the button with a label on the latest message of a channel that has it.
func (w *Workspace) Press(user, channel, label string) {
	w.t.Helper()
	w.mu.Lock()
	var on *Message
	var button Button
	for _, m := range w.channels[channel].Messages {
		for _, b := range m.Buttons {
			if b.Label == label {
				on, button = m, b
			}
		}
	}
	name := w.channels[channel].Name
	w.mu.Unlock()
	if on == nil {
		w.t.Fatalf("no message in #%s has a button %q", name, label)
	}
	id, answer := w.trigger(user, channel)
	w.interact(map[string]any{
		"type": "block_actions", "user": map[string]any{"id": user, "team_id": Team}, "api_app_id": "A123456", "token": "Shh", "trigger_id": id,
		"container": map[string]any{"type": "message", "message_ts": on.TS, "channel_id": channel, "is_ephemeral": false},
		"team":      map[string]any{"id": Team, "domain": "example"}, "channel": map[string]any{"id": channel, "name": name},
		"message": map[string]any{"type": "message", "user": BotUser, "ts": on.TS, "text": on.Text}, "response_url": answer,
		"actions": []any{map[string]any{
			"action_id": button.Action, "block_id": "verbs", "text": map[string]any{"type": "plain_text", "text": button.Label, "emoji": true},
			"value": button.Value, "type": "button", "action_ts": on.TS,
		}},
	})
}

// Submit fills in the modal that a person has open, by the labels of its fields, and returns the errors that it shows, by label. The
// modal closes if there are none.
func (w *Workspace) Submit(user string, values map[string]string) map[string]string {
	w.t.Helper()
	w.mu.Lock()
	var open *View
	for _, id := range slices.Sorted(maps.Keys(w.views)) {
		if v := w.views[id]; v.User == user {
			open = v
		}
	}
	w.mu.Unlock()
	if open == nil {
		w.t.Fatalf("%s has no modal open", user)
	}
	state, labels := map[string]any{}, map[string]string{}
	for _, f := range open.Fields {
		value, given := values[f.Label]
		if !given && !f.Optional {
			w.t.Fatalf("Slack does not send %q without its field %q", open.Callback, f.Label)
		}
		labels[f.Block] = f.Label
		state[f.Block] = map[string]any{f.Action: f.state(value, given)}
		delete(values, f.Label)
	}
	if len(values) > 0 {
		w.t.Fatalf("the modal has no fields %v", values)
	}
	said := w.interact(map[string]any{
		"type": "view_submission", "team": map[string]any{"id": Team, "domain": "example"}, "user": map[string]any{"id": user, "team_id": Team},
		"api_app_id": "A123456", "token": "Shh", "trigger_id": "1.2.3", "response_urls": []any{},
		"view": map[string]any{
			"id": open.ID, "team_id": Team, "type": "modal", "callback_id": open.Callback, "private_metadata": open.Metadata, "hash": "156772938.1827394",
			"state": map[string]any{"values": state}, "blocks": []any{},
		},
	})
	var answer struct {
		Action string `json:"response_action"`
		Errors map[string]string
	}
	if len(said) > 0 {
		if err := json.Unmarshal(said, &answer); err != nil {
			w.t.Errorf("the answer to a modal is %s", said)
		}
	}
	if answer.Action == "errors" {
		shown := map[string]string{}
		for block, problem := range answer.Errors {
			shown[labels[block]] = problem
		}
		return shown
	}
	w.mu.Lock()
	delete(w.views, open.ID)
	w.mu.Unlock()
	return nil
}

// state is the value of a field as Slack sends it.
func (f Field) state(value string, given bool) map[string]any {
	option := func(v string) map[string]any {
		return map[string]any{"text": map[string]any{"type": "plain_text", "text": v, "emoji": true}, "value": v}
	}
	s := map[string]any{"type": f.Type}
	switch f.Type {
	case "static_select":
		s["selected_option"] = nil
		if given {
			s["selected_option"] = option(value)
		}
	case "checkboxes":
		list := []any{}
		for _, v := range strings.Fields(value) {
			list = append(list, option(v))
		}
		s["selected_options"] = list
	case "users_select":
		s["selected_user"] = nil
		if given {
			s["selected_user"] = value
		}
	default:
		s["value"] = nil
		if given {
			s["value"] = value
		}
	}
	return s
}

// Say posts a message of a person, and returns its timestamp. Slack tells the app of no such message: it did not subscribe to them.
func (w *Workspace) Say(user, channel, text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said++
	m := &Message{TS: fmt.Sprintf("%d.9%05d", w.now().Unix(), w.said), User: user, Text: text}
	w.channels[channel].Messages = append(w.channels[channel].Messages, m)
	return m.TS
}

// event delivers an event, and returns its body.
func (w *Workspace) event(inner map[string]any) []byte {
	w.t.Helper()
	w.mu.Lock()
	w.serial++
	outer := map[string]any{
		"token": "XXYYZZ", "team_id": Team, "api_app_id": "A123456", "type": "event_callback", "event_id": fmt.Sprintf("Ev%09d", w.serial),
		"event_time": w.now().Unix(), "event": inner, "authorizations": []any{map[string]any{"team_id": Team, "user_id": BotUser, "is_bot": true}},
	}
	w.mu.Unlock()
	body, err := json.Marshal(outer)
	if err != nil {
		w.t.Fatal(err)
	}
	w.send("events_api", "/slack/events", docs, body, outer)
	return body
}

// Again delivers an event again, as Slack does that heard no acknowledgement.
func (w *Workspace) Again(body []byte) {
	w.t.Helper()
	r := Request("/slack/events", docs, body)
	r.Header.Set("X-Slack-Retry-Num", "1")
	r.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	rec := httptest.NewRecorder()
	w.app.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.t.Errorf("a retry was answered with %d", rec.Code)
	}
}

// React adds a reaction to a message.
func (w *Workspace) React(user, channel, ts, reaction string) []byte {
	w.t.Helper()
	return w.event(map[string]any{
		"type": "reaction_added", "user": user, "reaction": reaction, "item_user": "U1", "event_ts": ts,
		"item": map[string]any{"type": "message", "channel": channel, "ts": ts},
	})
}

// Edit changes a message of a person.
func (w *Workspace) Edit(channel, ts, text string) []byte {
	w.t.Helper()
	m := w.find(channel, ts)
	w.mu.Lock()
	was := m.Text
	m.Text, m.Edited = text, true
	w.mu.Unlock()
	return w.event(map[string]any{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": channel, "channel_type": "channel", "ts": ts, "event_ts": ts,
		"message":          map[string]any{"type": "message", "user": m.User, "text": text, "ts": ts, "edited": map[string]any{"user": m.User, "ts": ts}},
		"previous_message": map[string]any{"type": "message", "user": m.User, "text": was, "ts": ts},
	})
}

// Delete deletes a message of a person.
func (w *Workspace) Delete(channel, ts string) []byte {
	w.t.Helper()
	m := w.find(channel, ts)
	w.mu.Lock()
	was := m.Text
	m.Text = ""
	w.mu.Unlock()
	return w.event(map[string]any{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": channel, "channel_type": "channel", "ts": ts, "event_ts": ts, "deleted_ts": ts,
		"previous_message": map[string]any{"type": "message", "user": m.User, "text": was, "ts": ts},
	})
}

// Remove deletes the n-th message of a channel, whoever posted it, as an administrator does. The app did not subscribe to that of its own.
func (w *Workspace) Remove(channel string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.channels[channel].Messages[n].Text, w.channels[channel].Messages[n].Buttons = "", nil
}

// Bring brings somebody into a channel.
func (w *Workspace) Bring(inviter, user, channel string) []byte {
	w.t.Helper()
	w.mu.Lock()
	w.channels[channel].Members[user] = true
	w.mu.Unlock()
	return w.event(map[string]any{
		"type": "member_joined_channel", "user": user, "channel": channel, "channel_type": "G", "team": Team, "inviter": inviter,
	})
}

func (w *Workspace) find(channel, ts string) *Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.channels[channel].Messages {
		if m.TS == ts {
			return m
		}
	}
	w.t.Fatalf("there is no message %s", ts)
	return nil
}
