package web

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"log/slog"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/alerts"
	"plimsoll/incidents"
	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// ledger is where the numbers come from.
type ledger interface {
	Statuses(at time.Time) []slo.Status
	Status(key slo.Key, at time.Time) (slo.Status, bool)
	ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool)
	Forecast(key slo.Key, at time.Time, use slo.Use) (slo.Forecast, bool)
	Children(parent slo.Key) []*slo.Objective
	Objectives() []*slo.Objective
}

// incidentStore is where incidents are kept. What a viewer may not see does not exist for them: [incidents.ErrNotFound].
// [plimsoll/incidents/postgres.Store] is one.
type incidentStore interface {
	incidentReader
	Declare(ctx context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Amend(ctx context.Context, ref incidents.Ref, number int, text string, by incidents.Caller) (incidents.TimelineEntry, error)
}

type incidentReader interface {
	List(ctx context.Context, v incidents.Viewer, f incidents.Filter) ([]incidents.Incident, error)
	Search(ctx context.Context, v incidents.Viewer, text string) ([]incidents.Incident, error)
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error)
	Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error)
	Versions(ctx context.Context, v incidents.Viewer, ref incidents.Ref, number int) ([]incidents.TimelineEntry, error)
	Absorbed(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.Incident, error)
}

// Config of the pages.
type Config struct {
	Ledger      ledger                                      // required
	Freezes     func(context.Context) ([]gate.State, error) // the freezes of the deploy gate; nil shows none
	Incidents   incidentStore                               // nil shows none
	Postmortems postmortemStore                             // nil shows none
	Risks       riskStore                                   // nil shows none
	Sessions    sessions                                    // nil lets nobody sign in, and pages only read
	Closed      bool                                        // whoever has not signed in reads nothing, which is seen to elsewhere
	Alerts      alertStore                                  // nil: none are evaluated
	// DeadLetters returns the notices that were given up; nil knows of none.
	DeadLetters func(context.Context) ([]alerts.DeadLetter, error)
	// Sources returns how the sources of samples are doing; nil: there are none.
	Sources func() Sources
	// Causes returns what may have spent the budget of an objective in [from, to); nil knows of none.
	// [plimsoll/slo/causes.Sources.Of] is one.
	Causes  func(ctx context.Context, o *slo.Objective, from, to time.Time) ([]slo.Cause, error)
	Notice  func() string    // what every page says first, such as that its figures are old; nil or empty for nothing
	Refresh time.Duration    // how often a live page may change; 2 s when zero
	Now     func() time.Time // time.Now when nil
	Logger  *slog.Logger     // slog.Default when nil
}

// Web serves the pages.
type Web struct {
	cfg    Config
	pages  map[string]*template.Template
	assets assets
	hub    *hub
}

// New makes the pages. Live updates come only while [Web.Run] runs.
func New(cfg Config) (*Web, error) {
	if cfg.Ledger == nil {
		return nil, errors.New("web: a ledger is required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Refresh = cmp.Or(cfg.Refresh, 2*time.Second)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	pages, err := parsePages(files)
	if err != nil {
		return nil, err
	}
	return &Web{cfg: cfg, pages: pages, assets: files, hub: newHub()}, nil
}

// Mount adds the pages to a router.
func (w *Web) Mount(r chi.Router) {
	r.Get("/", w.overview)
	r.Get("/objectives/*", w.objective)
	r.Get("/incidents", w.incidents)
	r.Get("/incidents/{ref}", w.incident)
	r.Get("/incidents/{ref}/entries/{number}", w.entry)
	r.Get("/alerts", w.alerts)
	r.Get("/sources", w.sources)
	r.NotFound(w.nowhere)
	w.mountSignIn(r)
	w.mountActs(r)
	w.mountPostmortems(r)
	w.mountRisks(r)
	r.Get("/events", w.events)
	r.Get("/static/*", w.assets.serve)
	r.Get("/favicon.ico", w.assets.favicon)
}
