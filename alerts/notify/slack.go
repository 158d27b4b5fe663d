package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"

	"plimsoll/alerts"
)

// SlackConfig of a [Slack] receiver.
type SlackConfig struct {
	Token   string // required: a bot's, with the scope chat:write
	Channel string // required: ID or name
	// BaseURL is where the Web API is; Slack's own when empty.
	BaseURL string
	Client  *http.Client
}

// Slack posts a message for an episode of a group and keeps it up to date in place.
type Slack struct {
	api     *slackapi.Client
	channel string
}

// NewSlack makes a receiver that is a channel.
func NewSlack(cfg SlackConfig) (*Slack, error) {
	if cfg.Token == "" || cfg.Channel == "" {
		return nil, errors.New("slack: a bot token and a channel are required")
	}
	client := cfg.Client
	if client == nil {
		client = newClient()
	}
	options := []slackapi.Option{slackapi.OptionHTTPClient(client)}
	if cfg.BaseURL != "" {
		to, err := endpoint(cfg.BaseURL)
		if err != nil {
			return nil, fmt.Errorf("slack: base_url: %w", err)
		}
		options = append(options, slackapi.OptionAPIURL(strings.TrimSuffix(to.String(), "/")+"/"))
	}
	return &Slack{api: slackapi.New(cfg.Token, options...), channel: cfg.Channel}, nil
}

// pages reports whether a notice has a page that was not told before.
func pages(n alerts.Notice) bool {
	return slices.ContainsFunc(n.Firing, func(e alerts.Entry) bool { return e.New && e.Severity == alerts.Page })
}

// kept are the errors of Slack about a message that cannot be changed; it is written anew.
var kept = map[string]bool{"message_not_found": true, "cant_update_message": true, "edit_window_closed": true}

// Notify implements [Receiver]. The reference is the channel's ID and the time stamp of the message. A page that is new, and a repetition, is a
// message of its own, because a changed message tells nobody.
func (s *Slack) Notify(ctx context.Context, n alerts.Notice, previous string) (string, error) {
	text := slackapi.MsgOptionText(slackText(n), false)
	channel, ts, ok := strings.Cut(previous, "/")
	if ok && !pages(n) && (n.Cause == alerts.Changed || n.Cause == alerts.AllOver) {
		_, _, _, err := s.api.UpdateMessageContext(ctx, channel, ts, text)
		var said slackapi.SlackErrorResponse
		switch {
		case err == nil:
			return previous, nil
		case !errors.As(err, &said) || !kept[said.Err]:
			return "", slackError(err)
		}
	}
	channel, ts, err := s.api.PostMessageContext(ctx, s.channel, text)
	if err != nil {
		return "", slackError(err)
	}
	return channel + "/" + ts, nil
}

func slackText(n alerts.Notice) string {
	mark := map[alerts.Severity]string{alerts.Page: ":red_circle:", alerts.Ticket: ":large_yellow_circle:"}[n.Severity]
	if len(n.Firing) == 0 {
		mark = ":large_green_circle:"
	}
	return mark + " " + escape(n.Text())
}

// escape keeps text from being taken for Slack's markup.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// Say posts a text that is no notice.
func (s *Slack) Say(ctx context.Context, text string) error {
	if _, _, err := s.api.PostMessageContext(ctx, s.channel, slackapi.MsgOptionText(escape(text), false)); err != nil {
		return slackError(err)
	}
	return nil
}

// passing are the errors of Slack's Web API that another attempt may not meet.
var passing = map[string]bool{
	"internal_error": true, "fatal_error": true, "service_unavailable": true, "request_timeout": true, "ratelimited": true, "message_limit_exceeded": true,
}

func slackError(err error) error {
	var limited *slackapi.RateLimitedError
	var said slackapi.SlackErrorResponse
	var status slackapi.StatusCodeError
	switch {
	case errors.As(err, &limited):
		return &Later{After: min(limited.RetryAfter, maxAfter), Err: errors.New("slack limits the rate of messages")}
	case errors.As(err, &said) && !passing[said.Err]:
		return refused("slack said %q", said.Err)
	case errors.As(err, &status) && status.Code < 500:
		return refused("slack answered %s", status.Status)
	default:
		return &Later{Err: fmt.Errorf("tell slack: %w", withoutURL(err))}
	}
}
