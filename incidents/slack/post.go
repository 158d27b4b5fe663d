package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
)

// Poster puts messages of other rooms into channels, such as reminders. It returns when the message is a durable job.
type Poster struct{ jobs jobs }

// NewPoster returns a poster over a queue of jobs.
func NewPoster(jobs jobs) (*Poster, error) {
	if jobs == nil {
		return nil, errors.New("posting to Slack needs a queue of jobs")
	}
	return &Poster{jobs}, nil
}

// PostToIncident posts a text in plain words into the channel of an incident. The same text about the same incident is
// posted once a minute at most, however often it is asked for. An incident that was there before Slack was connected gets its channel by it.
func (p *Poster) PostToIncident(ctx context.Context, ref incidents.Ref, text string) error {
	if _, err := p.jobs.Insert(ctx, SyncArgs{Incident: ref}, nil); err != nil {
		return fmt.Errorf("keep that an incident needs a channel: %w", err)
	}
	sum := sha256.Sum256([]byte(text))
	return p.insert(ctx, PostArgs{Key: fmt.Sprintf("%s/%s", ref, hex.EncodeToString(sum[:8])), Incident: ref, Text: text}, time.Minute)
}

// PostToChannel posts a text in plain words into a channel, once for a key. The channel is named by its ID.
func (p *Poster) PostToChannel(ctx context.Context, key, channel, text string) error {
	return p.insert(ctx, PostArgs{Key: key, Channel: channel, Text: text}, 0)
}

func (p *Poster) insert(ctx context.Context, args PostArgs, period time.Duration) error {
	_, err := p.jobs.Insert(ctx, args, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: period, ByState: rivertype.JobStates()}})
	if err != nil {
		return fmt.Errorf("keep a message to Slack: %w", err)
	}
	return nil
}

// PostArgs is the job of one message: into the room of an incident, into a channel, or to one person.
type PostArgs struct {
	Key      string        `json:"key" river:"unique"`
	Incident incidents.Ref `json:"incident,omitzero"`
	Channel  string        `json:"channel,omitempty"`
	Text     string        `json:"text"`
}

// Kind names the job.
func (PostArgs) Kind() string { return "slack_post" }

// InsertOpts bound the attempts: River's waits between so many span half a day.
func (PostArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 12} }

type postWorker struct {
	river.WorkerDefaults[PostArgs]
	rooms rooms
	bot   *Bot
}

// Timeout bounds one attempt.
func (w *postWorker) Timeout(*river.Job[PostArgs]) time.Duration { return 30 * time.Second }

// A room that is not made yet is looked for again after roomSoon, until the message is older than roomWithin.
const (
	roomSoon   = 2 * time.Second
	roomWithin = 24 * time.Hour
)

// Work posts the message, unless an attempt that never heard an answer came through.
func (w *postWorker) Work(ctx context.Context, job *river.Job[PostArgs]) error {
	channel := job.Args.Channel
	if channel == "" {
		room, err := w.rooms.Of(ctx, job.Args.Incident)
		if err != nil {
			return err
		}
		switch channel = room.Channel; {
		case channel == "" && time.Since(job.CreatedAt) > roomWithin:
			return river.JobCancel(fmt.Errorf("post a message: %s has no channel after a day", job.Args.Incident))
		case channel == "":
			return river.JobSnooze(roomSoon)
		}
	}
	key := fmt.Sprintf("job/%d", job.ID)
	if job.Attempt > 1 {
		if ts, err := w.bot.posted(ctx, channel, key); err != nil || ts != "" {
			return fate(err)
		}
	}
	_, err := w.bot.post(ctx, channel, key, message{Text: escaper.Replace(job.Args.Text)})
	return fate(err)
}
