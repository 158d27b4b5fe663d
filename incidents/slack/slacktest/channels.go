package slacktest

import (
	"net/url"
	"regexp"
	"strings"
)

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
