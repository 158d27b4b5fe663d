package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// ledger is where budgets are read; [plimsoll/slo/ledger.Ledger] is one.
type ledger interface {
	Objectives() []*slo.Objective
	Status(key slo.Key, at time.Time) (slo.Status, bool)
	Forecast(key slo.Key, at time.Time, use slo.Use) (slo.Forecast, bool)
	ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool)
}

// jobs inserts a job in the transaction that caused it; a river.Client[pgx.Tx] is one.
type jobs interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Config of a Gate.
type Config struct {
	Pool *pgxpool.Pool // with [Migrations] applied
	// Policies returns the policies in force; it may return others after a reload.
	Policies func() *gate.Policies
	Ledger   ledger
	// Incidents returns the open incidents of a service; nil means that there are none.
	Incidents func(ctx context.Context, service string) ([]gate.Incident, error)
	// Alerts returns the alerts of a service that fire; nil means that there are none.
	Alerts func(ctx context.Context, service string) ([]gate.Alert, error)
	// References says what is known of incidents and action items; nil means that none is known.
	References func(ctx context.Context, refs []string) ([]gate.Reference, error)
	// Response tells how people respond to a Code Red; nil asks nobody to, and no exit criterion that asks about people is met.
	Response func(ctx context.Context, s gate.State) (gate.Response, error)
	// Jobs takes a [CodeRedIncident] when Code Red begins, a [FreezeNotice] when people are to be told, and an [OverrideFollowUp] when an
	// override is used; nil means that nobody is told.
	Jobs jobs
	// Every is how often freezes are evaluated; 5 s by default.
	Every  time.Duration
	Now    func() time.Time // time.Now by default
	Logger *slog.Logger     // slog.Default by default
}

const defaultEvery = 5 * time.Second

// Gate answers checks and keeps freezes. It is safe for concurrent use, also by several processes on one database.
type Gate struct {
	cfg Config

	mu      sync.Mutex // guards the two below
	waiting []*check   // checks that share the next transaction
	busy    bool       // a goroutine commits them

	incidents *shared[gate.Incident] // of a service; Config's, read for all who ask at a time
	alerts    *shared[gate.Alert]

	recorded map[string]bool // versions of policies that are in the audit log; used by the goroutine that commits
}

// New makes a gate. It starts nothing.
func New(cfg Config) (*Gate, error) {
	if cfg.Pool == nil || cfg.Policies == nil || cfg.Ledger == nil {
		return nil, errors.New("a gate needs a pool, policies and a ledger")
	}
	cfg.Every = cmp.Or(cfg.Every, defaultEvery)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Gate{cfg: cfg, recorded: map[string]bool{}, incidents: newShared(cfg.Incidents), alerts: newShared(cfg.Alerts)}, nil
}

// now is the instant of a transaction, as the database can hold it.
func (g *Gate) now() time.Time { return g.cfg.Now().UTC().Truncate(time.Microsecond) }

// figures reads the budgets of a service: of those objectives that are judged here, which children never are, with gaps as they ask for.
// The forecast is asked for spent budgets only: it reads the whole window.
func (g *Gate) figures(service string, at time.Time) []gate.Figures {
	var figures []gate.Figures
	for _, o := range g.cfg.Ledger.Objectives() {
		if o.Service != service || o.OutOfGate || o.Parent != "" {
			continue
		}
		if f, ok := g.figuresOf(o, at); ok {
			figures = append(figures, f)
		}
	}
	return figures
}

// figuresOf reads the budget of one objective as it was at an instant; false if a reload has removed the objective.
func (g *Gate) figuresOf(o *slo.Objective, at time.Time) (gate.Figures, bool) {
	status, ok := g.cfg.Ledger.Status(o.Key, at)
	if !ok {
		return gate.Figures{}, false
	}
	if o.NoData.For(slo.ForGate) != slo.GapIgnored {
		if view, ok := g.cfg.Ledger.ReaderAt(o.Key, at); ok {
			status = slo.Gaps(status, view, slo.ForGate)
		}
	}
	var forecast slo.Forecast
	if status.Spent() {
		forecast, _ = g.cfg.Ledger.Forecast(o.Key, at, slo.ForGate)
	}
	return gate.FiguresOf(status, forecast), true
}

// lastGood reads the budgets of the objectives whose newest sample is older than an age, as they were when that sample came; or will be by
// the time that a transaction may take to record the decision.
func (g *Gate) lastGood(figures []gate.Figures, at time.Time, age time.Duration) []gate.Figures {
	var good []gate.Figures
	for _, o := range g.cfg.Ledger.Objectives() {
		i := slices.IndexFunc(figures, func(f gate.Figures) bool { return f.Objective == o.Key })
		if age == 0 || i < 0 || figures[i].LastSample.IsZero() || at.Add(batchTimeout).Sub(figures[i].LastSample) <= age {
			continue
		}
		if f, ok := g.figuresOf(o, figures[i].LastSample); ok {
			good = append(good, f)
		}
	}
	return good
}

// services returns the services that have objectives, sorted.
func (g *Gate) services() []string {
	var names []string
	for _, o := range g.cfg.Ledger.Objectives() {
		names = append(names, o.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// snapshot gathers everything that a decision under a policy reads but the freeze, which is read in the transaction that records it.
func (g *Gate) snapshot(ctx context.Context, c gate.Change, policy *gate.Policy) (gate.Snapshot, error) {
	s := gate.Snapshot{At: g.now(), Services: g.services()}
	s.Objectives = g.figures(c.Service, s.At)
	var err error
	if g.cfg.Incidents != nil {
		if s.Incidents, err = g.incidents.get(ctx, c.Service); err != nil {
			return gate.Snapshot{}, fmt.Errorf("read open incidents: %w", err)
		}
	}
	if policy != nil {
		s.LastGood = g.lastGood(s.Objectives, s.At, policy.StaleAfter())
	}
	if g.cfg.Alerts != nil && policy.AsksAlerts() {
		if s.Alerts, err = g.alerts.get(ctx, c.Service); err != nil {
			return gate.Snapshot{}, fmt.Errorf("read alerts: %w", err)
		}
	}
	if policy.AsksDependencies() {
		if s.Dependencies, err = g.dependencies(ctx, c, s.At); err != nil {
			return gate.Snapshot{}, err
		}
	}
	if g.cfg.References != nil && len(c.Refs) > 0 {
		if s.References, err = g.cfg.References(ctx, c.Refs); err != nil {
			return gate.Snapshot{}, fmt.Errorf("read references: %w", err)
		}
	}
	return s, nil
}

// known refuses a service or environment that nothing is known of.
func (g *Gate) known(service, environment string) (*gate.Policy, error) {
	services := g.services()
	if !slices.Contains(services, service) {
		return nil, fmt.Errorf("%w: %q%s", gate.ErrUnknownService, service, nearest.Hint(service, services))
	}
	policies := g.cfg.Policies()
	policy := policies.For(service, environment)
	if policy == nil {
		return nil, fmt.Errorf("%w: %q in %q%s", gate.ErrNoPolicy, service, environment, nearest.Hint(environment, policies.Environments(service)))
	}
	return policy, nil
}
