package slack

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/riverqueue/river"

	"plimsoll/incidents"
	"plimsoll/internal/identity"
)

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
	// Command is what the command about incidents is called where nobody typed it; "/incident" when empty.
	Command string
	// Known returns the roles and grants of subjects as they are now; [Others] are those of whoever is not among the keys. Who has no grants may
	// do what the holder of a token may. Nil knows of none.
	Known func() map[string]identity.Principal
	// ResponseBase is where answers may be sent; Slack's own host when empty. Another one is for tests.
	ResponseBase string
	Client       *http.Client     // one that follows no redirects and gives up after ten seconds when nil
	Logger       *slog.Logger     // slog.Default when nil
	Now          func() time.Time // time.Now when nil; how old a request is
}

// Others is the key of those who are not known by a name of their own.
const Others = "*"

// as returns a context in which a subject does what it asks for. What is refused is in the log.
func (c WorkerConfig) as(ctx context.Context, subject string) context.Context {
	var p identity.Principal
	if c.Known != nil {
		known := c.Known()
		var ok bool
		if p, ok = known[subject]; !ok {
			p = known[Others]
		}
	}
	if p.Subject = subject; len(p.Roles) == 0 {
		p.Roles = []string{identity.Member}
	}
	return identity.Audited(identity.With(ctx, p), func(ctx context.Context, r *identity.Refusal) {
		cmp.Or(c.Logger, slog.Default()).WarnContext(ctx, "refused", "who", r.Who, "action", string(r.Do), "service", r.Place.Service, "environment", r.Place.Environment)
	})
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
	logger, page := cmp.Or(cfg.Logger, slog.Default()), printer{people: people(cfg.Subjects), url: cfg.PublicURL, command: cmp.Or(cfg.Command, defaultCommand)}
	all := []error{
		river.AddWorkerSafely(workers, &worker{WorkerConfig: cfg, respond: r, logger: logger, page: page}),
		river.AddWorkerSafely(workers, &answerWorker{respond: r}),
	}
	if cfg.Bot != nil {
		all = append(all,
			river.AddWorkerSafely(workers, &syncWorker{store: cfg.Store, rooms: cfg.Rooms, bot: cfg.Bot, page: page, announce: cfg.Announce, logger: logger}),
			river.AddWorkerSafely(workers, &eventWorker{as: cfg.as, store: cfg.Store, postmortems: cfg.Postmortems, rooms: cfg.Rooms, pins: cfg.Rooms, bot: cfg.Bot, page: page, logger: logger}),
			river.AddWorkerSafely(workers, &postWorker{rooms: cfg.Rooms, bot: cfg.Bot}))
	}
	return errors.Join(all...)
}
