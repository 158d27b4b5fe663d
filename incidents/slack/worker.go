package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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

// store keeps the incidents.
type store interface {
	Declare(ctx context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Amend(ctx context.Context, ref incidents.Ref, number int, text string, by incidents.Caller) (incidents.TimelineEntry, error)
	Request(ctx context.Context, v incidents.Viewer, id string) (incidents.Incident, []incidents.TimelineEntry, bool, error)
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error)
	Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error)
	Open(ctx context.Context, v incidents.Viewer, service string) ([]incidents.Incident, error)
}

// roomStore keeps rooms and the messages that are pinned in them.
type roomStore interface {
	rooms
	pins
}

// WorkerConfig of the workers that [AddWorkers] registers.
type WorkerConfig struct {
	Store       store       // required
	Postmortems postmortems // without it nothing of postmortems can be asked
	Gate        gatekeeper  // without it nothing of the gate can be asked
	// Bot and Rooms go together: with them each incident gets a channel. Without them commands are answered and that is all.
	Bot   *Bot
	Rooms roomStore
	// Announce is the ID of a channel where every incident that is not private has a card; empty for none. The bot has to be in it.
	Announce string
	// PublicURL is where people reach the pages, for links; empty for none.
	PublicURL string
	// Subjects maps Slack user IDs to the subjects by which the API and the pages know the same people.
	// Anybody else is "slack:" and the ID.
	Subjects map[string]string
	// ResponseBase is where answers may be sent; Slack's own host when empty. Another one is for tests.
	ResponseBase string
	Client       *http.Client     // one that follows no redirects and gives up after ten seconds when nil
	Logger       *slog.Logger     // slog.Default when nil
	Now          func() time.Time // time.Now when nil; how old a request is
}

// AddWorkers registers the work of this package with a River client that is being set up.
func AddWorkers(workers *river.Workers, cfg WorkerConfig) error {
	if cfg.Store == nil {
		return errors.New("slash commands need a store of incidents")
	}
	if (cfg.Bot == nil) != (cfg.Rooms == nil) {
		return errors.New("channels of incidents need both a bot and a store of rooms")
	}
	r, err := newResponder(cmp.Or(cfg.ResponseBase, "https://hooks.slack.com"), cfg.Client)
	if err != nil {
		return err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	logger, page := cmp.Or(cfg.Logger, slog.Default()), printer{people: people(cfg.Subjects), url: cfg.PublicURL, command: defaultCommand}
	all := []error{
		river.AddWorkerSafely(workers, &worker{WorkerConfig: cfg, respond: r, logger: logger, page: page}),
		river.AddWorkerSafely(workers, &answerWorker{respond: r}),
	}
	if cfg.Bot != nil {
		all = append(all,
			river.AddWorkerSafely(workers, &syncWorker{store: cfg.Store, rooms: cfg.Rooms, bot: cfg.Bot, page: page, announce: cfg.Announce, logger: logger}),
			river.AddWorkerSafely(workers, &eventWorker{store: cfg.Store, postmortems: cfg.Postmortems, rooms: cfg.Rooms, pins: cfg.Rooms, bot: cfg.Bot, page: page, logger: logger}),
			river.AddWorkerSafely(workers, &postWorker{rooms: cfg.Rooms, bot: cfg.Bot}))
	}
	return errors.Join(all...)
}

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
	m, err := w.answer(ctx, job.Args, job.Attempt > 1)
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
func (w *worker) answer(ctx context.Context, args CommandArgs, again bool) (message, error) {
	page := w.page
	page.command = cmp.Or(args.Command, defaultCommand)
	by := incidents.Caller{Subject: page.people.subject(args.UserID), RequestID: args.RequestID}
	var m message
	var err error
	if args.Gate {
		m, err = w.gate(ctx, page, args, again)
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
		if _, err := propose(ctx, w.Postmortems, i, by.Subject); err != nil && !correctable(err) {
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

// errWhich is a command that does not say which of several incidents it is for, or is for none.
var errWhich = errors.New("it is not clear which incident is meant")

// refOf returns the incident that is named, or the one whose room it is, or else the only one that is open. Whoever may not see
// the incident of a room is told what they would be told elsewhere.
func (w *worker) refOf(ctx context.Context, inv invocation, channel string, v incidents.Viewer) (incidents.Ref, error) {
	if inv.ref != 0 {
		return inv.ref, nil
	}
	if w.Rooms != nil && channel != "" {
		ref, err := w.Rooms.Incident(ctx, channel)
		if err != nil {
			return 0, err
		}
		if ref != 0 {
			if _, err := w.Store.Get(ctx, v, ref); err == nil || !errors.Is(err, incidents.ErrNotFound) {
				return ref, err
			}
		}
	}
	open, err := w.Store.Open(ctx, v, "")
	if err != nil {
		return 0, err
	}
	switch len(open) {
	case 0:
		return 0, fmt.Errorf("%w: none is open; name one, such as INC-7 %s", errWhich, inv.verb.name)
	case 1:
		return open[0].Ref, nil
	}
	names := ""
	for n, i := range open {
		if n == 8 {
			names += fmt.Sprintf(" and %d more", len(open)-n)
			break
		}
		if n > 0 {
			names += ", "
		}
		names += i.Ref.String()
	}
	return 0, fmt.Errorf("%w: %s are open; name one, such as %s %s", errWhich, names, open[0].Ref, inv.verb.name)
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
