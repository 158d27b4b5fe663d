package ledger_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// machine runs a ledger and its oracle side by side through commits, saves, crashes and reloads.
type machine struct {
	l           *ledger.Ledger
	checkpoints *ledger.Checkpointer
	store       *memory
	now         int64 // Unix milliseconds of the newest sample

	want, saved           map[slo.Key]*oracle
	cursors, savedCursors map[string]int64
	active                map[slo.Key]bool
	corrections           []slo.Correction
	reader, readerWant    slo.Reader // taken earlier
}

var keys = []slo.Key{"a/availability", "a/latency", "b/availability"}

const days = 24 * int64(time.Hour/time.Millisecond)

func newMachine(t *rapid.T) *machine {
	m := &machine{
		store: newMemory(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(),
		want: map[slo.Key]*oracle{}, saved: map[slo.Key]*oracle{}, cursors: map[string]int64{}, savedCursors: map[string]int64{},
	}
	for _, k := range keys {
		m.want[k], m.saved[k] = newOracle(), newOracle()
	}
	m.start(t)
	return m
}

func (m *machine) start(t *rapid.T) {
	m.l = ledger.New(ledger.Config{})
	m.checkpoints = &ledger.Checkpointer{Ledger: m.l, Store: m.store}
	if err := m.store.load(m.l); err != nil {
		t.Fatal(err)
	}
	m.setObjectives(keys)
	m.l.SetCorrections(m.corrections)
	m.reader = nil
}

func (m *machine) setObjectives(keys []slo.Key) {
	m.active = map[slo.Key]bool{}
	for _, k := range keys {
		m.active[k] = true
	}
	m.l.SetObjectives(objectives(keys))
}

func objectives(keys []slo.Key) []*slo.Objective {
	var objs []*slo.Objective
	for _, k := range keys {
		o := &slo.Objective{Key: k, Service: k.Service(), Target: 999_000_000, Window: slo.Window{Length: 24 * time.Hour}, Method: slo.Occurrences}
		switch k {
		case "a/latency":
			o.Method, o.Slice = slo.Timeslices, slo.Slice{Length: 7 * time.Minute, Target: 900_000_000}
		case "b/availability":
			o.Method, o.Slice = slo.RatioTimeslices, slo.Slice{Length: 90 * time.Minute}
		}
		objs = append(objs, o)
	}
	return objs
}

// judged is what the oracle's events of a key come to.
func (m *machine) judged(key slo.Key) slo.Reader {
	return slo.View(objectives([]slo.Key{key})[0], m.want[key].clone(), m.corrections)
}

// Correct makes corrections or takes some back.
func (m *machine) Correct(t *rapid.T) {
	m.corrections = nil
	for range rapid.IntRange(0, 3).Draw(t, "corrections") {
		from := time.UnixMilli(m.now).UTC().Truncate(time.Minute).Add(-time.Duration(rapid.IntRange(-200, 3000).Draw(t, "from")) * time.Minute)
		m.corrections = append(m.corrections, slo.Correction{
			From: from, To: from.Add(time.Duration(rapid.IntRange(1, 500).Draw(t, "length")) * time.Minute),
			Service: rapid.SampledFrom([]string{"", "a"}).Draw(t, "service"),
			Effect:  rapid.SampledFrom([]slo.Effect{slo.Exclude, slo.CountGood}).Draw(t, "effect"),
			Reason:  "maintenance", By: "ann", At: time.UnixMilli(m.now).UTC(),
		})
	}
	m.l.SetCorrections(m.corrections)
}

func (m *machine) key(t *rapid.T) slo.Key {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m.active))).Draw(t, "objective")
}

// instant draws the time of a sample: mostly the next one, sometimes after a gap, sometimes late.
func (m *machine) instant(t *rapid.T) int64 {
	switch rapid.IntRange(0, 9).Draw(t, "when") {
	case 0:
		return m.now - rapid.Int64Range(0, 2*days).Draw(t, "late by")
	case 1:
		m.now += rapid.Int64Range(0, days).Draw(t, "gap")
	case 2:
		m.now += 60_000 - m.now%60_000 // on the minute
	default:
		m.now += rapid.Int64Range(0, 90_000).Draw(t, "step")
	}
	return m.now
}

