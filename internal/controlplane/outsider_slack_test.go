package controlplane

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"plimsoll/incidents/slack/slacktest"
)

// talk is a Slack in which each command is typed in a channel of its own.
type talk struct {
	*slacktest.Workspace
	t       *testing.T
	started int
}

// answers types commands, and returns what the person sees of each answer; "(a modal)" if one opens.
func (s *talk) answers(user string, typed ...string) []string {
	s.t.Helper()
	said, channels := make([]string, len(typed)), make([]string, len(typed))
	for n, text := range typed {
		s.started++
		channels[n] = s.Channel(fmt.Sprintf("asking-%d", s.started), "U1", "U2", "U3", slacktest.BotUser)
		views := s.Calls("views.open")
		s.Type(user, channels[n], text)
		if s.Calls("views.open") > views { // it opens before the acknowledgement
			said[n] = "(a modal)"
		}
	}
	deadline := time.Now().Add(time.Minute)
	for n, text := range typed {
		for said[n] == "" {
			if messages := s.Look(channels[n]).Messages; len(messages) > 0 {
				m := messages[len(messages)-1]
				if m.Only != "" && m.Only != user {
					s.t.Errorf("%s typed %q, and %s sees the answer", user, text, m.Only)
				}
				said[n] = m.Text
			} else if time.Now().After(deadline) {
				s.t.Fatalf("%s typed %q and saw nothing", user, text)
			} else {
				time.Sleep(10 * time.Millisecond) // polling with a deadline
			}
		}
	}
	return said
}

func (s *talk) answer(user, typed string) string {
	s.t.Helper()
	return s.answers(user, typed)[0]
}

// wordsFor are what stands after a verb of the command so that it can be understood. Any other verb is followed by the lure.
var wordsFor = map[string]string{
	"ack": "", "lead": "", "ops": "", "scribe": "", "close": "", "private": "", "public": "", "postmortem": "", "status": "", "list": "", "help": "",
	"comms": "support " + lure, "handoff": "lead <@U3|eve>", "sev": "2 " + lure, "impact": "svc:search", "at": "started 00:01", "done": "1", "item": "prevent " + lure,
	"verify": "AI-1 " + lure, "invite": "<@U3|eve>", "link": public, "dup": public,
}

// TestOutsiderInSlack gives every verb about the private incident in Slack, as somebody who is no member: the answers are those about an
// incident that was never declared, and nothing that everybody reads says a word of it.
func TestOutsiderInSlack(t *testing.T) {
	workspace := slacktest.New(t, nil)
	for id, name := range map[string]string{"U1": "ada", "U2": "bob", "U3": "eve"} {
		workspace.User(id, name)
	}
	team := workspace.Channel("team", "U1", "U2", "U3", slacktest.BotUser)
	s := &talk{Workspace: workspace, t: t}
	h := open(t, func(cfg *Config) {
		cfg.Slack = SlackConfig{SigningSecret: slacktest.Secret, BotToken: slacktest.BotToken, Announce: team, ResponseURL: workspace.URL, APIURL: workspace.URL,
			Subjects: map[string]string{"U1": "ada", "U2": "bob", "U3": "eve"}}
	}, "ada", "bob", "eve")
	workspace.Connect(h.router)
	plot(t, h)

	verbs := regexp.MustCompile("(?m)`/incident (?:\\[INC-n\\] )?([a-z]+)").FindAllStringSubmatch(s.answer("U3", "/incident help"), -1)
	if len(verbs) < 20 {
		t.Fatalf("the help names %d verbs", len(verbs))
	}
	var about, instead []string
	for _, v := range verbs {
		words, known := wordsFor[v[1]]
		if v[1] == "new" {
			continue // it is about no incident
		}
		if !known {
			words = lure
		}
		for _, typed := range []string{strings.TrimSpace(v[1] + " " + words), v[1]} { // the bare verb may open a modal
			about = append(about, "/incident "+private+" "+typed)
			instead = append(instead, "/incident INC-74999 "+typed)
		}
	}
	got, none := s.answers("U3", about...), s.answers("U3", instead...)
	for n, typed := range about {
		if strings.Contains(got[n], hidden) || anyNumber(got[n]) != anyNumber(none[n]) {
			t.Errorf("%q is answered\n%s\nand about one that is not there\n%s", typed, got[n], none[n])
		}
	}
	others := []string{"/incident list", "/incident status", "/gate status " + lure + "-svc", "/gate why " + lure + "-svc", "/gate status",
		"/incident link " + private, "/incident INC-1 link " + private, "/incident INC-1 dup " + private}
	for n, got := range s.answers("U3", others...) {
		if strings.Contains(got, hidden) || !strings.Contains(others[n], private) && privateNumber.MatchString(got) {
			t.Errorf("%q is answered %s", others[n], got)
		}
	}
	for _, m := range workspace.Look(team).Messages {
		if strings.Contains(m.Text, hidden) || privateNumber.MatchString(m.Text) {
			t.Errorf("everybody reads %s", m.Text)
		}
	}
	if got := s.answer("U1", "/incident "+private+" status"); !strings.Contains(got, hidden+" title") {
		t.Errorf("a member is answered %s", got)
	}
	if got := s.answer("U2", "/incident list"); !strings.Contains(got, private) {
		t.Errorf("a member's list is %s", got)
	}
}
