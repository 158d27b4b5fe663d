package stakeholders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
)

// Args is the job of sending one message to one recipient.
type Args struct {
	Incident incidents.Ref `json:"incident" river:"unique"`
	Message  int           `json:"message" river:"unique"`
	To       string        `json:"to" river:"unique"`
}

// Kind names the job.
func (Args) Kind() string { return "stakeholder_message" }

// InsertOpts make a message go to a recipient once. With River's waits ten attempts span some four hours; what has not arrived
// by then has been overtaken by the next message.
func (Args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 10, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// store keeps the incidents.
type store interface {
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error)
	Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
}

// WorkerConfig of the worker that [AddWorkers] registers.
type WorkerConfig struct {
	Store      store // required
	Recipients Recipients
	// Outcome says what an error of a recipient means: after how long to try again (0: as usual), or that it is no use. Required.
	Outcome func(error) (after time.Duration, again bool)
	Now     func() time.Time // time.Now when nil
}

// AddWorkers registers the work of this package with a River client that is being set up.
func AddWorkers(workers *river.Workers, cfg WorkerConfig) error {
	if cfg.Store == nil || cfg.Outcome == nil {
		return errors.New("word to stakeholders needs a store of incidents and a meaning of errors")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return river.AddWorkerSafely(workers, &worker{cfg: cfg})
}

type worker struct {
	river.WorkerDefaults[Args]
	cfg WorkerConfig
}

// Timeout bounds one attempt.
func (w *worker) Timeout(*river.Job[Args]) time.Duration { return 30 * time.Second }

// Work sends a message to a recipient and records what became of it.
func (w *worker) Work(ctx context.Context, job *river.Job[Args]) error {
	a := job.Args
	i, err := w.cfg.Store.Get(ctx, incidents.Viewer{System: true}, a.Incident)
	if err != nil {
		return fmt.Errorf("read %s: %w", a.Incident, err)
	}
	n := slices.IndexFunc(i.Messages, func(m incidents.Message) bool { return m.Number == a.Message })
	if n < 0 {
		return river.JobCancel(fmt.Errorf("%s has no message %d", a.Incident, a.Message))
	}
	if recorded(i.Messages[n], a.To) {
		return nil
	}
	if stale(i.Messages[n], w.cfg.Now()) { // a recipient asked for patience too long, or no process ran
		return w.giveUp(ctx, a, fmt.Errorf("it was approved more than %.0f hours ago, and old news reads as if it were new", Fresh.Hours()))
	}
	r, known := w.cfg.Recipients.find(i.Messages[n].Audience, a.To)
	if !known {
		return w.giveUp(ctx, a, errors.New("it is not configured as a recipient any more"))
	}
	err = r.Send(ctx, wordOf(i, i.Messages[n]))
	if err == nil {
		return w.record(ctx, a, "")
	}
	switch after, again := w.cfg.Outcome(err); {
	case !again || job.Attempt >= job.MaxAttempts:
		return w.giveUp(ctx, a, err)
	case after > 0:
		return river.JobSnooze(after)
	default:
		return err
	}
}

// giveUp records why a message did not arrive and ends its job.
func (w *worker) giveUp(ctx context.Context, a Args, why error) error {
	if err := w.record(ctx, a, why.Error()); err != nil {
		return err
	}
	return river.JobCancel(why)
}

func (w *worker) record(ctx context.Context, a Args, failure string) error {
	by := incidents.Caller{Subject: "plimsoll", System: true, RequestID: fmt.Sprintf("stakeholders/%s/%d/%s", a.Incident, a.Message, a.To)}
	sent := incidents.RecordSent{Number: a.Message, Deliveries: []incidents.Delivery{{To: a.To, Error: failure}}}
	if _, _, err := w.cfg.Store.Do(ctx, a.Incident, sent, by); err != nil {
		return fmt.Errorf("record the delivery to %s: %w", a.To, err)
	}
	return nil
}
