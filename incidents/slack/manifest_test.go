package slack_test

import (
	"context"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	slackapi "github.com/slack-go/slack"
	"go.yaml.in/yaml/v3"

	"plimsoll/incidents"
	"plimsoll/incidents/slack"
)

// eventScopes are what Slack wants for the events that the inbox reads.
// Source: https://docs.slack.dev/reference/events and the page of each.
var eventScopes = map[string][]string{
	"reaction_added":        {"reactions:read"},
	"message.channels":      {"channels:history"},
	"message.groups":        {"groups:history"},
	"member_joined_channel": {"channels:read", "groups:read"},
}

func readManifest(t *testing.T, file string) slackapi.Manifest {
	t.Helper()
	b, err := os.ReadFile("../../deploy/slack/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var m slackapi.Manifest
	if err := yaml.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestManifestAsksForWhatIsUsed: an app that is made from the manifest may do exactly what is done, and hears exactly what is read.
func TestManifestAsksForWhatIsUsed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o := newOffice(t)
	for n, private := range []bool{false, true} {
		ref := incidents.Ref(n + 1)
		o.LoseAnswers(4)
		if _, _, err := o.store.Declare(ctx, incidents.Declare{Title: "fire", Severity: 2, Private: private, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
			t.Fatal(err)
		}
		o.idle()
		o.React("U1", o.room(ref), o.Say("U1", o.room(ref), "it is the cache"), "pushpin")
		o.idle()
	}
	late := o.CommandForm("U1", o.team, "/incident list")
	o.LoseAnswers(1)
	o.SendCommand("U1", o.team, late)
	o.idle()
	o.Down(true)
	o.Type("U1", o.team, "/incident list")
	o.pass(time.Hour)
	o.Down(false)
	o.LoseAnswers(2)
	o.revive()
	o.idle()

	scopes := append(o.Scopes(), "commands")
	for _, list := range eventScopes {
		scopes = append(scopes, list...)
	}
	scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == "connections:write" }) // of the app's own token
	slices.Sort(scopes)
	scopes = slices.Compact(scopes)
	var events []string
	for event := range eventScopes {
		events = append(events, event)
	}
	slices.Sort(events)
	for _, file := range []string{"manifest.yaml", "manifest-socket.yaml"} {
		m := readManifest(t, file)
		if d := cmp.Diff(scopes, m.OAuthConfig.Scopes.Bot); d != "" {
			t.Errorf("%s: scopes (-used +asked for):\n%s", file, d)
		}
		if d := cmp.Diff(events, m.Settings.EventSubscriptions.BotEvents); d != "" {
			t.Errorf("%s: events (-read +subscribed to):\n%s", file, d)
		}
		if !m.Settings.Interactivity.IsEnabled || m.Settings.SocketModeEnabled != (file == "manifest-socket.yaml") {
			t.Errorf("%s: settings %+v", file, m.Settings)
		}
	}
}

// TestManifestNamesOurPaths: Slack sends each kind of request to where it is taken.
func TestManifestNamesOurPaths(t *testing.T) {
	t.Parallel()
	m := readManifest(t, "manifest.yaml")
	path := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return u.Path
	}
	var commands []string
	for _, c := range m.Features.SlashCommands {
		commands = append(commands, c.Command)
		if path(c.Url) != slack.CommandsPath || !c.ShouldEscape {
			t.Errorf("%s goes to %s, escaped: %v", c.Command, c.Url, c.ShouldEscape)
		}
	}
	if d := cmp.Diff([]string{"/incident", "/gate"}, commands); d != "" {
		t.Error(d)
	}
	if p := path(m.Settings.Interactivity.RequestUrl); p != slack.InteractionsPath {
		t.Errorf("interactions go to %s", p)
	}
	if p := path(m.Settings.EventSubscriptions.RequestUrl); p != slack.EventsPath {
		t.Errorf("events go to %s", p)
	}
}
