package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// Names of the commands in a workspace that does not choose others.
const (
	defaultCommand     = "/incident"
	defaultGateCommand = "/gate"
)

// CommandArgs is the job of one command, whether it was typed, filled into a modal or pressed as a button.
type CommandArgs struct {
	RequestID   string            `json:"requestId" river:"unique"`
	Command     string            `json:"command"`          // as it is named in this workspace, such as /incident
	Gate        bool              `json:"gate,omitempty"`   // it is about the gate
	Text        string            `json:"text"`             // the verb alone, with Fields
	Fields      map[string]string `json:"fields,omitempty"` // of a modal
	Incident    incidents.Ref     `json:"incident,omitzero"`
	UserID      string            `json:"userId"`
	TeamID      string            `json:"teamId"`
	Channel     string            `json:"channel,omitempty"`
	ResponseURL string            `json:"responseUrl"`
	ReceivedAt  time.Time         `json:"receivedAt"`
}

// Kind names the job.
func (CommandArgs) Kind() string { return "slack_incident_command" }

// InsertOpts make a request that comes again the same job, whatever became of it. River's waits between the attempts span half a
// day; once the thirty minutes are over for which Slack takes an answer, the person is written to.
func (CommandArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 12, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// AnswerArgs is the job of an answer alone.
type AnswerArgs struct {
	ID          string `json:"id" river:"unique"`
	ResponseURL string `json:"responseUrl"`
	Text        string `json:"text"`
}

// Kind names the job.
func (AnswerArgs) Kind() string { return "slack_answer" }

// InsertOpts bound the attempts by the life of a response_url.
func (AnswerArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 6} }

type answerWorker struct {
	river.WorkerDefaults[AnswerArgs]
	respond *responder
}

// Work sends the answer.
func (w *answerWorker) Work(ctx context.Context, job *river.Job[AnswerArgs]) error {
	return fate(w.respond.send(ctx, job.Args.ResponseURL, quiet(job.Args.Text)))
}

type worker struct {
	river.WorkerDefaults[CommandArgs]
	WorkerConfig
	respond *responder
	logger  *slog.Logger
	page    printer
}

// Timeout bounds one attempt.
func (w *worker) Timeout(*river.Job[CommandArgs]) time.Duration { return 30 * time.Second }

// Work runs the command and sends the answer.
func (w *worker) Work(ctx context.Context, job *river.Job[CommandArgs]) error {
	m, err := w.answer(ctx, job.Args)
	if err != nil {
		if job.Attempt < job.MaxAttempts {
			return err
		}
		w.logger.ErrorContext(ctx, "gave up on a slash command", "request", job.Args.RequestID, "err", err)
		m = quiet("Nothing was done: Plimsoll tried several times and could not. Its log says why.")
		return errors.Join(err, w.tell(ctx, job.Args, job.Attempt, m))
	}
	if m.Text == "" {
		return nil
	}
	return fate(w.tell(ctx, job.Args, job.Attempt, m))
}

// urlFor is how long Slack takes answers at a response_url, less a minute for clocks.
const urlFor = 29 * time.Minute

// tell sends an answer to where Slack wants it. If that is over, or there is no such place, it writes to the person alone: what was
// asked in a channel long ago is out of its context there.
func (w *worker) tell(ctx context.Context, args CommandArgs, attempt int, m message) error {
	if args.ResponseURL != "" && w.Now().Sub(args.ReceivedAt) < urlFor {
		err := w.respond.send(ctx, args.ResponseURL, m)
		if w.Bot == nil || !refusedWith(err, codeURLOver) {
			return err
		}
	}
	if w.Bot == nil {
		return fmt.Errorf("answer slash command: %w", &refusal{codeURLOver})
	}
	dm, _, _, err := w.Bot.api.OpenConversationContext(ctx, withUser(args.UserID))
	if err != nil {
		return called("open a conversation", err)
	}
	if attempt > 1 {
		if ts, err := w.Bot.posted(ctx, dm.ID, args.RequestID); err != nil || ts != "" {
			return err
		}
	}
	asked := "You asked: `" + args.Command + " " + escaper.Replace(plain(args.Text, w.page.people.subject)) + "`\n"
	_, err = w.Bot.post(ctx, dm.ID, args.RequestID, message{Text: asked + m.Text})
	return err
}

