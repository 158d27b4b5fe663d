package gitlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"plimsoll/slo/gate"
)

// DefaultEvery is how often projects are brought in step.
const DefaultEvery = 30 * time.Second

// notes remember which periods are ours; [plimsoll/slo/gate/gitlab/postgres.Store] does.
type notes interface {
	Ours(ctx context.Context) (map[string][]Period, error)
	Note(ctx context.Context, project string, p Period) error
	Forget(ctx context.Context, project string, p Period) error
}

// Config of a Syncer.
type Config struct {
	Client   *Client                                         // required
	Notes    notes                                           // required
	Freezes  func(ctx context.Context) ([]gate.State, error) // required
	Projects func() []Project                                // required; may return others after a reload
	Every    time.Duration                                   // DefaultEvery by default
	Now      func() time.Time                                // time.Now by default
	Logger   *slog.Logger                                    // slog.Default by default
}

// Syncer brings freeze periods in step with freezes. Only one may run at a time.
type Syncer struct{ cfg Config }

// New makes a syncer. It starts nothing.
func New(cfg Config) (*Syncer, error) {
	if cfg.Client == nil || cfg.Notes == nil || cfg.Freezes == nil || cfg.Projects == nil {
		return nil, errors.New("freeze periods of GitLab need a client, notes, freezes and projects")
	}
	cfg.Every, cfg.Logger = cmp.Or(cfg.Every, DefaultEvery), cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Syncer{cfg}, nil
}

// Run brings all projects in step again and again until ctx is done. What goes wrong is logged, and tried again in the next round or
// when GitLab wants it to be.
func (s *Syncer) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		wait := s.cfg.Every
		if err := s.Sync(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Logger.WarnContext(ctx, "freeze periods of GitLab are not in step", "err", err)
			if later := (*Later)(nil); errors.As(err, &later) {
				wait = max(wait, later.After)
			}
		}
		timer.Reset(wait)
	}
}

// Sync brings all projects in step once. A project that fails does not keep the others from it.
func (s *Syncer) Sync(ctx context.Context) error {
	freezes, err := s.cfg.Freezes(ctx)
	if err != nil {
		return fmt.Errorf("read freezes: %w", err)
	}
	ours, err := s.cfg.Notes.Ours(ctx)
	if err != nil {
		return fmt.Errorf("read notes of freeze periods: %w", err)
	}
	at := s.cfg.Now()
	wanted := map[string][]Period{}
	for project := range ours {
		wanted[project] = nil // also of a project that is no longer configured
	}
	for _, p := range s.cfg.Projects() {
		wanted[p.Project] = append(wanted[p.Project], Wanted(p, freezes, at)...)
	}
	var problems []error
	for _, project := range slices.Sorted(maps.Keys(wanted)) {
		problems = append(problems, s.project(ctx, project, wanted[project], ours[project]))
	}
	return errors.Join(problems...)
}

func (s *Syncer) project(ctx context.Context, project string, wanted, ours []Period) error {
	if len(wanted) == 0 && len(ours) == 0 {
		return nil // nothing to do, and nothing to ask GitLab for
	}
	listed, err := s.cfg.Client.List(ctx, project)
	if err != nil {
		return err
	}
	steps := Plan(wanted, ours, listed)
	for _, p := range steps.Note {
		if err := s.cfg.Notes.Note(ctx, project, p); err != nil {
			return fmt.Errorf("note freeze period of %s: %w", project, err)
		}
	}
	for _, p := range steps.Create {
		if err := s.cfg.Client.Create(ctx, project, p); err != nil {
			return err
		}
	}
	for _, l := range steps.Delete {
		if err := s.cfg.Client.Delete(ctx, project, l.ID); err != nil {
			return err
		}
	}
	for _, p := range steps.Forget {
		if err := s.cfg.Notes.Forget(ctx, project, p); err != nil {
			return fmt.Errorf("forget freeze period of %s: %w", project, err)
		}
	}
	return nil
}
