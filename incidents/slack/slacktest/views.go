package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

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
