package oracle_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

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
	labels    []string  // by which an objective is divided
	family    []slo.Key // the children that are defined
	fault     fault     // that is planted; none in a history that must agree
	planted   map[series]planted
	filled    bool // with the past, which has its own revisions

	collector   *collectors.Collector
	ledger      *ledger.Ledger
	follower    *ledger.Ledger
	checkpoints *ledger.Checkpointer
	disk        *disk
	corrections []slo.Correction

	log           []entry
	versions      map[slo.Key][]version
	saved         int // how much of the log is on disk
	savedVersions map[slo.Key][]version
	maxChildren   int
	length        int // minutes that the replay looks at
	seen          map[class]int
	trace         []string
	traced        bool // somebody is going to read it
}

// version is what was promised from an instant on.
type version struct {
	from int64
	promise
}

func newHistory(seed, n uint64) *history {
	h := &history{
		rng: rand.New(rand.NewPCG(seed, n)), now: start.UnixMilli(), disk: newDisk(), seen: map[class]int{}, planted: map[series]planted{},
		versions: map[slo.Key][]version{}, savedVersions: map[slo.Key][]version{},
	}
	h.end = h.now + 1 + h.rng.Int64N(pick(h.rng, 2*hour, 10*hour, maxSpan))
	h.length = before + after + int((h.end-h.now)/minute)
	h.maxChildren = pick(h.rng, 1, 3, 100, 100)
	for _, instance := range slices.Sorted(maps.Keys(jobs)) {
		h.processes = append(h.processes, newProcess(h, instance))
	}
	return h
}

// one is true once in n times.
func (h *history) one(n int) bool { return h.rng.IntN(n) == 0 }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

func (h *history) clock() time.Time { return time.UnixMilli(h.now) }

// saw counts that something happened.
func (h *history) saw(c class) { h.seen[c]++ }

// note keeps what happens, if anybody is going to read it.
func (h *history) note(format string, args ...any) {
	if h.traced {
		h.trace = append(h.trace, fmt.Sprintf("%s ", h.clock().UTC().Format(time.DateTime))+fmt.Sprintf(format, args...))
	}
}

// boot starts Plimsoll with what is on disk.
func (h *history) boot() error {
	h.ledger = ledger.New(ledger.Config{Now: h.clock})
	if err := h.disk.load(h.ledger); err != nil {
		return err
	}
	h.disk.fault = h.fault.store
	h.checkpoints = &ledger.Checkpointer{Ledger: h.ledger, Store: h.disk}
	h.setCorrections()
	var err error
	if h.collector, err = collectors.New(collectors.Config{Ledger: h.ledger, Now: h.clock, Horizon: horizon}); err != nil {
		return err
	}
	h.log = append(h.log, entry{transaction: transaction{now: h.now}, booted: true})
	return h.define(h.promises)
}

// setCorrections makes all corrections hold in Plimsoll.
func (h *history) setCorrections() {
	cs := slices.Clone(h.corrections)
	if h.fault.correct != nil {
		cs = h.fault.correct(cs)
	}
	h.ledger.SetCorrections(cs)
}

// define makes these the objectives, in Plimsoll and in what the replay knows of versions.
func (h *history) define(promises []promise) error {
	h.promises = promises
	h.log = append(h.log, entry{transaction: transaction{now: h.now}, defined: promises})
	for _, p := range promises {
		h.amend(p)
	}
	if err := h.collector.SetObjectives(h.objectives()); err != nil {
		return err
	}
	h.family = nil
	return h.found(transaction{children: h.children()})
}

// objectives are the definitions as Plimsoll is given them.
func (h *history) objectives() []*slo.Objective {
	var objectives []*slo.Objective
	for _, p := range h.promises {
		o := p.objective
		if h.fault.define != nil {
			planted := *o
			h.fault.define(&planted)
			o = &planted
		}
		objectives = append(objectives, o)
	}
	return objectives
}

// children are those that objectives have now.
func (h *history) children() map[slo.Key][]slo.Key {
	all := map[slo.Key][]slo.Key{}
	for _, p := range h.promises {
		if p.objective.Indicator.GroupBy == nil {
			continue
		}
		for _, o := range h.ledger.Children(p.key) {
			all[p.key] = append(all[p.key], o.Key)
		}
	}
	return all
}

// amend notes that a definition was read. What was not saved leaves no trace.
func (h *history) amend(p promise) {
	vs := amend(h.versions[p.key], p, h.now)
	postponed := len(h.savedVersions[p.key]) > 0 && p.objective.EffectiveFrom.UnixMilli() > h.now
	if postponed || !alike(vs, h.versions[p.key]) {
		vs = amend(h.savedVersions[p.key], p, h.now)
		if len(vs) > 1 {
			h.saw(sawVersion)
		}
		if vs[len(vs)-1].from > h.now {
			h.saw(sawPostponed)
		}
	}
	h.versions[p.key] = vs
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
	if a == b {
		return true
	}
	if a.Target != b.Target || a.Method != b.Method || a.Slice != b.Slice {
		return false
	}
	text := func(o *slo.Objective) string { return fmt.Sprint(o.Window, o.Indicator, o.Components) }
	return text(a) == text(b)
}