// answer runs the command, unless it ran before, and says what came of it. What the person can put right is an answer;
// an error is what may go away by itself.
func (w *worker) answer(ctx context.Context, args CommandArgs) (message, error) {
	page := w.page
	page.command = cmp.Or(args.Command, page.command)
	by := incidents.Caller{Subject: page.people.subject(args.UserID), RequestID: args.RequestID}
	ctx = w.as(ctx, by.Subject)
	var m message
	var err error
	if args.Gate {
		m, err = w.gate(ctx, page, args)
	} else {
		m, err = w.incident(ctx, page, args, by)
	}
	if err != nil && correctable(err) {
		return page.refused(err), nil
	}
	return m, err
}

func (w *worker) incident(ctx context.Context, page printer, args CommandArgs, by incidents.Caller) (message, error) {
	i, made, ran, err := w.Store.Request(ctx, by.Viewer(), args.RequestID)
	if err != nil {
		return message{}, err
	}
	if ran {
		return w.done(ctx, page, args, i, made, by)
	}
	inv, err := w.asked(args)
	if err != nil {
		return message{}, err
	}
	if inv.verb.name == "help" {
		return page.help(), nil
	}
	if inv.verb.name == "list" {
		open, err := w.Store.Open(ctx, by.Viewer(), "")
		return page.list(open), err
	}
	if d, ok := inv.req.(incidents.Declare); ok {
		if i, made, err = w.Store.Declare(ctx, d, by); err != nil {
			return message{}, err
		}
		return w.done(ctx, page, args, i, made, by)
	}
	if m, err := w.item(ctx, page, inv.req, by); m.Text != "" || err != nil {
		return m, err
	}
	ref, err := w.refOf(ctx, inv, args.Channel, by.Viewer())
	if err != nil {
		return message{}, err
	}
	switch r := inv.req.(type) {
	case incidents.Command:
		if i, made, err = w.Store.Do(ctx, ref, r, by); err != nil {
			return message{}, err
		}
		return w.done(ctx, page, args, i, made, by)
	case beginPostmortem, postmortem.AddItem:
		return w.postmortem(ctx, page, ref, r, by)
	}
	if i, err = w.Store.Get(ctx, by.Viewer(), ref); err != nil {
		return message{}, err
	}
	timeline, err := w.Store.Timeline(ctx, by.Viewer(), ref)
	return page.status(i, timeline), err
}

// asked reads what was typed, or what was filled into a modal.
func (w *worker) asked(args CommandArgs) (invocation, error) {
	c := setting{at: args.ReceivedAt, who: w.page.people.subject}
	if args.Fields == nil {
		return parse(args.Text, c)
	}
	v, _ := find(args.Text, "")
	if v == nil || v.form == nil {
		return invocation{}, &usageError{problem: fmt.Sprintf("There is no form %q.", args.Text)}
	}
	req, err := v.read(args.Fields, c)
	return invocation{ref: args.Incident, verb: v, req: req}, err
}

// done says what was done. In the room of the incident everybody reads that on its timeline, so only what comes next is said, to
// the person who asked; and what is private is said to nobody else anywhere.
func (w *worker) done(ctx context.Context, page printer, args CommandArgs, i incidents.Incident, made []incidents.TimelineEntry, by incidents.Caller) (message, error) {
	if len(made) > 0 && made[0].Kind == incidents.KindFollowUp {
		if err := followUp(ctx, w.Postmortems, i.Ref, by); err != nil {
			return message{}, err
		}
	}
	var room Room
	if w.Rooms != nil {
		var err error
		if room, err = w.Rooms.Of(ctx, i.Ref); err != nil {
			return message{}, err
		}
	}
	switch {
	case room.Channel != "" && room.Channel == args.Channel && len(made) > 0:
		return page.hints(i, made[len(made)-1]), nil
	case i.Private:
		m := page.changed(i, made)
		return quiet(m.Text), nil
	}
	return page.changed(i, made), nil
}

// sound reports what is wrong with a request whatever it is about, for a modal that is still open. The incident or the item
// stands for any that the request could be for.
func sound(req request, at time.Time, by string) (err error) {
	switch r := req.(type) {
	case incidents.Declare:
		_, _, err = incidents.Apply(incidents.Incident{Ref: 1}, r, at, by)
	case postmortem.CloseItem:
		item := postmortem.ActionItem{ID: r.ID, State: postmortem.ItemOpen}
		_, _, err = postmortem.Apply(postmortem.Record{State: postmortem.Draft, Items: []postmortem.ActionItem{item}}, r, at, by)
	}
	return err
}
