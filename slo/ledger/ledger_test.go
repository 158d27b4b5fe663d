package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

var base = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func objective(key slo.Key) *slo.Objective {
	return &slo.Objective{Key: key, Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
}

// newLedger returns a ledger with one objective, whose Ref is 0.
func newLedger(cfg ledger.Config) *ledger.Ledger {
	l := ledger.New(cfg)
	l.SetObjectives([]*slo.Objective{objective("video/availability")})
	return l
}

func increment(from, to time.Time, good, total int64) *ledger.Batch {
	return &ledger.Batch{Increments: []ledger.Increment{{From: from.UnixMilli(), To: to.UnixMilli(), Good: good, Total: total}}}
}

func contents(t *testing.T, l *ledger.Ledger) map[time.Duration]slo.Counts {
	t.Helper()
	r, ok := l.Reader("video/availability")
	if !ok {
		t.Fatal("no reader")
	}
	got := map[time.Duration]slo.Counts{}
	from := slo.MinuteOf(base)
	r.Each(from-100_000, from+100_000, func(m slo.MinuteCounts) bool {
		got[m.Minute.Time().Sub(base)] = m.Counts
		return true
	})
	return got
}

func TestIncrementIsSpread(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		name  string
		batch *ledger.Batch
		want  map[time.Duration]slo.Counts
	}{
		{"within a minute", increment(at(5), at(20), 9, 10), map[time.Duration]slo.Counts{0: {Good: 9, Total: 10}}},
		{"an instant", increment(at(60), at(60), 9, 10), map[time.Duration]slo.Counts{time.Minute: {Good: 9, Total: 10}}},
		{"until the end of a minute", increment(at(45), at(60), 9, 10), map[time.Duration]slo.Counts{0: {Good: 9, Total: 10}}},
		{"from the end of a minute", increment(at(60), at(75), 9, 10), map[time.Duration]slo.Counts{time.Minute: {Good: 9, Total: 10}}},
		{"across a minute", increment(at(50), at(65), 9, 10), map[time.Duration]slo.Counts{0: {Good: 6, Total: 6}, time.Minute: {Good: 3, Total: 4}}},
		{"across three", increment(at(30), at(150), 3, 4), map[time.Duration]slo.Counts{0: {Total: 1}, time.Minute: {Good: 2, Total: 2}, 2 * time.Minute: {Good: 1, Total: 1}}},
		{"taken back", increment(at(50), at(65), -3, 0), map[time.Duration]slo.Counts{0: {Good: -2}, time.Minute: {Good: -1}}},
		{"backwards", increment(at(65), at(50), 1, 1), map[time.Duration]slo.Counts{0: {Good: 1, Total: 1}}},
		{"across an hour", increment(at(3540), at(3660), 10, 10), map[time.Duration]slo.Counts{59 * time.Minute: {Good: 5, Total: 5}, time.Hour: {Good: 5, Total: 5}}},
	} {
		l := newLedger(ledger.Config{})
		l.Commit(c.batch)
		if diff := cmp.Diff(c.want, contents(t, l)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	l := newLedger(ledger.Config{Retention: 10 * time.Hour})
	for h := range 30 {
		at := base.Add(time.Duration(h) * time.Hour)
		l.Commit(increment(at, at, 1, 1))
	}
	hours := 12 // ten closed and two open
	if got := len(contents(t, l)); got != hours {
		t.Errorf("%d hours are kept, want %d", got, hours)
	}
	l.Commit(increment(base, base, 1, 1))
	l.Commit(increment(base.Add(17*time.Hour), base.Add(19*time.Hour), 60, 60)) // the second half is kept
	if got := l.Refusals(); got.Old != 2 {
		t.Errorf("refusals %+v, want 2 old ones", got)
	}
	if got := contents(t, l)[18*time.Hour]; got != (slo.Counts{Good: 1, Total: 1}) {
		t.Errorf("first minute that is kept holds %+v, want its own event and none of the half event of the increment", got)
	}
	l.Commit(increment(time.UnixMilli(-1<<60), base.Add(19*time.Hour), 1<<60, 1<<60)) // must not be walked minute by minute
	l.Commit(increment(time.UnixMilli(-2), time.UnixMilli(-1), 1, 1))
	if got := l.Refusals(); got.Old != 4 {
		t.Errorf("refusals %+v, want 4 old ones", got)
	}
	far := base.Add(1000 * time.Hour)
	l.Commit(increment(far, far, 1, 1))
	if diff := cmp.Diff(map[time.Duration]slo.Counts{1000 * time.Hour: {Good: 1, Total: 1}}, contents(t, l)); diff != "" {
		t.Errorf("after a leap: (-want +got)\n%s", diff)
	}
}

func TestEventsFromTheFutureAreRefused(t *testing.T) {
	t.Parallel()
	l := newLedger(ledger.Config{Now: func() time.Time { return base }})
	soon, late := base.Add(30*time.Minute), base.Add(2*time.Hour)
	for _, at := range []time.Time{soon, late} {
		l.Commit(increment(at, at, 1, 1))
		l.Commit(&ledger.Batch{Observations: []ledger.Observation{{At: at.UnixMilli()}}})
	}
	if got := l.Refusals(); got.Future != 2 || got.Old != 0 {
		t.Errorf("refusals %+v, want 2 of the future", got)
	}
	if diff := cmp.Diff(map[time.Duration]slo.Counts{30 * time.Minute: {Good: 1, Total: 1}}, contents(t, l)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRevisionGrowsWithClosedMinutesOnly(t *testing.T) {
	t.Parallel()
	l := newLedger(ledger.Config{})
	revision := func() uint64 {
		s, _ := l.Status("video/availability", base)
		return s.Revision
	}
	for m := range 600 {
		at := base.Add(time.Duration(m) * time.Minute)
		l.Commit(increment(at.Add(-30*time.Second), at.Add(30*time.Second), 9, 10))
	}
	if got := revision(); got != 0 {
		t.Errorf("revision %d after steady samples, want 0", got)
	}
	l.Commit(increment(base, base.Add(time.Minute), 1, 1))
	if got := revision(); got != 1 {
		t.Errorf("revision %d after late data, want 1", got)
	}
	seen := &ledger.Batch{Observations: []ledger.Observation{{At: base.UnixMilli()}}}
	l.Commit(seen)
	l.Commit(seen) // changes nothing
	if got := revision(); got != 2 {
		t.Errorf("revision %d after a late observation, want 2", got)
	}
}

func TestSetObjectives(t *testing.T) {
	t.Parallel()
	l := ledger.New(ledger.Config{Now: func() time.Time { return base }})
	a, b := objective("a/x"), objective("b/x")
	l.SetObjectives([]*slo.Objective{b, a})
	if diff := cmp.Diff([]*slo.Objective{a, b}, l.Objectives()); diff != "" {
		t.Fatalf("objectives by key: (-want +got)\n%s", diff)
	}
	ref, ok := l.Ref("a/x")
	if !ok {
		t.Fatal("a/x has no ref")
	}
	l.Commit(&ledger.Batch{Increments: []ledger.Increment{{Objective: ref, From: base.UnixMilli(), To: base.UnixMilli(), Good: 1, Total: 1}}})
	l.SetObjectives([]*slo.Objective{b})
	_, hasRef := l.Ref("a/x")
	_, hasReader := l.Reader("a/x")
	_, hasStatus := l.Status("a/x", base)
	_, hasForecast := l.Forecast("a/x", base, slo.AsMeasured)
	if hasRef || hasReader || hasStatus || hasForecast || len(l.Statuses(base)) != 1 || len(l.Objectives()) != 1 {
		t.Error("a removed objective is still there")
	}
	tightened := objective("a/x")
	tightened.Target = 999_900_000
	l.SetObjectives([]*slo.Objective{b, tightened})
	s, _ := l.Status("a/x", base)
	if s.Window.Total != 1 || s.Objective != tightened {
		t.Errorf("status of the objective that is back: %+v", s)
	}
	if again, _ := l.Ref("a/x"); again != ref {
		t.Errorf("its ref is %d, was %d", again, ref)
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	l := newLedger(ledger.Config{})
	version, changed := l.Version(), l.Changed()
	select {
	case <-changed:
		t.Fatal("changed before anything was committed")
	default:
	}
	l.Commit(increment(base, base, 1, 1))
	<-changed
	if l.Version() <= version {
		t.Errorf("version %d, was %d", l.Version(), version)
	}
}

// TestConcurrentUse lets everything happen at once. Each batch keeps good and total equal and adds one observed minute, so
// that whoever saw half of one would notice.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	l := newLedger(ledger.Config{})
	store := newMemory()
	checkpoints := &ledger.Checkpointer{Ledger: l, Store: store}
	const hours = 100
	done := make(chan struct{})
	var readers sync.WaitGroup
	check := func(r slo.Reading) {
		if r.Good != r.Total || r.Total != r.Observed {
			t.Errorf("half a batch was seen: %+v", r)
		}
	}
	until := func(f func()) {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					f()
				}
			}
		})
	}
	end := slo.MinuteOf(base) + hours*60
	until(func() {
		r, _ := l.Reader("video/availability")
		whole := r.Read(end-hours*60-1, end)
		check(whole)
		var each slo.Reading
		r.Each(end-hours*60-1, end, func(m slo.MinuteCounts) bool {
			each.Counts = each.Counts.Add(m.Counts)
			each.Observed++
			return true
		})
		if each.Counts != whole.Counts || each.Observed != whole.Observed {
			t.Errorf("one reader gave %+v and %+v", whole, each)
		}
	})
	until(func() { check(l.Statuses(end.Time())[0].Window) })
	until(func() {
		if err := checkpoints.Save(t.Context()); err != nil {
			t.Error(err)
		}
	})
	until(func() { l.SetObjectives([]*slo.Objective{objective("video/availability")}) })
	for m := range hours * 60 {
		at := base.Add(time.Duration((m*7)%(hours*60)) * time.Minute) // much of it late
		b := increment(at, at, 1, 1)
		b.Observations = []ledger.Observation{{At: at.UnixMilli()}}
		b.Cursors = []*ledger.Cursor{{Key: "requests", T: at.UnixMilli()}}
		l.Commit(b)
	}
	close(done)
	readers.Wait()
	if err := checkpoints.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	restored := ledger.New(ledger.Config{})
	if err := store.load(restored); err != nil {
		t.Fatal(err)
	}
	restored.SetObjectives([]*slo.Objective{objective("video/availability")})
	s, _ := restored.Status("video/availability", end.Time())
	check(s.Window)
	if s.Window.Total != hours*60 {
		t.Errorf("%d events were stored, want %d", s.Window.Total, hours*60)
	}
}

