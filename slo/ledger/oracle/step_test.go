package oracle_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// step lets something happen.
func (h *history) step(ctx context.Context) error {
	switch n := h.rng.IntN(100); {
	case n < 62:
		return h.scrape(ctx)
	case n < 68:
		return h.sendAgain(ctx)
	case n < 72:
		p := pick(h.rng, h.processes...)
		h.note("%s restarts", p.instance)
		p.restart(h.now)
	case n < 80:
		return h.save(ctx)
	case n < 86:
		h.saw(sawKill)
		h.note("killed; %d of %d entries are on disk", h.saved, len(h.log))
		h.log, h.versions = h.log[:h.saved:h.saved], maps.Clone(h.savedVersions)
		return h.boot()
	case n < 92:
		h.saw(sawReload)
		h.note("reload")
		return h.define(h.drawObjectives())
	default:
		h.correct()
	}
	return nil
}

func (h *history) pass() {
	switch n := h.rng.IntN(20); {
	case n == 0:
		h.now += h.rng.Int64N(8 * hour)
	case n < 4:
		h.now += h.rng.Int64N(20 * minute)
	default:
		h.now += 1 + h.rng.Int64N(90_000)
	}
}

// scrape lets a process serve and sends its samples.
func (h *history) scrape(ctx context.Context) error {
	h.pass()
	p := pick(h.rng, h.processes...)
	p.serve(h)
	t := h.now
	if p.tardy && h.one(2) {
		t -= h.rng.Int64N(3 * hour)
	} else if h.one(30) {
		t += h.rng.Int64N(20 * minute)
	}
	tx := transaction{delta: p.delta, samples: p.expose(h, t)}
	p.sent = append(p.sent, tx)
	return h.send(ctx, tx)
}

// sendAgain sends an older transaction once more, as a retry would.
func (h *history) sendAgain(ctx context.Context) error {
	if p := pick(h.rng, h.processes...); len(p.sent) > 0 {
		h.saw(sawAgain)
		tx := pick(h.rng, p.sent...)
		tx.again = true
		return h.send(ctx, tx)
	}
	return nil
}

// send commits samples, or takes them back, of which nothing must stay but that their targets were met.
func (h *history) send(ctx context.Context, tx transaction) error {
	road := storage.AppendableV2(h.collector)
	if tx.delta {
		road = h.collector.Deltas()
	}
	app := road.AppenderV2(ctx)
	for _, s := range tx.samples {
		if h.fault.sample != nil && !h.fault.sample(h, tx, &s) {
			continue
		}
		if _, err := app.Append(0, s.series.labels(), s.st, s.t, s.v, nil, nil, storage.AOptions{}); err != nil {
			return err
		}
	}
	tx.now, tx.withdrew, tx.children = h.now, h.one(20), h.children()
	if err := h.found(tx); err != nil {
		return err
	}
	h.log = append(h.log, entry{transaction: tx})
	h.note("sent %+v (increases: %v, rolled back: %v)", tx.samples, tx.delta, tx.withdrew)
	if tx.withdrew {
		h.saw(sawRollback)
		if !h.fault.commits {
			return app.Rollback()
		}
	}
	h.saw(sawScrape)
	return app.Commit()
}

// labels are those that a series has in an exposition.
func (s series) labels() labels.Labels {
	return labels.FromMap(map[string]string{
		model.MetricNameLabel: s.name, "code": s.code, "route": s.route, "instance": s.instance, "job": jobs[s.instance],
	}).WithoutEmpty()
}

// found notes the children that were found, and makes sure that each group has one for which there is room.
func (h *history) found(tx transaction) error {
	for _, p := range h.promises {
		keys := tx.children[p.key]
		for _, key := range keys {
			if !slices.Contains(h.family, key) {
				h.family = append(h.family, key)
				h.amend(p.child(key))
			}
		}
		for _, s := range tx.samples {
			child := p.key + slo.Key(p.group(s.series))
			switch {
			case child == p.key || !p.wants(s.series) || slices.Contains(keys, child):
			case len(keys) < p.objective.MaxChildren:
				return fmt.Errorf("%w: %s is missing: there are %d children, %d may be", errDiffers, child, len(keys), p.objective.MaxChildren)
			default:
				h.saw(sawFull)
			}
		}
	}
	return nil
}

// save checkpoints, and lets the follower go along.
func (h *history) save(ctx context.Context) error {
	h.saw(sawSave)
	h.note("saved")
	h.disk.last = nil
	if err := h.checkpoints.Save(ctx); err != nil {
		return err
	}
	h.saved, h.savedVersions = len(h.log), maps.Clone(h.versions)
	if h.follower == nil || h.one(8) {
		h.follower = ledger.New(ledger.Config{Now: h.clock})
		return h.disk.load(h.follower)
	}
	if h.fault.misses {
		return nil
	}
	for _, o := range h.disk.last.Objectives {
		if err := h.follower.ApplyObjective(o); err != nil {
			return err
		}
	}
	return nil
}

// correct makes a correction or takes one back.
func (h *history) correct() {
	if n := len(h.corrections); n > 0 && h.one(3) {
		h.saw(sawUndone)
		h.corrections = slices.Clone(h.corrections)
		c := &h.corrections[h.rng.IntN(n)]
		c.Undone = h.clock()
		h.note("correction %d is taken back", c.ID)
	} else {
		h.saw(sawCorrection)
		from := start.Add(time.Duration(h.rng.Int64N((h.now-start.UnixMilli())/minute+60)-30) * time.Minute)
		c := slo.Correction{
			ID: slo.CorrectionID(len(h.corrections) + 1), From: from,
			To:     from.Add(time.Duration(1+h.rng.IntN(pick(h.rng, 5, 100, 1000))) * time.Minute),
			Effect: pick(h.rng, slo.Exclude, slo.CountGood),
		}
		switch h.rng.IntN(3) {
		case 0:
			c.Service = "shop"
		case 1:
			c.Objective = pick(h.rng, h.promises...).key
		}
		h.corrections = append(slices.Clip(h.corrections), c)
		h.note("correction %+v", c)
	}
	h.setCorrections()
}
