package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/dialect"
)

// ReviewArgs is the job of reviewing one deployment.
type ReviewArgs struct {
	Delivery     string `json:"delivery" river:"unique"` // of the webhook; the same when GitHub repeats it
	Repository   string `json:"repository"`
	Environment  string `json:"environment"` // as GitHub names it
	Commit       string `json:"commit"`
	Ref          string `json:"ref"`
	Author       string `json:"author"`
	Sender       string `json:"sender"`
	Installation int64  `json:"installation"`
	Callback     string `json:"callback"`
}

// Kind names the job.
func (ReviewArgs) Kind() string { return "github_deployment_review" }

// InsertOpts make a repeated delivery the same job, whatever became of it. Attempts are for errors only: with River's waits, twelve
// span some eleven hours. A deployment that waits uses none.
func (ReviewArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 12, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

const (
	// askTimeout bounds one question to the gate.
	askTimeout = 15 * time.Second
	// patience is how long GitHub lets a deployment wait for its protection rules.
	patience = 30 * 24 * time.Hour
	// DefaultEvery is how often a deployment that waits is looked at.
	DefaultEvery = time.Minute
)

type asked interface {
	// Check decides and records; Preview only decides.
	Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error)
	Preview(ctx context.Context, c gate.Change) (gate.Decision, error)
}

// WorkerConfig of the worker that [AddWorkers] registers.
type WorkerConfig struct {
	Gate    asked           // required
	Client  *Client         // required
	Targets func() *Targets // required
	Every   time.Duration   // between looks at a deployment that waits; DefaultEvery by default
	Now     func() time.Time
	Logger  *slog.Logger // slog.Default when nil
}

// AddWorkers registers the work of this package with a River client that is being set up.
func AddWorkers(workers *river.Workers, cfg WorkerConfig) error {
	if cfg.Gate == nil || cfg.Client == nil || cfg.Targets == nil {
		return errors.New("reviews of deployments need a gate, a client and targets")
	}
	cfg.Every, cfg.Logger = cmp.Or(cfg.Every, DefaultEvery), cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return river.AddWorkerSafely(workers, &worker{WorkerConfig: cfg})
}

type worker struct {
	river.WorkerDefaults[ReviewArgs]
	WorkerConfig
}

// Timeout bounds one look at a deployment: two questions and two requests with a renewed token each.
func (w *worker) Timeout(*river.Job[ReviewArgs]) time.Duration { return 2*askTimeout + 4*callTimeout }

// Work looks at a deployment once.
func (w *worker) Work(ctx context.Context, job *river.Job[ReviewArgs]) error {
	if w.Now().Sub(job.CreatedAt) > patience {
		return river.JobCancel(fmt.Errorf("%s of %s has waited for longer than GitHub lets it", job.Args.Environment, job.Args.Repository))
	}
	p := progressOf(job.JobRow)
	d, onDeny, err := w.decide(ctx, job.Args, p)
	if input := (*gate.InputError)(nil); errors.As(err, &input) {
		d, err = invalid(job.Args, input), nil
	}
	if err != nil {
		return err
	}
	r, verdict := reviewOf(job.Args, d, onDeny)
	if verdict {
		return outcome(w.Client.review(ctx, job.Args, r))
	}
	if next, say := p.report(d); say {
		if err := w.Client.review(ctx, job.Args, r); err != nil {
			return outcome(err)
		}
		if err := river.RecordOutput(ctx, next); err != nil {
			return fmt.Errorf("record progress: %w", err)
		}
	}
	return river.JobSnooze(w.Every)
}

// decide asks the gate. What waits already is only looked at until the answer may be another one.
func (w *worker) decide(ctx context.Context, a ReviewArgs, p progress) (gate.Decision, OnDeny, error) {
	target, known, ok := w.Targets().find(a.Repository, a.Environment)
	if !ok {
		return untargeted(a, known), Wait, nil
	}
	c := target.change(a)
	if p.Reports > 0 {
		d, err := dialect.Ask(ctx, askTimeout, w.Logger, c, w.Gate.Preview)
		if err != nil {
			return gate.Decision{}, "", err
		}
		if _, verdict := reviewOf(a, d, target.OnDeny); !verdict {
			return d, target.OnDeny, nil
		}
	}
	d, err := dialect.Ask(ctx, askTimeout, w.Logger, c, func(ctx context.Context, c gate.Change) (gate.Decision, error) {
		return w.Gate.Check(ctx, "github:"+a.Sender, c)
	})
	return d, target.OnDeny, err
}

// outcome tells River what an error of a review means.
func outcome(err error) error {
	var later *Later
	switch {
	case errors.As(err, &later):
		return river.JobSnooze(later.After)
	case errors.Is(err, ErrSettled), errors.Is(err, ErrCallback):
		return river.JobCancel(err)
	default:
		return err
	}
}

// progress is what a deployment that waits has been told, kept as the output of its job.
type progress struct {
	Reports int    `json:"reports"`
	Said    string `json:"said"` // why it waits
}

// maxReports is one less than how many reports GitHub takes of a deployment.
const maxReports = 9

func progressOf(job *rivertype.JobRow) progress {
	var p progress
	_ = json.Unmarshal(job.Output(), &p) // where there is none, nothing has been said
	return p
}

// report says whether a deployment that waits is told why: when it begins to, and when the reason is another one. Figures alone, which
// change by the minute, are not worth one of the few reports that there are.
func (p progress) report(d gate.Decision) (progress, bool) {
	said := string(d.Outcome) + " " + string(d.Reason)
	if said == p.Said || p.Reports >= maxReports {
		return p, false
	}
	return progress{p.Reports + 1, said}, true
}
