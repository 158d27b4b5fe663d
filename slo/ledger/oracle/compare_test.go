package oracle_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// check compares what Plimsoll says with a replay of the log.
func (h *history) check(ctx context.Context) error {
	origin := slo.MinuteOf(start) - before
	r := newReplay(origin, h.length, h.saw)
	r.run(h.log)
	if err := h.compareAll(court{books: r.books, versions: h.versions, corrections: h.corrections, origin: origin, length: h.length}); err != nil {
		return err
	}
	return h.compareFollower(ctx)
}

// compareAll compares all objectives and their children.
func (h *history) compareAll(c court) error {
	c.defined, c.verdicts = map[slo.Key]bool{}, map[matter]verdict{}
	for _, p := range h.promises {
		c.defined[p.key] = true
	}
	for _, p := range h.promises {
		if err := h.compareOne(c, p.objective); err != nil {
			return fmt.Errorf("%w: %w", errDiffers, err)
		}
	}
	for parent, keys := range h.children() {
		p := h.promises[slices.IndexFunc(h.promises, func(p promise) bool { return p.key == parent })]
		if len(keys) > p.objective.MaxChildren {
			return fmt.Errorf("%w: %s has %d children, at most %d are allowed", errDiffers, parent, len(keys), p.objective.MaxChildren)
		}
		for _, key := range keys {
			h.saw(sawChild)
			c.books[key] = h.seenLike(c, key)
			if err := h.compareOne(c, p.child(key).objective); err != nil {
				return fmt.Errorf("%w: %w", errDiffers, err)
			}
		}
	}
	return nil
}

// seenLike returns the book of a child in which it was observed when Plimsoll says, as far as that depends on when it was found: wherever it is
// filled, and while it had no events.
func (h *history) seenLike(c court, key slo.Key) *book {
	b := newBook(c.length)
	if c.books[key] != nil {
		b = c.books[key].clone()
	}
	if !h.filled && !b.wasIdle() {
		return b
	}
	b.last = 0
	if s, ok := h.ledger.Status(key, h.clock()); ok && !s.LastSample.IsZero() {
		b.last = s.LastSample.UnixMilli()
	}
	if r, ok := h.ledger.Reader(key); ok {
		if l, ok := r.(slo.Layered); ok {
			r = l.Raw()
		}
		seen := make([]bool, c.length)
		r.Each(c.origin-1, c.origin+slo.Minute(c.length), func(m slo.MinuteCounts) bool { seen[m.Minute-c.origin] = m.Observed; return true })
		for i := range seen {
			if h.filled || b.idle[i] {
				b.observed[i] = seen[i]
			}
		}
	}
	return b
}

// wasIdle reports whether a child was perhaps observed while it had no events. Its revision depends on that, too.
func (b *book) wasIdle() bool { return b != nil && b.idle != nil }

// compareOne compares an objective as of now, or of another time.
func (h *history) compareOne(c court, o *slo.Objective) error {
	at := h.clock()
	for _, past := range []bool{false, true} {
		if past && h.one(2) {
			continue
		}
		if past {
			h.saw(sawPast)
			at = at.Add(time.Duration(h.rng.Int64N(30*hour)-24*hour) * time.Millisecond)
		}
		if err := h.compare(c, o, at); err != nil {
			return fmt.Errorf("%s as of %s: %w", o.Key, at.UTC().Format(time.DateTime), err)
		}
	}
	return nil
}

