package oracle_test

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/prometheus/storage"

	"plimsoll/slo"
)

// filled is a history of which Plimsoll has counted only the end live. The rest is in an archive, which it reads as a backfill does: in the order of time,
// before, while and after it counts live, from where it was saved last. In the end it must hold what it would if it had counted everything live.
type filled struct {
	*history
	archive []transaction // scrapes in the order of time; a transaction knows when it was

	live, past           int // how much of the archive was counted live, and read as history
	savedLive, savedPast int
}

// newFilled draws a history that is filled. What was observed in it follows from three targets of which one is up all the time, however much of
// their health is known when.
func newFilled(seed, n uint64) *filled {
	h := newHistory(seed, n)
	h.filled, h.maxChildren = true, 100
	f := &filled{history: h}
	last := start.UnixMilli()
	for _, instance := range []string{"a", "b", "d"} {
		p := newProcess(h, instance)
		p.delta, p.starts, p.scraped = false, false, true
		f.archive = append(f.archive, p.keep(h, 4+h.rng.IntN(pick(h.rng, 8, 8, 30)))...)
		last = max(last, f.archive[len(f.archive)-1].now)
	}
	slices.SortStableFunc(f.archive, func(a, b transaction) int { return int(a.now - b.now) })
	h.end, h.length = last, before+after+int((last-start.UnixMilli())/minute)
	f.live = h.rng.IntN(len(f.archive) + 1)
	f.savedLive = f.live
	if h.now = last; f.live < len(f.archive) {
		h.now = f.archive[f.live].now
	}
	return f
}

// keep lets a process work, and returns what a server has kept of it.
func (p *process) keep(h *history, scrapes int) []transaction {
	var kept []transaction
	for _, s := range names(p.instance) {
		if s.name == "done_total" || s.code == "200" || h.one(3) {
			p.counters[s] = &counter{value: float64(h.rng.IntN(100))}
		}
	}
	for t := start.UnixMilli() + h.rng.Int64N(10_000); scrapes > 0; scrapes-- {
		tx := transaction{now: t}
		for _, s := range names(p.instance) {
			if c := p.counters[s]; c != nil {
				tx.samples = append(tx.samples, p.sample(h, s, c, t))
			}
		}
		for _, g := range gauges {
			tx.samples = append(tx.samples, raw{series: series{name: g.name, instance: p.instance}, t: t, v: pick(h.rng, g.values...)})
		}
		health := raw{series: series{name: up, instance: p.instance}, t: t, v: 1}
		if p.instance == "b" && len(kept) > 0 && h.one(8) {
			health.v, tx.samples = 0, nil
		}
		tx.samples = append(tx.samples, health)
		kept = append(kept, tx)
		if p.serve(h); h.one(12) {
			p.restart(t)
		}
		t += 15_000 + h.rng.Int64N(45_000)
	}
	return kept
}

// run lets things happen until all is counted and read, and compares.
func (f *filled) run(ctx context.Context) error {
	h := f.history
	h.promises = h.drawObjectives()
	if err := h.boot(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	for f.live < len(f.archive) || f.past < len(f.archive) {
		if err := f.step(ctx); err != nil {
			return err
		}
	}
	h.now = h.end + h.rng.Int64N(hour)
	return f.check()
}

func (f *filled) step(ctx context.Context) error {
	h := f.history
	switch n := h.rng.IntN(40); {
	case n < 12 && f.live < len(f.archive):
		tx := f.archive[f.live]
		f.live++
		h.now = max(h.now, tx.now)
		h.saw(sawLive)
		return f.append(ctx, tx, h.collector.From("").Late()) // what was not saved is sent again, as an agent would
	case n < 30 && f.past < len(f.archive) && f.archive[f.past].now <= h.now:
		tx := f.archive[f.past]
		f.past++
		h.saw(sawHistory)
		return f.fill(ctx, tx)
	case n < 32 && f.past > 0:
		return f.fill(ctx, f.archive[h.rng.IntN(f.past)])
	case n < 34:
		f.savedLive, f.savedPast = f.live, f.past
		return h.save(ctx)
	case n < 35:
		h.saw(sawKill)
		h.note("killed")
		f.live, f.past = f.savedLive, f.savedPast
		h.versions = maps.Clone(h.savedVersions)
		return h.boot()
	case n < 36:
		h.note("reload")
		return h.define(f.redrawn())
	case n < 37:
		h.correct()
	case f.live == len(f.archive):
		h.now = max(h.now, h.end) // nothing is left but the past
	}
	return nil
}

// redrawn are the same objectives with other targets, windows and methods.
func (f *filled) redrawn() []promise {
	promises := slices.Clone(f.promises)
	for i := range promises {
		o := *promises[i].objective
		if o.Window = f.drawWindow(); o.Method != slo.Composite {
			o.Method, o.Slice = f.drawMethod()
		}
		promises[i].objective = &o
	}
	return promises
}

// fill hands a scrape to the road of history.
func (f *filled) fill(ctx context.Context, tx transaction) error {
	if f.fault.live {
		return f.append(ctx, tx, f.collector.From("").Late())
	}
	tx.past = true
	return f.append(ctx, tx, f.collector.History())
}

func (f *filled) append(ctx context.Context, tx transaction, road storage.AppendableV2) error {
	f.note("sent %+v (history: %v)", tx.samples, tx.past)
	app := road.AppenderV2(ctx)
	for _, s := range tx.samples {
		if f.fault.sample != nil && !f.fault.sample(f.history, tx, &s) {
			continue
		}
		if _, err := app.Append(0, s.series.labels(), s.st, s.t, s.v, nil, nil, storage.AOptions{}); err != nil {
			return err
		}
	}
	tx.children = f.children()
	if err := f.found(tx); err != nil {
		return err
	}
	return app.Commit()
}

// check compares with a replay of all scrapes, as if they had been counted live.
func (f *filled) check() error {
	origin := slo.MinuteOf(start) - before
	r := newReplay(origin, f.length, f.saw)
	r.run([]entry{{transaction: transaction{now: f.archive[0].now}, booted: true}, {defined: f.promises}})
	for _, tx := range f.archive {
		tx.children = f.children()
		r.run([]entry{{transaction: tx}})
	}
	return f.compareAll(court{books: r.books, versions: f.versions, corrections: f.corrections, origin: origin, length: f.length})
}
