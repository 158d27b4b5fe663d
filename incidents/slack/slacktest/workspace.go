package slacktest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Secrets of the app in the workspace.
const (
	Secret   = "8f742231b10e8888abcd99yyyzzz85a5"
	BotToken = "xoxb-test-bot"
	AppToken = "xapp-test-app"
)

// The app's own user, and the workspace.
const (
	BotUser = "U0PLIMSOLL"
	Team    = "T0001"
)

// Workspace is a Slack with one app installed.
type Workspace struct {
	URL string // of the Web API, without a slash at the end

	t      testing.TB
	server *httptest.Server
	now    func() time.Time

	mu       sync.Mutex
	app      http.Handler // over HTTP
	socket   *socket      // over Socket Mode; nil while there is no connection
	users    map[string]string
	channels map[string]*Channel
	views    map[string]*View
	triggers map[string]trigger
	urls     map[string]*responseURL
	serial   int
	said     int // messages of people, which are counted apart so that their names do not depend on what the app does meanwhile
	calls    []string
	scopes   map[string]bool
	down     bool
	losing   int // how many calls are carried out whose answers are lost
	limited  map[string]int
	expiring bool                     // triggers have expired when they come
	held     map[string]chan struct{} // methods that are not answered until the channel is closed
}

// Channel is a channel or a conversation with one person.
type Channel struct {
	ID, Name, Topic, Creator string
	Private, Archived        bool
	Members                  map[string]bool
	Bookmarks                []string
	Messages                 []*Message
}

// Message is what stands in a channel.
type Message struct {
	TS, User, Text string
	Only           string // the one person who sees it; empty for all
	Buttons        []Button
	Key            string // of the app's metadata
	Edited         bool
	shown          string // as it was last told to the test
}

// Button of a message.
type Button struct{ Action, Value, Label string }

// View is a modal that somebody has open.
type View struct {
	ID, User, Title, Callback, Metadata string
	Fields                              []Field
}

// Field of a modal.
type Field struct {
	Block, Action, Label, Type string
	Options                    []string
	Optional                   bool
}

type trigger struct{ user string }

type responseURL struct {
	channel, user string
	until         time.Time
	uses          int
}

// New starts a workspace whose clock is now; time.Now when nil.
func New(t testing.TB, now func() time.Time) *Workspace {
	t.Helper()
	if now == nil {
		now = time.Now
	}
	w := &Workspace{
		t: t, now: now, users: map[string]string{}, channels: map[string]*Channel{}, views: map[string]*View{}, triggers: map[string]trigger{},
		urls: map[string]*responseURL{}, scopes: map[string]bool{}, limited: map[string]int{}, held: map[string]chan struct{}{},
	}
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	w.URL = w.server.URL
	t.Cleanup(w.server.Close)
	w.User(BotUser, "plimsoll")
	return w
}

// Connect says where the app takes requests over HTTP.
func (w *Workspace) Connect(app http.Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.app = app
}

// User adds a person.
func (w *Workspace) User(id, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.users[id] = name
}

// Channel adds a channel with people in it, and returns its ID.
func (w *Workspace) Channel(name string, members ...string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.add(name, members[0], false, members).ID
}

func (w *Workspace) add(name, creator string, private bool, members []string) *Channel {
	w.serial++
	c := &Channel{ID: fmt.Sprintf("C%09d", w.serial), Name: name, Creator: creator, Private: private, Members: map[string]bool{}}
	for _, m := range members {
		c.Members[m] = true
	}
	w.channels[c.ID] = c
	return c
}

// ChannelNamed returns the ID of a channel; empty if there is none of that name.
func (w *Workspace) ChannelNamed(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, c := range w.channels {
		if c.Name == name {
			return id
		}
	}
	return ""
}

// Look returns a copy of a channel.
func (w *Workspace) Look(id string) Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := *w.channels[id]
	c.Members = maps.Clone(c.Members)
	c.Messages = slices.Clone(c.Messages)
	return c
}

// Down makes every call fail with 503 until it is up again.
func (w *Workspace) Down(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
}

// LoseAnswers carries the next n calls that change something out, and breaks their connections before they are answered.
func (w *Workspace) LoseAnswers(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing = n
}

// Limit answers the next n calls of a method with 429 and Retry-After.
func (w *Workspace) Limit(method string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limited[method] = n
}

// Hold lets calls of a method wait until release is called.
func (w *Workspace) Hold(method string) (release func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := make(chan struct{})
	w.held[method] = held
	return sync.OnceFunc(func() { close(held) })
}

// ExpireTriggers makes every trigger come too late.
func (w *Workspace) ExpireTriggers(expire bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expiring = expire
}

// Scopes returns the scopes that the calls so far have needed, sorted.
func (w *Workspace) Scopes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.scopes))
}

// Calls returns how often a method was called.
func (w *Workspace) Calls(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if c == method {
			n++
		}
	}
	return n
}

// stamp returns the name of the next message: Slack's are seconds and a number, and rise.
func (w *Workspace) stamp() string {
	w.serial++
	return fmt.Sprintf("%d.%06d", w.now().Unix(), w.serial)
}

// Seen returns what has become visible since the last call, as people see it, channel by channel: "#inc-1-fire plimsoll: …". A line
// that begins with "~" is a message that was changed in place. What only one person sees comes after what all see.
func (w *Workspace) Seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	ids := slices.SortedFunc(maps.Keys(w.channels), func(a, b string) int { return strings.Compare(w.channels[a].Name+a, w.channels[b].Name+b) })
	for _, id := range ids {
		c := w.channels[id]
		messages := slices.Clone(c.Messages)
		slices.SortStableFunc(messages, func(a, b *Message) int { return cmp.Compare(min(len(a.Only), 1), min(len(b.Only), 1)) })
		for _, m := range messages {
			now := w.shown(c, m)
			switch {
			case m.shown == now:
				continue
			case m.shown != "":
				lines = append(lines, "~ "+now)
			default:
				lines = append(lines, now)
			}
			m.shown = now
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.views)) {
		if v := w.views[id]; v.Title != "" {
			lines = append(lines, fmt.Sprintf("[%s for %s] %s", v.Title, w.users[v.User], strings.Join(v.labels(), " | ")))
			v.Title = ""
		}
	}
	return lines
}

func (v *View) labels() []string {
	var list []string
	for _, f := range v.Fields {
		list = append(list, f.Label)
	}
	return list
}

// shown is a message as somebody sees it.
func (w *Workspace) shown(c *Channel, m *Message) string {
	where := "#" + c.Name
	if strings.HasPrefix(c.Name, "@") {
		where = c.Name
	}
	if m.Only != "" {
		where += " (only " + w.users[m.Only] + ")"
	}
	line := where + " " + w.users[m.User] + ": " + w.readable(m.Text)
	if m.Text == "" {
		return where + " " + w.users[m.User] + " deleted a message"
	}
	for _, b := range m.Buttons {
		line += " [" + b.Label + "]"
	}
	return line
}
