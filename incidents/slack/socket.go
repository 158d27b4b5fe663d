package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// socketParallel is how many envelopes are worked on at once; each only keeps a job or opens a modal.
const socketParallel = 8

// Run takes requests over Socket Mode until ctx is done: Plimsoll connects to Slack, and nothing has to be reachable from
// outside. A connection that breaks, or that Slack wants to renew, is made again; envelopes that were not acknowledged come again
// on it. It ends before only if Slack refuses the token of the app.
func (in *Inbox) Run(ctx context.Context) error {
	if in.cfg.Bot == nil {
		return errors.New("connecting by Socket Mode needs the tokens of the bot and of the app (PLIMSOLL_SLACK_BOT_TOKEN, PLIMSOLL_SLACK_APP_TOKEN)")
	}
	client := socketmode.New(in.cfg.Bot.api, socketmode.OptionReadLimit(maxBody), socketmode.OptionLog(slog.NewLogLogger(in.logger.Handler(), slog.LevelDebug)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		in.envelopes(ctx, client)
	}()
	err := client.RunContext(ctx)
	stopped := ctx.Err() != nil
	cancel()
	<-done
	if stopped {
		return nil
	}
	return fmt.Errorf("connect to Slack by Socket Mode: %w", called("open a connection", err))
}

// envelopes works on what comes until ctx is done.
func (in *Inbox) envelopes(ctx context.Context, client *socketmode.Client) {
	slots := make(chan struct{}, socketParallel)
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-client.Events:
			switch e.Type {
			case socketmode.EventTypeConnectionError, socketmode.EventTypeErrorBadMessage, socketmode.EventTypeErrorWriteFailed:
				in.logger.WarnContext(ctx, "trouble with Socket Mode", "kind", e.Type)
			}
			if e.Request == nil || e.Request.EnvelopeID == "" {
				continue
			}
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				in.envelope(ctx, client, *e.Request)
			}()
		}
	}
}

// envelope works on one request and acknowledges it, unless it could not be kept: then Slack sends it again.
func (in *Inbox) envelope(ctx context.Context, client *socketmode.Client, r socketmode.Request) {
	var m any
	var err error
	switch r.Type {
	case "slash_commands":
		var s slackapi.SlashCommand
		if err = json.Unmarshal(r.Payload, &s); err == nil {
			m = in.command(ctx, s, r.Payload)
		}
	case "interactive":
		m, err = in.interaction(ctx, r.Payload)
	case "events_api":
		if err = in.event(ctx, r.Payload); err != nil {
			return
		}
	}
	if err != nil {
		in.logger.WarnContext(ctx, "could not read an envelope", "kind", r.Type, "err", err)
	}
	if err := client.AckCtx(ctx, r.EnvelopeID, m); err != nil {
		in.logger.WarnContext(ctx, "could not acknowledge an envelope", "kind", r.Type, "err", err)
	}
}
