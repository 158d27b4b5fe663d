package collectors_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"pgregory.net/rapid"

	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// archive is what a server kept of some targets: scrapes in the order of their time.
type archive []archived

type archived struct {
	target  string
	t       int64
	up      bool
	samples map[string]float64 // by name and code
}

var archiveStart = time.Date(2026, 3, 1, 10, 57, 0, 0, time.UTC)

// drawArchive makes up two targets whose counters grow, begin anew, vanish and come back, and which are down now and then.
func drawArchive(t *rapid.T, scrapes int) archive {
	var all archive
	for _, target := range []string{"a", "b"} {
		at := archiveStart.UnixMilli() + int64(rapid.IntRange(0, 60_000).Draw(t, "first scrape"))
		values := map[string]float64{}
		for range scrapes {
			at += int64(rapid.SampledFrom([]int{15_000, 30_000, 61_000, 200_000}).Draw(t, "interval"))
			e := archived{target: target, t: at, up: rapid.IntRange(0, 9).Draw(t, "down") > 0, samples: map[string]float64{}}
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				clear(values)
			}
			for _, name := range []string{"requests_total/200", "requests_total/500", "errors_total/500"} {
				if rapid.IntRange(0, 2).Draw(t, "serves") > 0 {
					values[name] += float64(rapid.IntRange(0, 4000).Draw(t, "growth")) / 8
				}
			}
			if e.up {
				e.samples = maps.Clone(values)
				if rapid.IntRange(0, 9).Draw(t, "vanish") == 0 {
					delete(e.samples, "requests_total/500")
				}
			}
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b archived) int { return int(a.t - b.t) })
	return all
}

// appendTo hands a scrape on in one transaction.
func (e archived) appendTo(t *rapid.T, to storage.AppendableV2) {
	app := to.AppenderV2(t.Context())
	add := func(name, code string, v float64) {
		ls := labels.FromStrings("__name__", name, "code", code, "instance", e.target, "job", "api")
		if _, err := app.Append(0, ls, 0, e.t, v, nil, nil, storage.AOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.samples)) {
		parts := splitSeries(name)
		add(parts[0], parts[1], e.samples[name])
	}
	up := 0.0
	if e.up {
		up = 1
	}
	add("up", "", up)
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}

// bench is a collector that can crash.
type bench struct {
	now         time.Time
	objectives  []*slo.Objective
	disk        *disk
	ledger      *ledger.Ledger
	collector   *collectors.Collector
	checkpoints *ledger.Checkpointer
}

func newBench(t *rapid.T, now time.Time, objs ...*slo.Objective) *bench {
	b := &bench{now: now, objectives: objs, disk: newDisk()}
	b.start(t)
	return b
}

func (b *bench) start(t *rapid.T) {
	clock := func() time.Time { return b.now }
	b.ledger = ledger.New(ledger.Config{Now: clock})
	if err := b.disk.load(b.ledger); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.collector, err = collectors.New(collectors.Config{Ledger: b.ledger, Now: clock}); err != nil {
		t.Fatal(err)
	}
	if err := b.collector.SetObjectives(b.objectives); err != nil {
		t.Fatal(err)
	}
	b.checkpoints = &ledger.Checkpointer{Ledger: b.ledger, Store: b.disk}
}

func (b *bench) save(t *rapid.T) {
	if err := b.checkpoints.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// minutes returns all that the ledger holds of an objective.
func (b *bench) minutes(t *rapid.T, key slo.Key) map[slo.Minute]slo.MinuteCounts {
	r, ok := b.ledger.Reader(key)
	if !ok {
		t.Fatalf("no reader of %s", key)
	}
	all := map[slo.Minute]slo.MinuteCounts{}
	r.Each(0, slo.MinuteOf(b.now)+1, func(m slo.MinuteCounts) bool {
		all[m.Minute] = m
		return true
	})
	return all
}

// History that is filled before, while or after samples are counted live gives what live counting of all of them would have given, to the
// event and the minute, whatever is sent again and wherever the process ends.
func TestHistoryEqualsLiveCounting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := drawArchive(t, 12)
		end := time.UnixMilli(all[len(all)-1].t).Add(time.Second)
		objs := modelObjectives[:2]
		want := newBench(t, end, objs...)
		for _, e := range all {
			e.appendTo(t, want.collector.From("").Late())
		}
		b := newBench(t, end, objs...)
		first := rapid.IntRange(0, len(all)).Draw(t, "goes live at")
		live, past := first, 0
		savedLive, savedPast := live, past
		for live < len(all) || past < len(all) {
			switch rapid.SampledFrom([]string{"live", "history", "history", "again", "save", "crash"}).Draw(t, "action") {
			case "live":
				if live < len(all) {
					all[live].appendTo(t, b.collector.From("").Late())
					live++
				}
			case "history":
				if past < len(all) {
					all[past].appendTo(t, b.collector.History())
					past++
				}
			case "again":
				if past > 0 {
					all[rapid.IntRange(0, past-1).Draw(t, "older")].appendTo(t, b.collector.History())
				}
			case "save":
				b.save(t)
				savedLive, savedPast = live, past
			case "crash":
				b.start(t)
				live, past = savedLive, savedPast
			}
		}
		for _, o := range objs {
			if diff := cmp.Diff(counts(want.minutes(t, o.Key)), counts(b.minutes(t, o.Key))); diff != "" {
				t.Fatalf("%s, live from %d of %d (-all live +with history):\n%s%s", o.Key, first, len(all), diff, describeArchive(all))
			}
		}
	})
}

func counts(all map[slo.Minute]slo.MinuteCounts) map[slo.Minute]slo.Counts {
	c := map[slo.Minute]slo.Counts{}
	for m, v := range all {
		if v.Counts != (slo.Counts{}) {
			c[m] = v.Counts
		}
	}
	return c
}

func describeArchive(all archive) string {
	var s string
	for i, e := range all {
		s += fmt.Sprintf("%d: %+v\n", i, e)
	}
	return s
}
