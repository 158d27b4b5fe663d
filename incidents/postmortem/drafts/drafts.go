package drafts

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
	"plimsoll/internal/loops"
)

// DefaultEvery is how often the incidents are looked at.
const DefaultEvery = 10 * time.Second

// most is how many of the latest incidents are looked at. A draft that fell out of them is begun by hand.
const most = 500

// incidentStore knows the incidents.
type incidentStore interface {
	List(ctx context.Context, v incidents.Viewer, f incidents.Filter) ([]incidents.Incident, error)
}

// postmortemStore keeps the postmortems.
type postmortemStore interface {
	Due(ctx context.Context, list []incidents.Incident) ([]incidents.Ref, error)
	Begin(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error)
	Refresh(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error)
}

// jobs inserts durable jobs; a river.Client is one.
type jobs interface {
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Args of the job that drafts one postmortem.
type Args struct {
	Incident incidents.Ref `json:"incident"`
	// Changed is the change of the incident that the draft is to tell of: one job for each.
	Changed time.Time `json:"changed"`
}

// Kind is how River knows the job.
func (Args) Kind() string { return "postmortem_draft" }

// InsertOpts let the job be made once.
func (Args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// Config of a [Runner].
type Config struct {
	Incidents   incidentStore   // required
	Postmortems postmortemStore // required
	Jobs        jobs            // required
	Every       time.Duration   // DefaultEvery when zero
	Logger      *slog.Logger    // slog.Default when nil
}

// Runner finds what is to be drafted. One process at a time should run it; more do no harm.
type Runner struct{ cfg Config }

// New makes a runner.
func New(cfg Config) (*Runner, error) {
	if cfg.Incidents == nil || cfg.Postmortems == nil || cfg.Jobs == nil {
		return nil, errors.New("drafts need incidents, postmortems and jobs")
	}
	cfg.Every, cfg.Logger = cmp.Or(cfg.Every, DefaultEvery), cmp.Or(cfg.Logger, slog.Default())
	return &Runner{cfg}, nil
}

// Run looks again and again until ctx is done. What goes wrong is logged and tried again.
func (r *Runner) Run(ctx context.Context) error {
	return loops.Repeat(ctx, r.cfg.Every, r.cfg.Logger, "drafts not looked for", r.Look)
}

// Look makes a job for each postmortem that is to be drafted.
func (r *Runner) Look(ctx context.Context) error {
	over, err := r.cfg.Incidents.List(ctx, incidents.Viewer{System: true}, incidents.Filter{
		States: []incidents.State{incidents.Mitigated, incidents.Resolved, incidents.Closed}, Limit: most,
	})
	if err != nil {
		return fmt.Errorf("list incidents that are over: %w", err)
	}
	due, err := r.cfg.Postmortems.Due(ctx, over)
	if err != nil {
		return err
	}
	changed := map[incidents.Ref]time.Time{}
	for _, i := range over {
		changed[i.Ref] = i.Changed
	}
	var problems []error
	for _, ref := range due {
		if _, err := r.cfg.Jobs.Insert(ctx, Args{Incident: ref, Changed: changed[ref]}, nil); err != nil {
			problems = append(problems, fmt.Errorf("make the job that drafts the postmortem of %s: %w", ref, err))
		}
	}
	return errors.Join(problems...)
}

// author signs what no person did.
const author = "Plimsoll"

// Worker drafts postmortems.
type Worker struct {
	river.WorkerDefaults[Args]
	Postmortems postmortemStore
}

// Work begins the postmortem, or takes the facts of a draft again.
func (w *Worker) Work(ctx context.Context, job *river.Job[Args]) error {
	by := incidents.Caller{Subject: author, System: true}
	r, err := w.Postmortems.Begin(ctx, job.Args.Incident, by)
	if err == nil && r.State == postmortem.Draft && job.Args.Changed.After(r.Facts.At) {
		_, err = w.Postmortems.Refresh(ctx, job.Args.Incident, by)
	}
	var state *postmortem.StateError
	switch {
	case errors.As(err, &state): // it was submitted in between
		return nil
	case errors.Is(err, postmortem.ErrNoIncident): // and so it was cancelled or merged
		return river.JobCancel(err)
	default:
		return err
	}
}
