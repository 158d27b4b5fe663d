package oracle_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

var (
	histories = flag.Uint64("histories", 10_000, "how many histories are drawn; a tenth of that with -short")
	seed      = flag.Uint64("seed", 0, "seed of the histories; drawn when 0")
	only      = flag.Int64("only", -1, "number of the one history that is replayed, with its log")
)

// TestHistories draws histories and holds every figure of every objective against a replay of the raw samples.
func TestHistories(t *testing.T) {
	t.Parallel()
	base := *seed
	if base == 0 {
		base = rand.Uint64()
	}
	t.Logf("to draw the same histories again: -seed %d", base)
	if *only >= 0 {
		runHistory(t, base, uint64(*only))
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // thousands of small ledgers come and go
	numbers := make(chan uint64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := range numbers {
				runHistory(t, base, n)
			}
		})
	}
	most := *histories
	if testing.Short() {
		most /= 10
	}
	for n := range most {
		if t.Failed() {
			break
		}
		numbers <- n
	}
	close(numbers)
	workers.Wait()
}

// runHistory draws one history and fails t at the first difference.
func runHistory(t *testing.T, seed, n uint64) {
	h := newHistory(seed, n)
	err := h.run(t.Context())
	if *only >= 0 {
		t.Log(strings.Join(h.trace, "\n"))
	}
	if err != nil {
		t.Errorf("history %d at %s: %v\nto see it alone: -seed %d -only %d", n, h.clock().UTC().Format(time.DateTime), err, seed, n)
	}
}

func (h *history) run(ctx context.Context) error {
	h.promises = h.drawObjectives()
	if err := h.boot(); err != nil {
		return err
	}
	for steps := 0; h.now < h.end && steps < 60; steps++ {
		if err := h.step(ctx); err != nil {
			return err
		}
		if h.one(30) {
			if err := h.check(ctx); err != nil {
				return err
			}
		}
	}
	return h.check(ctx)
}

// check compares what Plimsoll says with a replay of the log.
func (h *history) check(ctx context.Context) error {
	c := court{
		books:    replay(h.log, slo.MinuteOf(start)-before, h.length),
		versions: h.versions, defined: map[slo.Key]bool{}, corrections: h.corrections, origin: slo.MinuteOf(start) - before, length: h.length,
	}
	for _, p := range h.promises {
		c.defined[p.key] = true
	}
	for _, p := range h.promises {
		for range 2 {
			at := h.clock()
			if h.one(2) {
				at = at.Add(time.Duration(h.rng.Int64N(30*hour)-24*hour) * time.Millisecond)
			}
			if err := h.compare(c, p, at); err != nil {
				return fmt.Errorf("%s as of %s: %w", p.key, at.UTC().Format(time.DateTime), err)
			}
		}
		if err := h.compareChildren(c, p); err != nil {
			return fmt.Errorf("children of %s: %w", p.key, err)
		}
	}
	return h.compareFollower(ctx)
}

func (h *history) compare(c court, p promise, at time.Time) error {
	s, ok := h.ledger.Status(p.key, at)
	if !ok {
		return fmt.Errorf("there is no status")
	}
	if o, number := c.at(p.key, at); s.Version != number || s.Objective.Target != o.Target || s.Objective.Method != o.Method {
		return fmt.Errorf("version %d with target %s, want %d with %s", s.Version, s.Objective.Target, number, o.Target)
	}
	if o, _ := c.at(p.key, at); o.Method == slo.Composite {
		spent, parts := c.compose(p.key, at)
		if len(s.Parts) != parts {
			return fmt.Errorf("%d components, want %d", len(s.Parts), parts)
		}
		return compareBudget(s, spent)
	}
	v := c.judge(p.key, at)
	got := verdict{
		version: s.Version, from: s.From, to: s.To, window: s.Window, raw: s.Raw, spent: v.spent, revision: s.Revision,
		dropped: s.Dropped, corrections: len(s.Corrections),
	}
	for _, b := range s.Burn {
		got.burn = append(got.burn, b.Reading)
	}
	if r, ok := h.ledger.Reader(p.key); ok && !at.Before(h.clock()) && same(s.Objective, mustObjective(c.at(p.key, h.clock()))) {
		r.Each(s.From, s.To, func(m slo.MinuteCounts) bool { got.minutes = append(got.minutes, m); return true })
	} else {
		got.minutes = v.minutes
	}
	if !v.equal(got) {
		return fmt.Errorf("(-replay +ledger)\n%s", cmp.Diff(v, got, cmp.AllowUnexported(verdict{}), cmp.Comparer(func(a, b *big.Rat) bool { return a.Cmp(b) == 0 })))
	}
	return compareBudget(s, v.spent)
}

