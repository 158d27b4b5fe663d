package slack

import (
	"maps"
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"
)

// people maps Slack user IDs to subjects.
type people map[string]string

const subjectPrefix = "slack:"

// subject is the name by which records know a Slack user.
func (p people) subject(userID string) string {
	if s, ok := p[userID]; ok {
		return s
	}
	if userID == "" {
		return ""
	}
	return subjectPrefix + userID
}

// user is the Slack user of a subject; empty for one whom Slack does not know.
func (p people) user(subject string) string {
	if id, ok := strings.CutPrefix(subject, subjectPrefix); ok {
		return id
	}
	for _, id := range slices.Sorted(maps.Keys(p)) {
		if p[id] == subject {
			return id
		}
	}
	return ""
}

// known reports whether a Slack user is mapped to a name, so that the same person is the same everywhere.
func (p people) known(userID string) bool { return p[userID] != "" }

func withUser(id string) *slackapi.OpenConversationParameters {
	return &slackapi.OpenConversationParameters{Users: []string{id}, ReturnIM: true}
}
