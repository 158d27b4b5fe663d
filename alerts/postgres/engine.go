package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/alerts"
	"plimsoll/internal/loops"
	"plimsoll/slo"
)

// ledger is where burn rates are read.
type ledger interface {
	Statuses(at time.Time) []slo.Status
	Reader(key slo.Key) (slo.Reader, bool)
}

// jobs inserts a job in the transaction that caused it; a river.Client[pgx.Tx] is one.
type jobs interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Config of an [Engine].
type Config struct {
	Pool   *pgxpool.Pool // required, with [Migrations] applied
	Ledger ledger        // required
	Jobs   jobs          // takes a [NoticeArgs] for each delivery; nil: nobody is told
	Routes []Route

	Tiers     []alerts.Tier   // of objectives that do not say; [alerts.Tiers] when nil
	Guard     alerts.Guard    // [alerts.DefaultGuard] when zero
	Timing    *alerts.Timing  // [alerts.DefaultTiming] when nil
	Cadence   *alerts.Cadence // [alerts.DefaultCadence] when nil
	PublicURL string          // of the pages, for links; empty for none
	// Declare is how urgent a notice must be to go to an incident, as an [IncidentArgs]; empty: none does.
	Declare alerts.Severity

	// Over reports whether people have said of an episode of a group, of which a notice was told at an instant, that it is over; nil: nobody does. It is asked
	// while nothing of the group fires and its end is held back. What it fails to find out, nobody has said.
	Over func(ctx context.Context, group, episode string, told time.Time) (bool, error)

	// Beat is called after an evaluation that succeeded, at most once in BeatEvery: a sign of life for somebody who misses it. May be nil.
	Beat      func(context.Context) error
	BeatEvery time.Duration // a minute by default

	Every  time.Duration    // between two evaluations; 5 s by default
	Now    func() time.Time // time.Now by default
	Logger *slog.Logger     // slog.Default by default
}

// Engine evaluates the alerts. It is safe for concurrent use, also by several processes on one database.
type Engine struct {
	cfg     Config
	timing  alerts.Timing
	cadence alerts.Cadence
	beaten  time.Time // used by Run only
}

