package slacktest

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
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
	held := w.held[name]
	w.mu.Unlock()
	if held != nil {
		<-held
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