func mustObjective(o *slo.Objective, _ int) *slo.Objective { return o }

// compareBudget holds what is left of a budget against the exact share that is spent.
func compareBudget(s slo.Status, spent *big.Rat) error {
	want, _ := spent.Float64()
	if over := spent.Cmp(big.NewRat(1, 1)) >= 0; s.Budget.Spent != over {
		return fmt.Errorf("spent is %v, but %s of the budget is", s.Budget.Spent, spent.FloatString(12))
	}
	if math.Abs(1-want-s.Budget.Remaining) > 1e-9*max(1, math.Abs(want)) {
		return fmt.Errorf("%v of the budget remains, want %v", s.Budget.Remaining, 1-want)
	}
	return nil
}

// compareChildren holds the events of children against those of their groups. Where there is no room for all, only their number is known.
func (h *history) compareChildren(c court, p promise) error {
	children := map[slo.Key]bool{}
	for _, child := range h.ledger.Children(p.key) {
		children[child.Key] = true
	}
	if len(children) > p.objective.MaxChildren {
		return fmt.Errorf("%d, at most %d are allowed", len(children), p.objective.MaxChildren)
	}
	if !h.roomForChildren {
		return nil
	}
	for _, key := range p.childKeys() {
		b := c.books[key]
		if b == nil {
			b = newBook(c.length)
		}
		s, ok := h.ledger.Status(key, h.clock())
		switch {
		case ok != children[key]:
			return fmt.Errorf("%s has a status: %v, but is a child: %v", key, ok, children[key])
		case !ok && slices.ContainsFunc(b.counts, func(n slo.Counts) bool { return n != slo.Counts{} }):
			return fmt.Errorf("%s is missing", key)
		case ok && s.Raw.Counts != b.read(int(s.From-c.origin), int(s.To-c.origin)).Counts:
			return fmt.Errorf("%s has %+v, want %+v", key, s.Raw, b.read(int(s.From-c.origin), int(s.To-c.origin)))
		}
	}
	return nil
}

// compareFollower holds a follower, which went along block by block, against a ledger that has loaded everything. Before that the leader saves
// which versions it has read: since when they are in force, others know only from there.
func (h *history) compareFollower(ctx context.Context) error {
	if h.follower == nil || !h.one(3) {
		return nil
	}
	if !maps.EqualFunc(h.versions, h.savedVersions, alike) {
		if err := h.save(ctx); err != nil {
			return err
		}
	}
	loaded := ledger.New(ledger.Config{Now: h.clock})
	if err := h.disk.load(loaded); err != nil {
		return err
	}
	var objectives []*slo.Objective
	for _, p := range h.promises {
		objectives = append(objectives, p.objective)
	}
	for _, l := range []*ledger.Ledger{loaded, h.follower} {
		l.SetCorrections(h.corrections)
		l.SetObjectives(objectives)
	}
	want, got := loaded.Statuses(h.clock()), h.follower.Statuses(h.clock())
	if !slices.EqualFunc(want, got, sameStatus) {
		return fmt.Errorf("a follower (-loaded +followed)\n%s", cmp.Diff(want, got, zonesByName))
	}
	return nil
}

func sameStatus(a, b slo.Status) bool {
	return a.Objective.Key == b.Objective.Key && a.Objective.Target == b.Objective.Target && a.Version == b.Version && a.From == b.From && a.To == b.To && a.Window == b.Window &&
		a.Raw == b.Raw && a.Budget == b.Budget && slices.Equal(a.Burn, b.Burn) && a.Revision == b.Revision && a.LastSample.Equal(b.LastSample) &&
		a.Dropped == b.Dropped && slices.Equal(a.Corrections, b.Corrections) && len(a.Parts) == len(b.Parts)
}

// zonesByName compares the zones of calendar windows, which are loaded anew with each version.
var zonesByName = cmp.Comparer(func(a, b *slo.Calendar) bool {
	return a == b || a != nil && b != nil && fmt.Sprint(*a) == fmt.Sprint(*b)
})
