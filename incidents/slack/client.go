package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	slackapi "github.com/slack-go/slack"
)

// BotConfig is how Plimsoll calls Slack.
type BotConfig struct {
	Token    string // required; of the bot, "xoxb-…"
	AppToken string // "xapp-…", for Socket Mode only
	// BaseURL is where the Web API is; Slack's own when empty. Another one is for tests.
	BaseURL string
	Client  *http.Client // one that gives up after ten seconds when nil
}

// Bot calls Slack's Web API. It is safe for concurrent use.
type Bot struct{ api *slackapi.Client }

// NewBot returns a client. It calls nobody.
func NewBot(cfg BotConfig) (*Bot, error) {
	if cfg.Token == "" {
		return nil, errors.New("calling Slack needs the token of the bot (PLIMSOLL_SLACK_BOT_TOKEN)")
	}
	client := cfg.Client
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	options := []slackapi.Option{slackapi.OptionHTTPClient(client), slackapi.OptionAppLevelToken(cfg.AppToken)}
	if cfg.BaseURL != "" {
		options = append(options, slackapi.OptionAPIURL(strings.TrimSuffix(cfg.BaseURL, "/")+"/"))
	}
	return &Bot{slackapi.New(cfg.Token, options...)}, nil
}

// refusal is an answer of Slack that another attempt would get again.
type refusal struct{ code string }

func (r *refusal) Error() string { return fmt.Sprintf("Slack said %q", r.code) }

// refusedWith reports whether Slack refused with one of the codes.
func refusedWith(err error, codes ...string) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && slices.Contains(codes, r.code)
}

// later is a call that Slack takes after a while: it did nothing.
type later struct{ after time.Duration }

func (l *later) Error() string {
	return fmt.Sprintf("Slack limits the rate and takes no call for %s", l.after)
}

// passing are the codes of Slack that another attempt may not meet.
// Source: the error tables of https://docs.slack.dev/reference/methods/chat.postMessage
var passing = []string{"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited", "team_added_to_org"}

// called gives the outcome of a call its kind: nil, *refusal, *later, or an error after which nobody knows what Slack did.
// No error holds a URL: some of them are secrets.
func called(what string, err error) error {
	if err == nil {
		return nil
	}
	if l, ok := errors.AsType[*slackapi.RateLimitedError](err); ok {
		return fmt.Errorf("%s: %w", what, &later{bounded(l.RetryAfter)})
	}
	if said, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok && !slices.Contains(passing, said.Err) {
		return fmt.Errorf("%s: %w", what, &refusal{said.Err})
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// bounded keeps what Slack wants us to wait within reason.
func bounded(after time.Duration) time.Duration { return min(max(after, time.Second), maxRetryAfter) }

// fate tells River what an outcome means: done, wait, give up, or try again.
func fate(err error) error {
	if l, ok := errors.AsType[*later](err); ok {
		return river.JobSnooze(l.after)
	}
	if _, ok := errors.AsType[*refusal](err); ok {
		return river.JobCancel(err)
	}
	return err
}

// metadataType marks our messages, so that one can be found again by its key.
const metadataType = "plimsoll_message"

// post puts a message into a channel and returns its timestamp, which names it there.
func (b *Bot) post(ctx context.Context, channel, key string, m message) (string, error) {
	_, ts, err := b.api.PostMessageContext(ctx, channel, append(m.options(), slackapi.MsgOptionMetadata(slackapi.SlackMetadata{
		EventType: metadataType, EventPayload: map[string]any{"key": key},
	}))...)
	return ts, called("post a message", err)
}

// recent is how far back an own message is looked for: as many as Slack gives on one page.
const recent = 200

// posted looks for our message with a key among the latest of a channel; its timestamp is empty if it is not there.
func (b *Bot) posted(ctx context.Context, channel, key string) (string, error) {
	h, err := b.api.GetConversationHistoryContext(ctx, &slackapi.GetConversationHistoryParameters{ChannelID: channel, Limit: recent, IncludeAllMetadata: true})
	if err != nil {
		return "", called("look for a message", err)
	}
	for _, m := range h.Messages {
		if m.Metadata.EventType == metadataType && m.Metadata.EventPayload["key"] == key {
			return m.Timestamp, nil
		}
	}
	return "", nil
}

// whisper shows a message to one person in a channel.
func (b *Bot) whisper(ctx context.Context, channel, user string, m message) error {
	_, err := b.api.PostEphemeralContext(ctx, channel, user, m.options()...)
	return called("show a message to one person", err)
}

// said is a message of a person.
type said struct{ author, text, link string }

// read fetches a message, also one of a thread, with its permanent link.
func (b *Bot) read(ctx context.Context, channel, ts string) (said, error) {
	h, err := b.api.GetConversationHistoryContext(ctx, &slackapi.GetConversationHistoryParameters{
		ChannelID: channel, Latest: ts, Oldest: ts, Inclusive: true, Limit: 1})
	if err != nil {
		return said{}, called("read a message", err)
	}
	found := h.Messages
	if len(found) == 0 || found[0].Timestamp != ts {
		if found, _, _, err = b.api.GetConversationRepliesContext(ctx, &slackapi.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: ts, Latest: ts, Oldest: ts, Inclusive: true, Limit: 1}); err != nil {
			return said{}, called("read a message of a thread", err)
		}
	}
	at := slices.IndexFunc(found, func(m slackapi.Message) bool { return m.Timestamp == ts })
	if at < 0 {
		return said{}, fmt.Errorf("read a message: %w", &refusal{"message_not_found"})
	}
	link, err := b.api.GetPermalinkContext(ctx, &slackapi.PermalinkParameters{Channel: channel, Ts: ts})
	return said{cmp.Or(found[at].User, found[at].BotID), found[at].Text, link}, called("link to a message", err)
}

// create makes a channel of a name that is free.
func (b *Bot) create(ctx context.Context, name string, private bool) (id string, err error) {
	c, err := b.api.CreateConversationContext(ctx, slackapi.CreateConversationParams{ChannelName: name, IsPrivate: private})
	if err != nil {
		return "", called("make a channel", err)
	}
	return c.ID, nil
}

// mine looks for a channel of a name that this bot has made; empty if there is none.
func (b *Bot) mine(ctx context.Context, name string) (string, error) {
	self, err := b.api.AuthTestContext(ctx)
	if err != nil {
		return "", called("ask who the bot is", err)
	}
	params := slackapi.GetConversationsParameters{Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 1000}
	for {
		list, next, err := b.api.GetConversationsContext(ctx, &params)
		if err != nil {
			return "", called("list channels", err)
		}
		for _, c := range list {
			if c.Name == name && c.Creator == self.UserID {
				return c.ID, nil
			}
		}
		if next == "" {
			return "", nil
		}
		params.Cursor = next
	}
}