// Slices of an objective from which nothing is heard leave with its events, as they do in a restart.
func TestSlicesLeaveWithTheirEvents(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	sliced := promise(990e6)
	sliced.Method, sliced.Slice = slo.Timeslices, slo.Slice{Length: time.Minute, Target: 900e6}
	c.l.SetObjectives([]*slo.Objective{sliced, objective("a/other")})
	silent, _ := c.l.Ref(sliced.Key)
	heard, _ := c.l.Ref("a/other")
	at := c.now.UnixMilli()
	c.l.Commit(&ledger.Batch{Increments: []ledger.Increment{{Objective: silent, From: at, To: at, Good: 9, Total: 10}}})
	over := c.now.Add(time.Minute)
	if s, _ := c.l.Status(sliced.Key, over); s.Window.Total != 1 {
		t.Errorf("%d slices, want 1", s.Window.Total)
	}
	c.now = c.now.Add(50 * 24 * time.Hour)
	c.l.Commit(&ledger.Batch{Observations: []ledger.Observation{{Objective: heard, At: c.now.UnixMilli()}}})
	c.save()
	if s, _ := c.l.Status(sliced.Key, over); s.Window.Total != 0 || s.Raw.Total != 0 {
		t.Errorf("%d slices of %d events after the retention", s.Window.Total, s.Raw.Total)
	}
}
