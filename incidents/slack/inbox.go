package slack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	slackapi "github.com/slack-go/slack"
)

// ackWithin leaves the rest of a second for the way to Slack, which gives up after three.
const ackWithin = 800 * time.Millisecond

// jobs takes work to be done later.
type jobs interface {
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Config of an [Inbox].
type Config struct {
	SigningSecret string            // of the Slack app; required for HTTP
	Jobs          jobs              // required; a River client that may only insert
	Bot           *Bot              // opens modals; without one a bare verb is answered with how to type it
	Subjects      map[string]string // as of [WorkerConfig]
	Command       string            // what buttons call the command about incidents; "/incident" when empty
	GateCommand   string            // "/gate" when empty; every other command is about incidents
	Logger        *slog.Logger      // slog.Default when nil
	Now           func() time.Time  // time.Now when nil; when a request came. Signatures are always checked against the machine's clock.
}

// Inbox takes what Slack sends, over HTTP or Socket Mode: commands, what people do in modals and with buttons, and events. It
// makes everything a durable job before it acknowledges; only a modal is opened at once, because its trigger lives for
// three seconds.
type Inbox struct {
	cfg    Config
	people people
	logger *slog.Logger
	now    func() time.Time
}

// New returns an inbox.
func New(cfg Config) (*Inbox, error) {
	if cfg.Jobs == nil {
		return nil, errors.New("slash commands need a queue of jobs")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Command = cmp.Or(cfg.Command, defaultCommand)
	cfg.GateCommand = cmp.Or(cfg.GateCommand, defaultGateCommand)
	return &Inbox{cfg, people(cfg.Subjects), cmp.Or(cfg.Logger, slog.Default()), cfg.Now}, nil
}

// notKept is what a person reads when the database is gone. Slack shows nothing of an error status but its number, and does
// not try again.
const notKept = "Nothing was done: Plimsoll cannot reach its database. Try again, or use `plimsoll incident` on the command line."

// command takes a slash command and returns what is shown at once; nil for nothing.
func (in *Inbox) command(ctx context.Context, s slackapi.SlashCommand, body []byte) any {
	args := CommandArgs{
		RequestID: "slack/" + named(s.TriggerID, body), Command: s.Command, Text: storable(s.Text), UserID: s.UserID, TeamID: s.TeamID,
		Channel: s.ChannelID, ResponseURL: s.ResponseURL, ReceivedAt: in.now().UTC(), Gate: s.Command == in.cfg.GateCommand,
	}
	if from, v := in.modal(args); v != nil {
		return in.open(ctx, s.TriggerID, from, *v)
	}
	return in.keep(ctx, args)
}

// named is the name of a request: that which Slack gave it, or what its body says where there is none.
func named(id string, body []byte) string {
	if id != "" {
		return id
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// keep makes work durable, and returns what the person is told if it cannot.
func (in *Inbox) keep(ctx context.Context, args CommandArgs) any {
	if err := in.insert(ctx, args, args.RequestID); err != nil {
		return quiet(notKept)
	}
	return nil
}

func (in *Inbox) insert(ctx context.Context, args river.JobArgs, id string) error {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	result, err := in.cfg.Jobs.Insert(ctx, args, nil)
	switch {
	case err != nil:
		in.logger.ErrorContext(ctx, "could not keep a request of Slack", "request", id, "err", err)
	case result.UniqueSkippedAsDuplicate:
		in.logger.InfoContext(ctx, "a request of Slack came again", "request", id)
	}
	return err
}

// modal returns the verb of a command that is given without the words it needs, and where; nil for any other command.
func (in *Inbox) modal(args CommandArgs) (origin, *verb) {
	if in.cfg.Bot == nil || args.Gate {
		return origin{}, nil
	}
	first, rest := cut(args.Text)
	ref, before := incidentRef(first)
	if before {
		first, rest = cut(rest)
	}
	v, rest := find(strings.ToLower(plain(first, in.people.subject)), rest)
	if v == nil || v.form == nil {
		return origin{}, nil
	}
	if after, ok := incidentRef(rest); ok && !before && !v.takesRef {
		ref, rest = after, ""
	}
	if rest != "" {
		return origin{}, nil
	}
	return origin{Command: args.Command, Verb: v.name, Ref: ref, Channel: args.Channel, Answer: args.ResponseURL}, v
}

// openWithin is the life of a trigger, less the way to Slack.
const openWithin = 2500 * time.Millisecond

// open opens a modal. It waits for Slack as long as the acknowledgement may; if Slack says no later than that, the person reads
// it by a job.
func (in *Inbox) open(ctx context.Context, trigger string, from origin, v verb) any {
	view, err := v.view(from)
	if err != nil {
		return quiet(sentence(err.Error()))
	}
	opened := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openWithin)
		defer cancel()
		_, err := in.cfg.Bot.api.OpenViewContext(ctx, trigger, view)
		opened <- called("open a modal", err)
	}()
	select {
	case err := <-opened:
		return in.notOpened(ctx, from, v, err)
	case <-time.After(ackWithin):
		go func() {
			if m, ok := in.notOpened(ctx, from, v, <-opened).(message); ok {
				args := AnswerArgs{ID: "slack/modal/" + trigger, ResponseURL: from.Answer, Text: m.Text}
				_ = in.insert(context.WithoutCancel(ctx), args, args.ID) // logged
			}
		}()
		return nil
	}
}

// notOpened tells the person how to type what the modal would have asked for.
func (in *Inbox) notOpened(ctx context.Context, from origin, v verb, err error) any {
	if err == nil {
		return nil
	}
	in.logger.WarnContext(ctx, "could not open a modal", "verb", v.name, "err", err)
	why := "Slack did not open the form."
	if refusedWith(err, "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id") {
		why = "The form came too late for Slack."
	}
	return quiet(why + " Type it instead:\n" + printer{command: cmp.Or(from.Command, in.cfg.Command)}.usage(v))
}

// interaction takes what somebody did in a modal or with a button.
func (in *Inbox) interaction(ctx context.Context, payload []byte) (any, error) {
	var cb slackapi.InteractionCallback
	if err := json.Unmarshal(payload, &cb); err != nil {
		return nil, err
	}
	switch cb.Type {
	case slackapi.InteractionTypeViewSubmission:
		return in.submission(ctx, cb), nil
	case slackapi.InteractionTypeBlockActions:
		return in.pressed(ctx, cb, payload), nil
	}
	return nil, nil // closed modals and whatever else there will be
}

// pressed takes the first of the buttons; Slack sends one at a time.
func (in *Inbox) pressed(ctx context.Context, cb slackapi.InteractionCallback, payload []byte) any {
	for _, a := range cb.ActionCallback.BlockActions {
		name, ours := strings.CutPrefix(a.ActionID, actionPrefix)
		if !ours {
			continue
		}
		args := CommandArgs{
			RequestID: "slack/" + named(cb.TriggerID, payload), Command: in.cfg.Command, Text: storable(a.Value + " " + name), UserID: cb.User.ID, TeamID: cb.Team.ID,
			Channel: cb.Channel.ID, ResponseURL: cb.ResponseURL, ReceivedAt: in.now().UTC(),
		}
		var m any
		if from, v := in.modal(args); v != nil {
			m = in.open(ctx, cb.TriggerID, from, *v)
		} else {
			m = in.keep(ctx, args)
		}
		// An acknowledgement of a button cannot say anything; it has to come as a message of its own.
		if told, ok := m.(message); ok {
			go in.whisper(context.WithoutCancel(ctx), args, told)
		}
		return nil
	}
	return nil
}

// whisper shows a person what could not even be kept as a job.
func (in *Inbox) whisper(ctx context.Context, args CommandArgs, m message) {
	if in.cfg.Bot == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	if err := in.cfg.Bot.whisper(ctx, args.Channel, args.UserID, m); err != nil {
		in.logger.WarnContext(ctx, "could not tell somebody that nothing was done", "request", args.RequestID, "err", err)
	}
}

// submission reads a modal that was filled in. What is wrong is shown at its field, and the modal stays open.
func (in *Inbox) submission(ctx context.Context, cb slackapi.InteractionCallback) any {
	var from origin
	if cb.View.CallbackID != callbackID || json.Unmarshal([]byte(cb.View.PrivateMetadata), &from) != nil {
		return nil
	}
	v, _ := find(from.Verb, "")
	if v == nil || v.form == nil {
		return nil
	}
	args := CommandArgs{
		RequestID: "slack/view/" + cb.View.ID, Command: from.Command, Text: from.Verb, Fields: submitted(cb.View.State), UserID: cb.User.ID, TeamID: cb.Team.ID,
		Incident: from.Ref, Channel: from.Channel, ResponseURL: from.Answer, ReceivedAt: in.now().UTC(),
	}
	req, err := v.read(args.Fields, setting{at: args.ReceivedAt, who: in.people.subject})
	if err == nil {
		err = sound(req, args.ReceivedAt, in.people.subject(args.UserID))
	}
	if err != nil {
		field, problem := v.fault(err)
		return slackapi.NewErrorsViewSubmissionResponse(map[string]string{field: problem})
	}
	if err := in.insert(ctx, args, args.RequestID); err != nil {
		return slackapi.NewErrorsViewSubmissionResponse(map[string]string{v.form.fields[0].name: notKept})
	}
	return nil
}

// event takes an event. An error asks Slack to send it again.
func (in *Inbox) event(ctx context.Context, payload []byte) error {
	args, err := readEvent(payload)
	if err != nil || args.ID == "" {
		return err
	}
	args.ReceivedAt = in.now().UTC()
	return in.insert(ctx, args, args.ID)
}

// storable leaves out what a database cannot keep and nobody can type.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}