// compare compares an objective as of an instant. What is not of its version is as it is defined now.
func (h *history) compare(c court, defined *slo.Objective, at time.Time) error {
	s, ok := h.ledger.Status(defined.Key, at)
	if !ok {
		return fmt.Errorf("there is no status")
	}
	if h.fault.status != nil {
		h.fault.status(&s)
	}
	o, number := c.at(defined.Key, at)
	if s.Version != number || s.Objective.Target != o.Target || s.Objective.Method != o.Method {
		return fmt.Errorf("version %d with target %s, want %d with %s", s.Version, s.Objective.Target, number, o.Target)
	}
	if o.Method == slo.Composite {
		return h.compareComposite(c, o, s)
	}
	v := c.judge(defined.Key, at)
	if h.filled || c.books[defined.Key].wasIdle() {
		v.revision = s.Revision
	}
	h.sawVerdict(o, v, at)
	got := verdict{
		version: s.Version, from: s.From, to: s.To, window: s.Window, raw: s.Raw, spent: v.spent, revision: s.Revision,
		dropped: s.Dropped, corrections: len(s.Corrections), minutes: v.minutes,
	}
	if !s.LastSample.IsZero() {
		got.last = s.LastSample.UnixMilli()
	}
	for _, b := range s.Burn {
		got.burn = append(got.burn, b.Reading)
	}
	now := at.Equal(h.clock())
	if r, ok := h.ledger.Reader(defined.Key); ok && now {
		got.minutes = nil
		r.Each(c.origin-1, s.To, func(m slo.MinuteCounts) bool { got.minutes = append(got.minutes, m); return true })
	}
	if !v.equal(got) {
		return fmt.Errorf("(-replay +ledger)\n%s", cmp.Diff(v, got, cmp.AllowUnexported(verdict{}), cmpopts.IgnoreFields(verdict{}, "holding", "judged", "excluded"),
			cmp.Comparer(func(a, b *big.Rat) bool { return a.Cmp(b) == 0 })))
	}
	if err := compareBudget(s, v.spent); err != nil || !now {
		return err
	}
	if err := h.compareGaps(c, defined, s, v); err != nil || !h.one(12) {
		return err
	}
	return h.compareForecast(c, s, []part{{big.NewRat(1, 1), v, o}})
}

func (h *history) compareComposite(c court, o *slo.Objective, s slo.Status) error {
	h.saw(sawComposite)
	parts := c.parts(o, s.At)
	if len(s.Parts) != len(parts) {
		return fmt.Errorf("%d components, want %d", len(s.Parts), len(parts))
	}
	var revision uint64
	for _, p := range parts {
		revision += p.revision
	}
	if s.Revision != revision && !h.filled {
		return fmt.Errorf("revision %d, want %d", s.Revision, revision)
	}
	if err := compareBudget(s, compose(parts, func(p part) *big.Rat { return p.spent })); err != nil || !s.At.Equal(h.clock()) || !h.one(12) {
		return err
	}
	return h.compareForecast(c, s, parts)
}

// sawVerdict counts what a verdict is about.
func (h *history) sawVerdict(o *slo.Objective, v verdict, at time.Time) {
	if cal := o.Window.Calendar; cal != nil {
		h.saw(sawCalendar)
		begin, next := bounds(cal, at)
		_, early := begin.Time().In(cal.Start.Location()).Zone()
		if _, late := next.Time().In(cal.Start.Location()).Zone(); early != late {
			h.saw(sawLongDay)
		}
	}
	switch o.Method {
	case slo.Timeslices:
		h.saw(sawSlices)
	case slo.RatioTimeslices:
		h.saw(sawShares)
	}
	if v.window.Minutes != int64(v.to-v.from) {
		h.saw(sawExcluded)
	}
	if v.spent.Cmp(big.NewRat(1, 1)) >= 0 {
		h.saw(sawOverspent)
	}
}

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

// compareFollower holds a follower, which went along block by block, against a ledger that has loaded everything. Before that the leader saves
// which versions it has read: since when they are in force, others know only from there.
func (h *history) compareFollower(ctx context.Context) error {
	if h.follower == nil || !h.one(3) {
		return nil
	}
	h.saw(sawFollower)
	if !maps.EqualFunc(h.versions, h.savedVersions, alike) {
		if err := h.save(ctx); err != nil {
			return err
		}
	}
	loaded := ledger.New(ledger.Config{Now: h.clock})
	if err := h.disk.load(loaded); err != nil {
		return err
	}
	for _, l := range []*ledger.Ledger{loaded, h.follower} {
		l.SetCorrections(h.corrections)
		l.SetObjectives(h.objectives())
	}
	want, got := loaded.Statuses(h.clock()), h.follower.Statuses(h.clock())
	if !slices.EqualFunc(want, got, sameStatus) {
		return fmt.Errorf("%w: a follower (-loaded +followed)\n%s", errDiffers, cmp.Diff(want, got, zonesByName))
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
