package oracle_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

const (
	minute = int64(60_000)
	hour   = 60 * minute
)

// start is when histories begin: three hours before Berlin puts its clocks forward.
var start = time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC)

// maxSpan is for how long a history goes on at most.
const maxSpan = 40 * hour

// history drives Plimsoll, and keeps the log of what was sent for the replay.
type history struct {
	rng       *rand.Rand
	now       int64 // Unix milliseconds
	end       int64
	processes []*process
	promises  []promise

	collector   *collectors.Collector
	ledger      *ledger.Ledger
	follower    *ledger.Ledger
	checkpoints *ledger.Checkpointer
	disk        *disk
	corrections []slo.Correction

	log             []transaction
	versions        map[slo.Key][]version
	saved           int // how much of the log is on disk
	savedVersions   map[slo.Key][]version
	roomForChildren bool
	length          int // minutes that the replay looks at
	trace           []string
}

// version is what was promised from an instant on.
type version struct {
	from int64
	promise
}

// process is a program that is watched.
type process struct {
	instance string
	delta    bool // it sends increases
	starts   bool // it sends start timestamps
	tardy    bool // its samples may come hours late
	skew     int64
	counters map[series]*counter
	sent     []transaction
}

type counter struct {
	started, sent int64
	value, before float64 // now, and when it was sent last
}

func newHistory(seed, n uint64) *history {
	h := &history{
		rng: rand.New(rand.NewPCG(seed, n)), now: start.UnixMilli(), disk: newDisk(),
		versions: map[slo.Key][]version{}, savedVersions: map[slo.Key][]version{},
	}
	h.end = h.now + 1 + h.rng.Int64N(pick(h.rng, 2*hour, 10*hour, maxSpan))
	h.length = before + after + int((h.end-h.now)/minute)
	h.roomForChildren = !h.one(4)
	for _, instance := range []string{"a", "b", "c"} {
		h.processes = append(h.processes, &process{
			instance: instance, delta: h.one(4), starts: h.one(2), tardy: h.one(3),
			skew: pick[int64](h.rng, 0, 0, 20_000, -20_000), counters: map[series]*counter{},
		})
	}
	return h
}

// one is true once in n times.
func (h *history) one(n int) bool { return h.rng.IntN(n) == 0 }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

func (h *history) clock() time.Time { return time.UnixMilli(h.now) }

// note keeps what happens, if anybody is going to read it.
func (h *history) note(format string, args ...any) {
	if *only < 0 {
		return
	}
	h.trace = append(h.trace, fmt.Sprintf("%s ", h.clock().UTC().Format(time.DateTime))+fmt.Sprintf(format, args...))
}

// boot starts Plimsoll with what is on disk.
func (h *history) boot() error {
	h.ledger = ledger.New(ledger.Config{Now: h.clock})
	if err := h.disk.load(h.ledger); err != nil {
		return err
	}
	h.checkpoints = &ledger.Checkpointer{Ledger: h.ledger, Store: h.disk}
	h.ledger.SetCorrections(h.corrections)
	var err error
	if h.collector, err = collectors.New(collectors.Config{Ledger: h.ledger, Now: h.clock, Horizon: horizon}); err != nil {
		return err
	}
	return h.define(h.promises)
}

// define makes these the objectives, in Plimsoll and in what the replay knows of versions.
func (h *history) define(promises []promise) error {
	h.promises = promises
	var objectives []*slo.Objective
	for _, p := range promises {
		objectives = append(objectives, p.objective)
		vs := amend(h.versions[p.key], p, h.now)
		if !alike(vs, h.versions[p.key]) { // what was not saved leaves no trace
			vs = amend(h.savedVersions[p.key], p, h.now)
		}
		h.versions[p.key] = vs
	}
	return h.collector.SetObjectives(objectives)
}

// amend returns the versions after p was read.
func amend(vs []version, p promise, now int64) []version {
	from := max(now, p.objective.EffectiveFrom.UnixMilli())
	switch n := len(vs); {
	case n == 0:
		return []version{{now, p}}
	case n > 1 && vs[n-1].from > now:
		if vs[n-1].from == from && same(vs[n-1].objective, p.objective) {
			return vs
		}
		vs = vs[:n-1]
	}
	if same(vs[len(vs)-1].objective, p.objective) {
		return slices.Clip(vs)
	}
	return append(slices.Clip(vs), version{from, p})
}

