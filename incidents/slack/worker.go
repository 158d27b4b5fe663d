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
)

// CommandArgs is the job of one slash command.
type CommandArgs struct {
	RequestID   string    `json:"requestId" river:"unique"`
	Command     string    `json:"command"` // as it is named in this workspace, such as /incident
	Text        string    `json:"text"`
	UserID      string    `json:"userId"`
	TeamID      string    `json:"teamId"`
	ResponseURL string    `json:"responseUrl"`
	ReceivedAt  time.Time `json:"receivedAt"`
}

// Kind names the job.
func (CommandArgs) Kind() string { return "slack_incident_command" }

// InsertOpts make a request that comes again the same job, whatever became of it. The attempts fill most of the thirty
// minutes for which Slack takes an answer.
func (CommandArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 6, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// store keeps the incidents.
type store interface {
	Declare(ctx context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Request(ctx context.Context, id string) (incidents.Incident, []incidents.TimelineEntry, bool, error)
	Get(ctx context.Context, ref incidents.Ref) (incidents.Incident, error)
	Timeline(ctx context.Context, ref incidents.Ref) ([]incidents.TimelineEntry, error)
	Open(ctx context.Context, service string) ([]incidents.Incident, error)
}

// WorkerConfig of the worker that [AddWorkers] registers.
type WorkerConfig struct {
	Store store // required
	// PublicURL is where people reach the pages, for links; empty for none.
	PublicURL string
	// Subjects maps Slack user IDs to the subjects by which the API and the pages know the same people.
	// Anybody else is "slack:" and the ID.
	Subjects map[string]string
	// ResponseBase is where answers may be sent; Slack's own host when empty. Another one is for tests.
	ResponseBase string
	Client       *http.Client // one that follows no redirects and gives up after ten seconds when nil
	Logger       *slog.Logger // slog.Default when nil
}

// AddWorkers registers the work of this package with a River client that is being set up.
func AddWorkers(workers *river.Workers, cfg WorkerConfig) error {
	if cfg.Store == nil {
		return errors.New("slash commands need a store of incidents")
	}
	r, err := newResponder(cmp.Or(cfg.ResponseBase, "https://hooks.slack.com"), cfg.Client)
	if err != nil {
		return err
	}
	return river.AddWorkerSafely(workers, &worker{
		store: cfg.Store, respond: r, logger: cmp.Or(cfg.Logger, slog.Default()), people: people(cfg.Subjects), url: cfg.PublicURL,
	})
}

type worker struct {
	river.WorkerDefaults[CommandArgs]
	store   store
	respond *responder
	logger  *slog.Logger
	people  people
	url     string
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
		return errors.Join(err, w.respond.send(ctx, job.Args.ResponseURL, m))
	}
	return w.respond.send(ctx, job.Args.ResponseURL, m)
}

// answer runs the command, unless it ran before, and says what came of it. What the person can put right is an answer;
// an error is what may go away by itself.
func (w *worker) answer(ctx context.Context, args CommandArgs) (message, error) {
	page := printer{people: w.people, url: w.url, command: cmp.Or(args.Command, "/incident")}
	i, made, ran, err := w.store.Request(ctx, args.RequestID)
	if err != nil {
		return message{}, err
	}
	if ran {
		return page.changed(i, made), nil
	}
	inv, err := parse(args.Text, setting{at: args.ReceivedAt, who: w.people.subject})
	if err != nil {
		return page.refused(err), nil
	}
	m, err := w.run(ctx, page, inv, incidents.Caller{Subject: w.people.subject(args.UserID), RequestID: args.RequestID})
	if err != nil && correctable(err) {
		return page.refused(err), nil
	}
	return m, err
}

func (w *worker) run(ctx context.Context, page printer, inv invocation, by incidents.Caller) (message, error) {
	switch inv.verb.name {
	case "help":
		return page.help(), nil
	case "list":
		open, err := w.store.Open(ctx, "")
		return page.list(open), err
	case "new":
		return changed(page)(w.store.Declare(ctx, inv.cmd.(incidents.Declare), by))
	}
	ref, err := w.refOf(ctx, inv)
	if err != nil {
		return message{}, err
	}
	if inv.cmd == nil {
		i, err := w.store.Get(ctx, ref)
		if err != nil {
			return message{}, err
		}
		timeline, err := w.store.Timeline(ctx, ref)
		return page.status(i, timeline), err
	}
	return changed(page)(w.store.Do(ctx, ref, inv.cmd, by))
}

func changed(page printer) func(incidents.Incident, []incidents.TimelineEntry, error) (message, error) {
	return func(i incidents.Incident, made []incidents.TimelineEntry, err error) (message, error) {
		if err != nil {
			return message{}, err
		}
		return page.changed(i, made), nil
	}
}

// errWhich is a command that does not say which of several incidents it is for, or is for none.
var errWhich = errors.New("it is not clear which incident is meant")

// refOf returns the incident that is named, or else the only one that is open.
func (w *worker) refOf(ctx context.Context, inv invocation) (incidents.Ref, error) {
	if inv.ref != 0 {
		return inv.ref, nil
	}
	open, err := w.store.Open(ctx, "")
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

// correctable reports whether the person who gave the command can put it right.
func correctable(err error) bool {
	var input *incidents.InputError
	var state *incidents.StateError
	return errors.As(err, &input) || errors.As(err, &state) || errors.Is(err, incidents.ErrNotFound) ||
		errors.Is(err, incidents.ErrNobody) || errors.Is(err, errWhich)
}

// people maps Slack user IDs to subjects.
type people map[string]string

const subjectPrefix = "slack:"

func (p people) subject(userID string) string {
	if s, ok := p[userID]; ok {
		return s
	}
	if userID == "" {
		return ""
	}
	return subjectPrefix + userID
}
