package ledger_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// clocked is a ledger whose store is in memory and whose clock the test moves.
type clocked struct {
	*testing.T
	l     *ledger.Ledger
	store *memory
	now   time.Time
}

func newClocked(t *testing.T) *clocked {
	c := &clocked{T: t, store: newMemory(), now: base}
	c.restart()
	return c
}

func (c *clocked) restart() {
	c.Helper()
	c.l = ledger.New(ledger.Config{Now: func() time.Time { return c.now }})
	if err := c.store.load(c.l); err != nil {
		c.Fatal(err)
	}
}

func (c *clocked) save() {
	c.Helper()
	if err := (&ledger.Checkpointer{Ledger: c.l, Store: c.store}).Save(c.Context()); err != nil {
		c.Fatal(err)
	}
}

// promise is an objective with a target in parts per billion.
func promise(target slo.Ratio) *slo.Objective {
	o := objective("video/availability")
	o.Target, o.DisplayName = target, "Availability"
	return o
}

// versions returns the targets of all versions by the day from which they hold.
func (c *clocked) versions() map[int][2]int64 {
	got := map[int][2]int64{}
	for i, v := range c.l.Versions("video/availability") {
		if v.Number != i+1 {
			c.Errorf("version %d is number %d", i+1, v.Number)
		}
		got[v.Number] = [2]int64{int64(v.From.Sub(base) / (24 * time.Hour)), int64(v.Objective.Target / 1_000_000)}
	}
	return got
}