// New makes an engine. It starts nothing.
func New(cfg Config) (*Engine, error) {
	if cfg.Pool == nil || cfg.Ledger == nil {
		return nil, errors.New("alerts need a pool and a ledger")
	}
	if cfg.Tiers == nil {
		cfg.Tiers = alerts.Tiers()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Guard = cmp.Or(cfg.Guard, alerts.DefaultGuard())
	cfg.Every = cmp.Or(cfg.Every, 5*time.Second)
	cfg.BeatEvery = cmp.Or(cfg.BeatEvery, time.Minute)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	e := &Engine{cfg: cfg, timing: alerts.DefaultTiming(), cadence: alerts.DefaultCadence()}
	if cfg.Timing != nil {
		e.timing = *cfg.Timing
	}
	if cfg.Cadence != nil {
		e.cadence = *cfg.Cadence
	}
	return e, nil
}

// Run evaluates at once and then again and again until ctx ends, and returns why that is. What fails is logged and tried again.
func (e *Engine) Run(ctx context.Context) error {
	return loops.Repeat(ctx, e.cfg.Every, e.cfg.Logger, "alerts not evaluated", func(ctx context.Context) error {
		err := e.Evaluate(ctx)
		if err == nil {
			e.beat(ctx)
		}
		return err
	})
}

// beat gives a sign of life if one is due.
func (e *Engine) beat(ctx context.Context) {
	if now := e.cfg.Now(); e.cfg.Beat != nil && now.Sub(e.beaten) >= e.cfg.BeatEvery {
		e.beaten = now
		if err := e.cfg.Beat(ctx); err != nil && ctx.Err() == nil {
			e.cfg.Logger.WarnContext(ctx, "heartbeat of the alerts", "err", err)
		}
	}
}

// Evaluate judges every tier, policy and kind of data of every objective now, moves the alerts on, and enqueues the notices that are due, all in one transaction.
func (e *Engine) Evaluate(ctx context.Context) error {
	at := e.cfg.Now().UTC().Truncate(time.Microsecond) // as the database can hold it
	statuses := map[slo.Key]slo.Status{}
	for _, s := range e.cfg.Ledger.Statuses(at) {
		if s.Objective.Parent == "" {
			statuses[s.Objective.Key] = e.forAlert(s)
		}
	}
	over, err := e.over(ctx)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, e.cfg.Pool, func(tx pgx.Tx) error {
		// Two evaluations at once would tell everything twice.
		if _, err := tx.Exec(ctx, `LOCK TABLE alerts_states IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("lock alerts: %w", err)
		}
		stored, err := loadStates(ctx, tx)
		if err != nil {
			return fmt.Errorf("load alerts: %w", err)
		}
		told, err := loadGroups(ctx, tx)
		if err != nil {
			return fmt.Errorf("load what was told: %w", err)
		}
		all, moved := e.move(statuses, stored, told, at)
		if err := saveStates(ctx, tx, moved); err != nil {
			return fmt.Errorf("save alerts: %w", err)
		}
		for name, t := range told {
			t.Over = over[name] != "" && over[name] == t.Episode
			told[name] = t
		}
		return e.tell(ctx, tx, all, told, statuses, at)
	})
}

// forAlert is a status as alerts are to see it: with gaps as its objective asks for.
func (e *Engine) forAlert(s slo.Status) slo.Status {
	if s.Objective.NoData.For(slo.ForAlert) == slo.GapIgnored {
		return s
	}
	view, ok := e.cfg.Ledger.Reader(s.Objective.Key)
	if !ok {
		return s
	}
	return slo.Gaps(s, view, slo.ForAlert)
}

// move judges all alerts anew. It returns those that are not inactive, by objective and tier, and those that are to be saved.
func (e *Engine) move(statuses map[slo.Key]slo.Status, stored map[alerts.ID]alerts.Alert, told map[string]alerts.Told, at time.Time) (all, moved []alerts.Alert) {
	firing := map[alerts.ID]bool{}
	for _, t := range told {
		for _, id := range t.Firing {
			firing[id] = true
		}
	}
	step := func(a alerts.Alert, v alerts.Verdict, t alerts.Timing) {
		t.Told = firing[a.ID()]
		next, change := alerts.Transition(a, v, at, t)
		if change != alerts.Unchanged || !next.Quiet.Equal(a.Quiet) && next.State != alerts.Inactive {
			moved = append(moved, next)
		}
		if next.State != alerts.Inactive {
			all = append(all, next)
		}
		delete(stored, a.ID())
	}
	for key, s := range statuses {
		for _, v := range e.judge(s) {
			step(of(stored, key, v.Tier), v.Verdict, v.timing)
		}
	}
	for _, a := range stored {
		v := a.Verdict
		v.Reason = alerts.Removed
		step(a, v, e.timing)
	}
	return sorted(slices.Values(all)), moved
}

// judged is a verdict, and how long it must last to change its alert.
type judged struct {
	alerts.Verdict
	timing alerts.Timing
}

// judge returns the verdicts of all alerts of an objective.
func (e *Engine) judge(s slo.Status) []judged {
	var verdicts []judged
	for _, tier := range alerts.TiersOf(s.Objective, e.cfg.Tiers) {
		verdicts = append(verdicts, judged{alerts.Judge(s, tier, e.cfg.Guard), alerts.TierTiming(tier, e.timing)})
	}
	for _, p := range s.Objective.Alerts {
		v, timing := alerts.JudgePolicy(s, p, e.cfg.Guard), alerts.PolicyTiming(p, e.timing)
		if v.Reason == alerts.NoData && s.LastSample.IsZero() { // it was never heard of, and may just be about to start
			timing.Pending = max(timing.Pending, alerts.DataTiming().Pending)
		}
		verdicts = append(verdicts, judged{v, timing})
	}
	for _, v := range alerts.JudgeData(s) {
		verdicts = append(verdicts, judged{v, alerts.DataTiming()})
	}
	return verdicts
}

// of returns the stored alert of a tier of an objective, or one that is inactive.
func of(stored map[alerts.ID]alerts.Alert, key slo.Key, t alerts.Tier) alerts.Alert {
	if a, ok := stored[alerts.ID{Objective: key, Tier: t.Name}]; ok {
		return a
	}
	return alerts.Alert{Objective: key, Tier: t.Name, State: alerts.Inactive}
}

// Active returns the alerts that are not inactive, as they were last saved, with the verdicts of now.
func (e *Engine) Active(ctx context.Context) ([]alerts.Alert, error) {
	all, err := e.All(ctx)
	return slices.DeleteFunc(all, func(a alerts.Alert) bool { return a.State == alerts.Inactive }), err
}

// All returns the alerts that there can be, as they were last saved, with the verdicts of now.
func (e *Engine) All(ctx context.Context) ([]alerts.Alert, error) {
	stored, err := loadStates(ctx, e.cfg.Pool)
	if err != nil {
		return nil, fmt.Errorf("load alerts: %w", err)
	}
	for _, s := range e.cfg.Ledger.Statuses(e.cfg.Now()) {
		if s.Objective.Parent != "" {
			continue
		}
		for _, v := range e.judge(e.forAlert(s)) {
			a := of(stored, s.Objective.Key, v.Tier)
			a.Verdict = v.Verdict
			stored[a.ID()] = a
		}
	}
	return sorted(maps.Values(stored)), nil
}

// Firing returns the alerts of a service that fire, as they were last saved: without figures, and therefore cheap.
func (e *Engine) Firing(ctx context.Context, service string) ([]alerts.Alert, error) {
	stored, err := queryStates(ctx, e.cfg.Pool, `SELECT objective, tier, severity, state, since, fired, quiet FROM alerts_states
		WHERE state = 'firing' AND split_part(objective, '/', 1) = $1`, service)
	if err != nil {
		return nil, fmt.Errorf("load alerts of %s: %w", service, err)
	}
	return sorted(maps.Values(stored)), nil
}

// sorted orders alerts by objective and tier.
func sorted(all iter.Seq[alerts.Alert]) []alerts.Alert {
	return slices.SortedFunc(all, func(a, b alerts.Alert) int {
		return cmp.Or(cmp.Compare(a.Objective, b.Objective), cmp.Compare(a.Tier, b.Tier))
	})
}
