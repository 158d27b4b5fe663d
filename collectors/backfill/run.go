package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/collectors/promql"
	"plimsoll/slo"
)

// run is one attempt at a job.
type run struct {
	*Runner
	job      Job
	progress Progress
}

func (r *run) end(ctx context.Context, state State) error {
	r.progress.State, r.progress.EndedAt = state, r.cfg.Now()
	if err := r.cfg.Store.Save(ctx, r.job.ID, r.progress); err != nil && !errors.Is(err, ErrEnded) {
		return err
	}
	r.cfg.Logger.Info("backfill ended", "id", r.job.ID, "state", state, "samples", r.progress.Samples, "problem", r.progress.Problem)
	return nil
}

// fill reads from the position of the job to the present, and then what is new until the series have met live counting.
func (r *run) fill(ctx context.Context) error {
	server, err := r.server()
	if err != nil {
		return err
	}
	for {
		objectives, err := Choose(r.job.Spec, r.cfg.Ledger.Objectives())
		if err != nil {
			return err
		}
		if err := r.further(ctx, objectives); err != nil {
			return err
		}
		r.progress.Filled = keys(objectives)
		roads := r.roads(objectives)
		pump, err := r.pump(server, objectives, roads)
		if err != nil {
			return err
		}
		switch err := r.read(ctx, pump, roads, fingerprint(objectives)); {
		case errors.Is(err, errChanged):
			r.cfg.Logger.Info("backfill begins again, because objectives have changed", "id", r.job.ID)
		default:
			return err
		}
	}
}

// errChanged is returned when what is to be filled is not what it was.
var errChanged = errors.New("the objectives have changed")

// read moves the pump until it has met live counting.
func (r *run) read(ctx context.Context, pump *promql.Pump, roads []*collectors.Road, filled int64) error {
	met := time.Time{} // the present, when it was reached
	pump.Again(r.cfg.Collector.Horizon())
	for {
		if err := r.limiter.Wait(ctx); err != nil {
			return err
		}
		now := r.cfg.Now()
		if present, err := Choose(r.job.Spec, r.cfg.Ledger.Objectives()); err != nil || fingerprint(present) != filled {
			return cmp.Or(err, errChanged)
		}
		to := now.Add(-pump.Delay())
		samples, err := pump.Advance(ctx, r.job.From, to)
		if err != nil {
			return err
		}
		position, _ := pump.Position()
		r.progress.State, r.progress.Position, r.progress.Until, r.progress.Problem = Filling, position, to, ""
		r.progress.Samples += int64(samples)
		caughtUp := !position.Before(to.Truncate(time.Second))
		if caughtUp && met.IsZero() {
			met = now
		}
		if !met.IsZero() {
			r.progress.State = Meeting
		}
		if err := r.cfg.Store.Save(ctx, r.job.ID, r.progress); err != nil {
			return err
		}
		switch {
		case caughtUp && now.Sub(met) >= r.cfg.Settle:
			for _, road := range roads {
				road.Meet()
			}
			return r.cfg.Sync(ctx)
		case caughtUp:
			sleep(ctx, min(r.cfg.Poll, r.cfg.Settle))
		}
	}
}

// server returns where history is read from.
func (r *run) server() (promql.Server, error) {
	if r.job.Source != "" {
		return r.cfg.Server(r.job.Source)
	}
	return promql.Server{Name: r.job.URL, URL: r.job.URL}, nil
}

// further makes sure that no objective was filled by another job that began later than this one: how far its series were filled is known then, and
// what lies before would be passed over.
func (r *run) further(ctx context.Context, objectives []*slo.Objective) error {
	begins, err := r.cfg.Store.Begins(ctx, r.job)
	if err != nil {
		return err
	}
	for _, o := range objectives {
		begin, filled := begins[o.Key]
		if until, open := r.cfg.Collector.Filled(o.Key); filled && open {
			return fmt.Errorf("%w: from: %s was filled from %s on a short time ago; what lies before that can be filled after %s", ErrInvalid,
				o.Key, begin.UTC().Format(time.RFC3339), until.Format(time.RFC3339))
		}
	}
	return nil
}

// roads returns the ways for the history of some objectives.
func (r *run) roads(objectives []*slo.Objective) (roads []*collectors.Road) {
	sources := map[string]bool{}
	for _, o := range objectives {
		if source := o.Indicator.Source; !sources[source] {
			sources[source] = true
			roads = append(roads, r.cfg.Collector.From(source).History())
		}
	}
	return roads
}

// pump returns what reads the history of some objectives. Its position belongs to the job and to what is filled: with other objectives it
// begins anew.
func (r *run) pump(server promql.Server, objectives []*slo.Objective, roads []*collectors.Road) (*promql.Pump, error) {
	var appenders []storage.AppendableV2
	for _, road := range roads {
		appenders = append(appenders, road)
	}
	var raw []*slo.Objective
	for _, o := range objectives {
		if collectors.Raw(o.Indicator) {
			raw = append(raw, o)
		}
	}
	wanted := selectors(raw)
	return promql.NewPump(server, promql.Into{
		Key:        fmt.Sprintf("backfill %d %x", r.job.ID, fingerprint(objectives)),
		Appenders:  appenders,
		Ledger:     r.cfg.Ledger,
		Selectors:  func() [][]*labels.Matcher { return wanted },
		Objectives: func() []*slo.Objective { return objectives },
		History:    true,
		Now:        r.cfg.Now,
	})
}

func keys(objectives []*slo.Objective) []slo.Key {
	keys := make([]slo.Key, len(objectives))
	for i, o := range objectives {
		keys[i] = o.Key
	}
	slices.Sort(keys)
	return keys
}
