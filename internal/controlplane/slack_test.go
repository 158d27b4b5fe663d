package controlplane

import (
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/incidents/slack/slacktest"
)

// TestSlackWholeWay: an incident that is declared over the API gets its channel, and is taken in Slack, over HTTP and by Socket Mode; the
// gate answers there, and the API reads what was done.
func TestSlackWholeWay(t *testing.T) {
	for _, mode := range []string{slackHTTP, slackSocket} {
		t.Run(mode, func(t *testing.T) {
			w := slacktest.New(t, nil)
			w.User("U1", "bob")
			team := w.Channel("team", "U1", slacktest.BotUser)
			h := open(t, func(c *Config) {
				c.Slack = SlackConfig{
					SigningSecret: slacktest.Secret, BotToken: slacktest.BotToken, AppToken: slacktest.AppToken, Mode: mode, Announce: team,
					Subjects: map[string]string{"U1": "bob"}, ResponseURL: w.URL, APIURL: w.URL,
				}
			}, "ada")
			if mode == slackSocket {
				w.AwaitSocket()
			} else {
				u, err := url.Parse(h.url)
				if err != nil {
					t.Fatal(err)
				}
				w.Connect(httputil.NewSingleHostReverseProxy(u))
			}
			var all []string
			sees := func(want string) {
				t.Helper()
				for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
					all = append(all, w.Seen()...)
					if slices.ContainsFunc(all, func(line string) bool { return strings.Contains(line, want) }) {
						return
					}
					if time.Now().After(deadline) {
						t.Fatalf("nobody sees %q in\n%s", want, strings.Join(all, "\n"))
					}
				}
			}
			h.give(t, "ada", "POST", "/v1/incidents", map[string]any{"title": "Playback stalls", "severity": 2, "services": []string{"video-api"}})
			sees("#inc-1-playback-stalls plimsoll: *INC-1* Playback stalls (sev2, declared)")
			sees("#team plimsoll: *INC-1* Playback stalls (sev2, declared)")
			room := w.ChannelNamed("inc-1-playback-stalls")
			w.Type("U1", room, "/incident lead")
			sees("• @bob: incident commander is @bob")
			w.Type("U1", room, "/incident postmortem")
			sees("The postmortem of INC-1 is draft, owned by @bob")
			w.Type("U1", team, "/gate why video-api")
			sees("#team (only bob) plimsoll: HOLD")
			w.Type("U1", team, "/gate freeze video-api --for 30m a migration")
			sees("#team plimsoll: video-api is frozen in production until")
			w.Type("U1", team, "/gate status")
			sees("frozen by @bob until")
			if got := h.give(t, "ada", "GET", "/v1/incidents/INC-1", nil); got["state"] != "acknowledged" {
				t.Errorf("over the API it is %v", got)
			}
		})
	}
}