func (c *clocked) want(what string, want map[int][2]int64) {
	c.Helper()
	if diff := cmp.Diff(want, c.versions()); diff != "" {
		c.Errorf("%s: number: {day, target} (-want +got)\n%s", what, diff)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	day := func(n int) { c.now = base.AddDate(0, 0, n) }
	read := func(o *slo.Objective) { c.l.SetObjectives([]*slo.Objective{o}); c.save() }
	from := func(o *slo.Objective, n int) *slo.Objective { o.EffectiveFrom = base.AddDate(0, 0, n); return o }

	read(promise(990e6))
	renamed := promise(990e6)
	renamed.DisplayName, renamed.Owner, renamed.File = "Another", "x", "y.yaml"
	day(1)
	read(renamed)
	c.want("a new name", map[int][2]int64{1: {0, 990}})
	c.restart()
	day(2)
	read(promise(990e6))
	c.want("a restart", map[int][2]int64{1: {0, 990}})
	read(promise(999e6))
	c.want("a change", map[int][2]int64{1: {0, 990}, 2: {2, 999}})
	day(3)
	read(promise(990e6))
	c.l.SetObjectives([]*slo.Objective{promise(980e6)})
	read(promise(990e6))
	c.want("taken back, after one that was not saved", map[int][2]int64{1: {0, 990}, 2: {2, 999}, 3: {3, 990}})
	read(from(promise(950e6), 10))
	c.want("from a date on", map[int][2]int64{1: {0, 990}, 2: {2, 999}, 3: {3, 990}, 4: {10, 950}})
	c.restart()
	day(4)
	read(from(promise(950e6), 10))
	c.want("a restart before that date", map[int][2]int64{1: {0, 990}, 2: {2, 999}, 3: {3, 990}, 4: {10, 950}})
	read(from(promise(950e6), 12))
	c.want("put off", map[int][2]int64{1: {0, 990}, 2: {2, 999}, 3: {3, 990}, 4: {12, 950}})
	read(promise(980e6))
	c.want("replaced before it was in force", map[int][2]int64{1: {0, 990}, 2: {2, 999}, 3: {3, 990}, 4: {4, 980}})
	read(from(promise(950e6), 12))
	day(5)
	read(promise(980e6))
	c.want("given up before it was in force", map[int][2]int64{1: {0, 990}, 2: {2, 999}, 3: {3, 990}, 4: {4, 980}})
	day(20)
	read(from(promise(970e6), 12))
	c.want("a date that has passed", map[int][2]int64{1: {0, 990}, 2: {2, 999}, 3: {3, 990}, 4: {4, 980}, 5: {20, 970}})
	c.restart()
	read(from(promise(970e6), 12))
	for n, target := range map[int]slo.Ratio{-5: 990e6, 0: 990e6, 2: 999e6, 3: 990e6, 4: 980e6, 19: 980e6, 20: 970e6, 100: 970e6} {
		s, _ := c.l.Status("video/availability", base.AddDate(0, 0, n))
		if s.Objective.Target != target || s.Objective.DisplayName != "Availability" {
			t.Errorf("day %d: target %s of %q, want %s", n, s.Objective.Target, s.Objective.DisplayName, target)
		}
	}
}

// TestFollowerTakesTheLeadersVersions: of what both have read, the leader says since when it holds.
func TestFollowerTakesTheLeadersVersions(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	c.l.SetObjectives([]*slo.Objective{promise(990e6)})
	c.save()
	c.now = base.AddDate(0, 0, 1)
	c.l.SetObjectives([]*slo.Objective{promise(999e6)})
	c.save()
	leader := c.l
	c.now = base.AddDate(0, 0, 2)
	c.l = ledger.New(ledger.Config{Now: func() time.Time { return c.now }})
	c.l.SetObjectives([]*slo.Objective{promise(999e6)})
	if err := c.l.ApplyObjective(c.store.state("video/availability")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(leader.Versions("video/availability"), c.l.Versions("video/availability")); diff != "" {
		t.Error(diff)
	}
	state := c.store.state("video/availability")
	state.Versions = append(state.Versions, ledger.VersionState{Number: 7, From: base, Definition: `{}`})
	if err := c.l.ApplyObjective(state); err == nil {
		t.Error("versions with a gap were taken")
	}
}

// TestDefinitionsAreKeptWhole draws objectives and finds them again after a restart with another definition.
func TestDefinitionsAreKeptWhole(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", `sum(a{b="\""})`, "x"})
		o := objective("video/availability")
		o.Target = slo.Ratio(rapid.Int64Range(0, int64(slo.One)-1).Draw(t, "target"))
		o.Method = rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices, slo.Composite}).Draw(t, "method")
		shortest := 0
		if o.Method == slo.Timeslices || o.Method == slo.RatioTimeslices {
			shortest = 1
		}
		o.Slice = slo.Slice{
			Length: time.Duration(rapid.IntRange(shortest, 90).Draw(t, "slice")) * time.Minute,
			Target: slo.Ratio(rapid.Int64Range(0, int64(slo.One)).Draw(t, "slice target")),
		}
		o.Window.Length = time.Duration(rapid.IntRange(1, 100_000).Draw(t, "window")) * time.Minute
		if rapid.Bool().Draw(t, "calendar") {
			zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
			if err != nil {
				t.Fatal(err)
			}
			o.Window.Calendar = &slo.Calendar{Start: time.Date(2026, 1, 1, 7, 30, 0, 0, zone), Unit: slo.Month, Count: rapid.IntRange(1, 12).Draw(t, "count")}
		}
		o.Indicator = slo.Indicator{
			Kind: rapid.SampledFrom([]slo.Kind{slo.Counters, slo.Amounts, slo.Thresholds, slo.Ratios}).Draw(t, "kind"),
			Good: text.Draw(t, "good"), Bad: text.Draw(t, "bad"), Total: text.Draw(t, "total"), Query: text.Draw(t, "query"),
			Op: rapid.SampledFrom([]slo.Op{"", slo.AtMost, slo.MoreThan}).Draw(t, "op"), Failure: rapid.Bool().Draw(t, "failure"), Source: text.Draw(t, "source"),
		}
		if o.Indicator.Kind == slo.Thresholds {
			o.Indicator.Value = rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.Inf(1), 0.1})).Draw(t, "value")
		}
		if o.Method == slo.Composite {
			o.Components = []slo.Component{{Key: "a/b", Weight: slo.Ratio(rapid.Int64Range(1, 9e9).Draw(t, "weight"))}}
		}
		store := newMemory()
		start := func(now time.Time) *ledger.Ledger {
			l := ledger.New(ledger.Config{Now: func() time.Time { return now }})
			if err := store.load(l); err != nil {
				t.Fatal(err)
			}
			return l
		}
		first := start(base)
		first.SetObjectives([]*slo.Objective{o})
		if err := (&ledger.Checkpointer{Ledger: first, Store: store}).Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := start(base.Add(time.Hour))
		changed := *o
		changed.Target = (changed.Target + 1) % slo.One
		second.SetObjectives([]*slo.Objective{&changed})
		want := slo.Versions{{Number: 1, From: base, Objective: o}, {Number: 2, From: base.Add(time.Hour), Objective: &changed}}
		if diff := cmp.Diff(want, second.Versions(o.Key), cmp.Comparer(sameTime)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// sameTime also compares the zones, in which a calendar counts its days.
// A definition that nothing could be evaluated by would stop the process that reads it.
func TestDefinitionsThatCannotBeEvaluated(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{
		`{`: "unexpected end",
		`{"method":"Timeslices","window":{"minutes":60}}`:                                                                   "its slices have 0s",
		`{"method":"RatioTimeslices","window":{"minutes":60},"slice":{"minutes":-5}}`:                                       "its slices have -5m0s",
		`{"method":"Occurrences","window":{"minutes":0}}`:                                                                   "its window has 0s",
		`{"method":"Occurrences","window":{"minutes":60,"calendar":{"zone":"Nowhere/At","unit":"d","count":1}}}`:            "zone of its window",
		`{"method":"Occurrences","window":{"minutes":60,"calendar":{"start":"2026-01-01T00:00:00Z","unit":"x","count":1}}}`: `no periods of 1 "x"`,
		`{"method":"Occurrences","window":{"minutes":60,"calendar":{"start":"2026-01-01T00:00:00Z","unit":"d","count":0}}}`: `no periods of 0 "d"`,
		`{"method":"Occurrences","window":{"minutes":60},"indicator":{"kind":"threshold","value":"many"}}`:                  "threshold",
	} {
		l := ledger.New(ledger.Config{})
		err := l.RestoreObjective(ledger.ObjectiveState{Key: "s/a", Versions: []ledger.VersionState{{Number: 1, From: base, Definition: stored}}})
		if !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", stored, err, want)
		}
		if got := l.Versions("s/a"); got != nil {
			t.Errorf("%s: %d versions were taken in", stored, len(got))
		}
	}
}

func sameTime(a, b time.Time) bool {
	return a.Equal(b) && a.Location().String() == b.Location().String()
}

// A definition that was read but not saved leaves no trace when the same is to hold from a later date on.
func TestPostponedBeforeItWasSaved(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	c.l.SetObjectives([]*slo.Objective{promise(990_000_000)})
	c.save()
	c.now = base.Add(24 * time.Hour)
	stricter := promise(999_000_000)
	c.l.SetObjectives([]*slo.Objective{stricter})
	later := *stricter
	later.EffectiveFrom = base.Add(3 * 24 * time.Hour)
	c.l.SetObjectives([]*slo.Objective{&later})
	if diff := cmp.Diff(map[int][2]int64{1: {0, 990}, 2: {3, 999}}, c.versions()); diff != "" {
		t.Errorf("versions by day and target (-want +got)\n%s", diff)
	}
}
