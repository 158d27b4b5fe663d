package stakeholders

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
	"plimsoll/internal/loops"
)

// DefaultEvery is how often approved messages are looked for.
const DefaultEvery = 2 * time.Second

// jobs inserts durable jobs; a river.Client is one.
type jobs interface {
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Config of a [Runner].
type Config struct {
	Jobs jobs // required
	// Approved returns the incidents with messages that were approved since an instant. Required.
	Approved   func(ctx context.Context, since time.Time) ([]incidents.Incident, error)
	Recipients Recipients
	Every      time.Duration    // DefaultEvery when zero
	Now        func() time.Time // time.Now when nil
	Logger     *slog.Logger     // slog.Default when nil
}

// Runner makes the jobs of approved messages. One process at a time should run it; more do no harm.
type Runner struct{ cfg Config }

// New makes a runner.
func New(cfg Config) (*Runner, error) {
	if cfg.Jobs == nil || cfg.Approved == nil {
		return nil, errors.New("word to stakeholders needs jobs and messages")
	}
	cfg.Every = cmp.Or(cfg.Every, DefaultEvery)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Runner{cfg: cfg}, nil
}

// Run looks for approved messages again and again until ctx is done. What cannot be read is logged and tried again.
func (r *Runner) Run(ctx context.Context) error {
	return loops.Repeat(ctx, r.cfg.Every, r.cfg.Logger, "approved messages not looked for", r.Look)
}

// Look looks for approved messages once and makes a job for each recipient that waits for one.
func (r *Runner) Look(ctx context.Context) error {
	now := r.cfg.Now()
	list, err := r.cfg.Approved(ctx, now.Add(-Fresh))
	if err != nil {
		return fmt.Errorf("list approved messages: %w", err)
	}
	var problems []error
	for _, i := range list {
		for _, m := range i.Messages {
			for _, to := range Waiting(m, r.cfg.Recipients, now) {
				if _, err := r.cfg.Jobs.Insert(ctx, Args{Incident: i.Ref, Message: m.Number, To: to}, nil); err != nil {
					problems = append(problems, fmt.Errorf("send message %d of %s: %w", m.Number, i.Ref, err))
				}
			}
		}
	}
	return errors.Join(problems...)
}
