package slacktest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// method is a method of the Web API: what scope it needs, whether it changes something, and what it does. It returns the answer
// without "ok", or one of Slack's error codes.
type method struct {
	scope   string
	changes bool
	do      func(w *Workspace, f url.Values) (map[string]any, string)
}

var methods = map[string]method{
	"auth.test":              {"", false, (*Workspace).authTest},
	"chat.postMessage":       {"chat:write", true, (*Workspace).postMessage},
	"chat.update":            {"chat:write", true, (*Workspace).update},
	"chat.delete":            {"chat:write", true, (*Workspace).remove},
	"chat.postEphemeral":     {"chat:write", true, (*Workspace).postEphemeral},
	"chat.getPermalink":      {"", false, (*Workspace).permalink},
	"conversations.create":   {"channels:manage", true, (*Workspace).create},
	"conversations.setTopic": {"channels:manage", true, (*Workspace).setTopic},
	"conversations.invite":   {"channels:manage", true, (*Workspace).invite},
	"conversations.archive":  {"channels:manage", true, (*Workspace).archive},
	"conversations.list":     {"channels:read", false, (*Workspace).list},
	"conversations.history":  {"channels:history", false, (*Workspace).history},
	"conversations.replies":  {"channels:history", false, (*Workspace).history},
	"conversations.open":     {"im:write", true, (*Workspace).open},
	"bookmarks.list":         {"bookmarks:read", false, (*Workspace).bookmarks},
	"bookmarks.add":          {"bookmarks:write", true, (*Workspace).bookmark},
	"views.open":             {"", true, (*Workspace).openView},
	"apps.connections.open":  {"connections:write", false, (*Workspace).connection},
}

// serve is the Web API, the response URLs and the socket.
func (w *Workspace) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	down := w.down
	w.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case down:
		http.Error(rw, "upstream connect error", http.StatusServiceUnavailable)
	case name == "socket":
		w.takeSocket(rw, r)
	case strings.HasPrefix(name, "commands/"):
		w.answered(rw, r)
	default:
		w.call(rw, r, name)
	}
}

func (w *Workspace) call(rw http.ResponseWriter, r *http.Request, name string) {
	f, err := fields(r)
	if err != nil {
		w.t.Errorf("%s: %v", name, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := methods[name]
	if !ok {
		w.t.Errorf("the app calls %s, which is no method that it should need", name)
		reply(rw, nil, "unknown_method")
		return
	}
	w.calls = append(w.calls, name)
	token := cmp.Or(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), f.Get("token"))
	if want := map[bool]string{true: AppToken, false: BotToken}[name == "apps.connections.open"]; token != want {
		reply(rw, nil, "invalid_auth")
		return
	}
	if w.limited[name] > 0 {
		w.limited[name]--
		rw.Header().Set("Retry-After", "1")
		http.Error(rw, `{"ok":false,"error":"ratelimited"}`, http.StatusTooManyRequests)
		return
	}
	if m.scope != "" {
		w.scopes[scoped(m.scope, w.channels[cmp.Or(f.Get("channel"), f.Get("channel_id"))], f)] = true
	}
	answer, code := m.do(w, f)
	if code == "" && m.changes && w.losing > 0 {
		w.losing--
		panic(http.ErrAbortHandler)
	}
	reply(rw, answer, code)
}

// scoped is the scope for the kind of channel: groups are private ones.
func scoped(scope string, c *Channel, f url.Values) string {
	if c != nil && c.Private || f.Get("is_private") == "true" {
		switch scope {
		case "channels:manage":
			return "groups:write"
		case "channels:history":
			return "groups:history"
		}
	}
	if c != nil && strings.HasPrefix(c.Name, "@") && scope == "channels:history" {
		return "im:history"
	}
	return scope
}

// fields reads the arguments of a call, from a form or from JSON.
func fields(r *http.Request) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		err := r.ParseForm()
		return r.Form, err
	}
	var body map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil && !errors.Is(err, io.EOF) { // some calls have nothing to say
		return nil, err
	}
	f := url.Values{}
	for k, v := range body {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		f.Set(k, s)
	}
	return f, nil
}