func (m *machine) Commit(t *rapid.T) {
	var b ledger.Batch
	for range rapid.IntRange(1, 4).Draw(t, "increments") {
		key := m.key(t)
		ref, _ := m.l.Ref(key)
		to := m.instant(t)
		length := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 60_000), rapid.Int64Range(0, days)).Draw(t, "length")
		events := rapid.OneOf(rapid.Int64Range(-20, 2000), rapid.Int64Range(-1<<34, 1<<34))
		inc := ledger.Increment{Objective: ref, From: to - length, To: to, Good: events.Draw(t, "good"), Total: events.Draw(t, "total")}
		b.Increments = append(b.Increments, inc)
		m.want[key].add(inc)
		if rapid.Bool().Draw(t, "observe") {
			b.Observations = append(b.Observations, ledger.Observation{Objective: ref, At: to})
			m.want[key].observe(to)
		}
		series := string(key)
		b.Cursors = append(b.Cursors, &ledger.Cursor{Key: series, T: to, Value: 1})
		m.cursors[series] = to
	}
	m.l.Commit(&b)
}

func (m *machine) Save(t *rapid.T) {
	m.store.down = rapid.IntRange(0, 3).Draw(t, "down") == 0
	err := m.checkpoints.Save(t.Context())
	switch {
	case m.store.down && !errors.Is(err, errDown):
		t.Fatalf("save to a store that is down: %v", err)
	case m.store.down:
		return
	case err != nil:
		t.Fatal(err)
	}
	for k, o := range m.want {
		m.saved[k] = o.clone()
	}
	m.savedCursors = maps.Clone(m.cursors)
}

func (m *machine) Crash(t *rapid.T) {
	for k, o := range m.saved {
		m.want[k] = o.clone()
	}
	m.cursors = maps.Clone(m.savedCursors)
	m.start(t)
}

func (m *machine) SetObjectives(t *rapid.T) {
	m.setObjectives(rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 1, len(keys), rapid.ID).Draw(t, "objectives"))
}

func (m *machine) KeepReader(t *rapid.T) {
	key := m.key(t)
	m.reader, _ = m.l.Reader(key)
	m.readerWant = m.judged(key)
}

// Check compares windows, minutes and cursors.
func (m *machine) Check(t *rapid.T) {
	key := m.key(t)
	r, ok := m.l.Reader(key)
	if !ok {
		t.Fatalf("no reader of %s", key)
	}
	m.compare(t, r, m.judged(key))
	if m.reader != nil {
		m.compare(t, m.reader, m.readerWant)
	}
	for series, at := range m.cursors {
		if c, ok := m.l.Cursor(series); !ok || c.T != at {
			t.Fatalf("cursor of %s is %+v, want T=%d", series, c, at)
		}
	}
}

func (m *machine) compare(t *rapid.T, r slo.Reader, want slo.Reader) {
	to := minuteOf(m.now) + slo.Minute(rapid.IntRange(-3000, 200).Draw(t, "end"))
	from := to - slo.Minute(rapid.OneOf(rapid.IntRange(0, 130), rapid.IntRange(0, 5000)).Draw(t, "minutes"))
	if diff := cmp.Diff(want.Read(from, to), r.Read(from, to)); diff != "" {
		t.Fatalf("Read(%d, %d): (-want +got)\n%s", from, to, diff)
	}
	if diff := cmp.Diff(all(want, from, to), all(r, from, to)); diff != "" {
		t.Fatalf("Each(%d, %d): (-want +got)\n%s", from, to, diff)
	}
}

func all(r slo.Reader, from, to slo.Minute) (minutes []slo.MinuteCounts) {
	r.Each(from, to, func(c slo.MinuteCounts) bool { minutes = append(minutes, c); return true })
	return minutes
}

func TestAgainstOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"commit":        m.Commit,
			"commit again":  m.Commit,
			"save":          m.Save,
			"crash":         m.Crash,
			"correct":       m.Correct,
			"setObjectives": m.SetObjectives,
			"keepReader":    m.KeepReader,
			"":              m.Check,
		})
	})
}