func alike(a, b []version) bool {
	return slices.EqualFunc(a, b, func(a, b version) bool { return a.from == b.from && same(a.objective, b.objective) })
}

// same reports whether two definitions give the same numbers.
func same(a, b *slo.Objective) bool {
	text := func(o *slo.Objective) string {
		return fmt.Sprint(o.Target, o.Window, o.Method, o.Slice, o.Indicator, o.Components)
	}
	return text(a) == text(b)
}

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
		for _, c := range p.counters {
			*c = counter{started: h.now + p.skew}
		}
	case n < 80:
		return h.save(ctx)
	case n < 86:
		h.note("killed; %d of %d transactions are on disk", h.saved, len(h.log))
		h.log, h.versions = h.log[:h.saved:h.saved], maps.Clone(h.savedVersions)
		return h.boot()
	case n < 92:
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

// names are those of all series of an instance.
func names(instance string) []series {
	var all []series
	for _, code := range []string{"200", "404", "500"} {
		for _, route := range routes {
			all = append(all, series{"requests_total", code, route, instance})
		}
	}
	return append(all, series{name: "done_total", instance: instance}, series{name: "junk_total", instance: instance})
}

// scrape lets a process serve and sends its samples.
func (h *history) scrape(ctx context.Context) error {
	h.pass()
	p := pick(h.rng, h.processes...)
	for range 1 + h.rng.IntN(5) {
		s := pick(h.rng, names(p.instance)...)
		c := p.counters[s]
		switch {
		case c == nil:
			p.counters[s] = &counter{started: h.now + p.skew, value: float64(h.rng.IntN(100))}
		case h.one(12):
			delete(p.counters, s)
		default:
			c.value += float64(h.rng.IntN(pick(h.rng, 2, 4000))) / 8
		}
	}
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

// expose returns what a process shows as of t.
func (p *process) expose(h *history, t int64) []raw {
	var samples []raw
	for _, s := range names(p.instance) {
		c := p.counters[s]
		if c == nil {
			continue
		}
		r := raw{series: s, t: t, v: c.value}
		switch {
		case p.delta:
			r.v = c.value - c.before
			if r.st = c.sent; r.st == 0 {
				r.st = c.started
			}
			if c.before, c.sent = c.value, t; !p.starts {
				r.st = 0
			}
		case p.starts:
			r.st = c.started
		}
		if h.one(50) {
			r.v = -1
		}
		samples = append(samples, r)
	}
	if h.one(2) {
		samples = append(samples, raw{series: series{name: "temperature", instance: p.instance}, t: t, v: pick(h.rng, -1, 0.1, 0.3, 0.31, nan)})
	}
	return samples
}

// sendAgain sends an older transaction once more, as a retry would.
func (h *history) sendAgain(ctx context.Context) error {
	if p := pick(h.rng, h.processes...); len(p.sent) > 0 {
		return h.send(ctx, pick(h.rng, p.sent...))
	}
	return nil
}

// send commits samples, or takes them back, of which nothing must stay.
func (h *history) send(ctx context.Context, tx transaction) error {
	road := storage.AppendableV2(h.collector)
	if tx.delta {
		road = h.collector.Deltas()
	}
	app := road.AppenderV2(ctx)
	for _, s := range tx.samples {
		ls := labels.FromMap(map[string]string{
			model.MetricNameLabel: s.series.name, "code": s.series.code, "route": s.series.route, "instance": s.series.instance,
		}).WithoutEmpty()
		if _, err := app.Append(0, ls, s.st, s.t, s.v, nil, nil, storage.AOptions{}); err != nil {
			return err
		}
	}
	if h.one(20) {
		h.note("rolled back")
		return app.Rollback()
	}
	tx.now, tx.wanted = h.now, h.promises
	h.log = append(h.log, tx)
	h.note("sent %+v (increases: %v)", tx.samples, tx.delta)
	return app.Commit()
}

// save checkpoints, and lets the follower go along.
func (h *history) save(ctx context.Context) error {
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
		h.corrections = slices.Clone(h.corrections)
		c := &h.corrections[h.rng.IntN(n)]
		c.Undone = h.clock()
		h.note("correction %d is taken back", c.ID)
	} else {
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
	h.ledger.SetCorrections(h.corrections)
}