func reply(rw http.ResponseWriter, answer map[string]any, code string) {
	if answer == nil {
		answer = map[string]any{}
	}
	answer["ok"] = code == ""
	if code != "" {
		answer["error"] = code
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(rw).Encode(answer)
}

func (w *Workspace) authTest(url.Values) (map[string]any, string) {
	return map[string]any{"user_id": BotUser, "team_id": Team, "user": "plimsoll"}, ""
}

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
	if m.Text == "" {
		return nil, "no_text"
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

// channelName is what Slack takes: no blanks, no capitals, no punctuation but hyphens and underscores, 80 characters.
var channelName = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}_-]{1,80}$`)

func (w *Workspace) create(f url.Values) (map[string]any, string) {
	name := f.Get("name")
	if !channelName.MatchString(name) {
		return nil, "invalid_name_specials"
	}
	for _, c := range w.channels {
		if c.Name == name {
			return nil, "name_taken"
		}
	}
	c := w.add(name, BotUser, f.Get("is_private") == "true", []string{BotUser})
	return map[string]any{"channel": c.json()}, ""
}

func (c *Channel) json() map[string]any {
	return map[string]any{"id": c.ID, "name": c.Name, "creator": c.Creator, "is_private": c.Private, "is_archived": c.Archived}
}

func (w *Workspace) setTopic(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	switch {
	case code != "":
		return nil, code
	case len([]rune(f.Get("topic"))) > 250:
		return nil, "too_long"
	}
	c.Topic = f.Get("topic")
	return map[string]any{"channel": c.json()}, ""
}

func (w *Workspace) invite(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	if code != "" {
		return nil, code
	}
	for _, u := range strings.Split(f.Get("users"), ",") {
		switch {
		case w.users[u] == "":
			return nil, "user_not_found"
		case c.Members[u]:
			return nil, "already_in_channel"
		}
		c.Members[u] = true
	}
	return map[string]any{"channel": c.json()}, ""
}

func (w *Workspace) archive(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel"))
	if code != "" {
		return nil, strings.Replace(code, "is_archived", "already_archived", 1)
	}
	c.Archived = true
	return nil, ""
}

func (w *Workspace) list(f url.Values) (map[string]any, string) {
	list := []any{}
	for _, c := range w.channels {
		if !strings.HasPrefix(c.Name, "@") && (!c.Private || c.Members[BotUser]) && !(c.Archived && f.Get("exclude_archived") == "true") {
			list = append(list, c.json())
		}
	}
	return map[string]any{"channels": list, "response_metadata": map[string]any{"next_cursor": ""}}, ""
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

// open opens the conversation of the app with one person.
func (w *Workspace) open(f url.Values) (map[string]any, string) {
	user := f.Get("users")
	if w.users[user] == "" {
		return nil, "user_not_found"
	}
	for _, c := range w.channels {
		if c.Name == "@"+w.users[user] {
			return map[string]any{"channel": c.json()}, ""
		}
	}
	return map[string]any{"channel": w.add("@"+w.users[user], BotUser, false, []string{BotUser, user}).json()}, ""
}

func (w *Workspace) bookmarks(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel_id"))
	if code != "" {
		return nil, code
	}
	list := []any{}
	for _, b := range c.Bookmarks {
		list = append(list, map[string]any{"title": strings.SplitN(b, " ", 2)[1], "link": strings.SplitN(b, " ", 2)[0]})
	}
	return map[string]any{"bookmarks": list}, ""
}

func (w *Workspace) bookmark(f url.Values) (map[string]any, string) {
	c, code := w.channel(f.Get("channel_id"))
	if code != "" {
		return nil, code
	}
	c.Bookmarks = append(c.Bookmarks, f.Get("link")+" "+f.Get("title"))
	return map[string]any{"bookmark": map[string]any{"title": f.Get("title"), "link": f.Get("link")}}, ""
}

// view is a modal as it is sent.
type view struct {
	Type            string
	Title           struct{ Text string }
	CallbackID      string `json:"callback_id"`
	PrivateMetadata string `json:"private_metadata"`
	Blocks          []struct {
		Type     string
		BlockID  string `json:"block_id"`
		Optional bool
		Label    struct{ Text string }
		Element  struct {
			Type     string
			ActionID string `json:"action_id"`
			Options  []struct{ Value string }
		}
	}
}

func (w *Workspace) openView(f url.Values) (map[string]any, string) {
	t, ok := w.triggers[f.Get("trigger_id")]
	delete(w.triggers, f.Get("trigger_id")) // a trigger opens one
	var v view
	switch {
	case !ok:
		return nil, "invalid_trigger_id"
	case w.expiring:
		return nil, "expired_trigger_id"
	case json.Unmarshal([]byte(f.Get("view")), &v) != nil || v.Type != "modal" || len(v.Blocks) == 0 || len([]rune(v.Title.Text)) > 24 || len(v.PrivateMetadata) > 3000:
		return nil, "invalid_arguments"
	}
	w.serial++
	opened := &View{ID: fmt.Sprintf("V%09d", w.serial), User: t.user, Title: v.Title.Text, Callback: v.CallbackID, Metadata: v.PrivateMetadata}
	for _, b := range v.Blocks {
		field := Field{Block: b.BlockID, Action: b.Element.ActionID, Label: b.Label.Text, Type: b.Element.Type, Optional: b.Optional}
		for _, o := range b.Element.Options {
			field.Options = append(field.Options, o.Value)
		}
		opened.Fields = append(opened.Fields, field)
	}
	w.views[opened.ID] = opened
	return map[string]any{"view": map[string]any{"id": opened.ID, "type": "modal"}}, ""
}

// maxUses is how often a response_url may be used.
const maxUses = 5

// answered takes a message at a response_url, which works for thirty minutes.
func (w *Workspace) answered(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var m struct {
		Text   string
		Type   string `json:"response_type"`
		Blocks json.RawMessage
	}
	if err != nil || json.Unmarshal(body, &m) != nil || m.Text == "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		w.t.Errorf("an answer that Slack would refuse: %s", body)
		http.Error(rw, "invalid_payload", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.urls[r.URL.Path]
	if w.limited["response_url"] > 0 {
		w.limited["response_url"]--
		rw.Header().Set("Retry-After", "1")
		http.Error(rw, "rate_limited", http.StatusTooManyRequests)
		return
	}
	if u == nil || u.uses >= maxUses || w.now().After(u.until) {
		http.Error(rw, "expired_url", http.StatusNotFound)
		return
	}
	u.uses++
	answer := &Message{TS: w.stamp(), User: BotUser, Text: m.Text, Buttons: buttonsOf(m.Blocks)}
	if m.Type != "in_channel" {
		answer.Only = u.user
	}
	w.channels[u.channel].Messages = append(w.channels[u.channel].Messages, answer)
	if w.losing > 0 {
		w.losing--
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(rw, "ok")
}

// urlFor is how long a response_url works.
const urlFor = 30 * time.Minute
