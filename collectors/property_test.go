package collectors_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"pgregory.net/rapid"

	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// The objectives of the model. The last one comes and goes with reloads; none of its selectors is another's.
var modelObjectives = []*slo.Objective{
	objective("s/good", slo.Indicator{Good: `sum(rate(requests_total{code="200"}[5m]))`, Total: `sum(requests_total)`}),
	objective("s/bad", slo.Indicator{Bad: `errors_total`, Total: `sum(requests_total{code=~"2.."}) - requests_total{instance="b"}`}),
	objective("s/late", slo.Indicator{Good: `late_total`, Total: `sum(late_total) + sum(requests_total{code!=""})`}),
}

func objective(key slo.Key, ind slo.Indicator) *slo.Objective {
	return &slo.Objective{
		Key: key, Service: key.Service(), DisplayName: string(key), Target: 999_000_000,
		Window: slo.Window{Length: 30 * 24 * time.Hour}, Method: slo.Occurrences, Indicator: ind,
	}
}

// modelWeights says by hand what an event of each series adds to each objective.
func modelWeights() map[string]map[string]slo.Counts {
	w := map[string]map[string]slo.Counts{"s/good": {}, "s/bad": {}, "s/late": {}}
	for _, i := range []string{"a", "b"} {
		w["s/good"]["requests_total/200/"+i] = slo.Counts{Good: 1, Total: 1}
		w["s/good"]["requests_total/500/"+i] = slo.Counts{Total: 1}
		w["s/bad"]["errors_total/500/"+i] = slo.Counts{Good: -1}
		w["s/late"]["late_total/200/"+i] = slo.Counts{Good: 1, Total: 1}
		w["s/late"]["late_total/500/"+i] = slo.Counts{Good: 1, Total: 1}
		w["s/late"]["requests_total/200/"+i] = slo.Counts{Total: 1}
		w["s/late"]["requests_total/500/"+i] = slo.Counts{Total: 1}
		w["s/bad"]["errors_total/200/"+i] = slo.Counts{Good: -1}
	}
	w["s/bad"]["requests_total/200/a"] = slo.Counts{Good: 1, Total: 1}
	w["s/bad"]["requests_total/500/b"] = slo.Counts{Good: -1, Total: -1}
	return w
}

// process is a program with counters that is scraped.
type process struct {
	instance string
	starts   bool  // it exposes start timestamps
	skew     int64 // of its clock, in milliseconds
	counters map[string]*counter
	refs     map[string]storage.SeriesRef // as the scraper caches them
	sent     []entry                      // for sending again
	heard    int64                        // the newest scrape that was committed since the collector began
}

type counter struct {
	started int64
	value   float64
}

// model drives a collector and the oracle through the same history.
type model struct {
	now       int64 // Unix milliseconds
	processes []*process
	wanted    []*slo.Objective

	ledger      *ledger.Ledger
	collector   *collectors.Collector
	disk        *disk
	checkpoints *ledger.Checkpointer
	log         []entry
	saved       int // how much of the log the disk has
	oracle      oracle
}

func newModel(t *rapid.T) *model {
	m := &model{
		now:    time.Date(2026, 3, 1, 10, 58, 30, 0, time.UTC).UnixMilli(),
		wanted: modelObjectives[:2],
		disk:   newDisk(),
		oracle: oracle{modelWeights()},
	}
	for _, i := range []string{"a", "b"} {
		m.processes = append(m.processes, &process{
			skew:     rapid.SampledFrom([]int64{0, 0, 20_000, -20_000}).Draw(t, "skew"),
			instance: i, starts: rapid.Bool().Draw(t, "starts"), counters: map[string]*counter{}, refs: map[string]storage.SeriesRef{},
		})
	}
	m.start(t)
	return m
}

// start makes a collector with what the disk has.
func (m *model) start(t *rapid.T) {
	now := func() time.Time { return time.UnixMilli(m.now) }
	m.ledger = ledger.New(ledger.Config{Now: now})
	if err := m.disk.load(m.ledger); err != nil {
		t.Fatal(err)
	}
	var err error
	if m.collector, err = collectors.New(collectors.Config{Ledger: m.ledger, Now: now, Horizon: horizon}); err != nil {
		t.Fatal(err)
	}
	if err := m.collector.SetObjectives(m.wanted); err != nil {
		t.Fatal(err)
	}
	m.checkpoints = &ledger.Checkpointer{Ledger: m.ledger, Store: m.disk}
	for _, p := range m.processes {
		clear(p.refs)
		p.heard = 0
		// A target is remembered when it is first met. The oracle takes that to be at once.
		app := m.collector.AppenderV2(t.Context())
		m.appendSample(t, app, 0, rawSample{series: "up//" + p.instance, t: m.now, v: 1})
		if err := app.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *model) pass(t *rapid.T) {
	m.wait(t, rapid.OneOf(rapid.Int64Range(1, 90_000), rapid.Int64Range(1, 20*60_000)).Draw(t, "pass"))
}

// wait lets time pass, but scrapes every process often enough for the collector not to forget its target: what it forgets after an hour the
// oracle would remember.
func (m *model) wait(t *rapid.T, millis int64) {
	m.now += millis
	for _, p := range m.processes {
		if m.now-p.heard > 30*60_000 {
			m.append(t, p, m.expose(p), true)
		}
	}
}

func (m *model) pick(t *rapid.T) *process {
	return m.processes[rapid.IntRange(0, len(m.processes)-1).Draw(t, "process")]
}

// serve lets counters come, go and grow.
func (m *model) serve(t *rapid.T) {
	m.pass(t)
	p := m.pick(t)
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		name := rapid.SampledFrom([]string{"requests_total", "errors_total", "late_total", "junk_total"}).Draw(t, "name") +
			rapid.SampledFrom([]string{"/200/", "/500/"}).Draw(t, "code") + p.instance
		c := p.counters[name]
		if c == nil {
			c = &counter{started: m.now + p.skew}
			p.counters[name] = c
		}
		if rapid.IntRange(0, 9).Draw(t, "vanish") == 0 {
			delete(p.counters, name)
			continue
		}
		c.value += float64(rapid.IntRange(0, 4000).Draw(t, "growth")) / 8
	}
}

// crashProcess restarts a scraped program.
func (m *model) crashProcess(t *rapid.T) {
	m.pass(t)
	p := m.pick(t)
	for _, c := range p.counters {
		*c = counter{started: m.now + p.skew}
	}
}

// expose is what a scrape of a process finds.
func (m *model) expose(p *process) entry {
	e := entry{target: p.instance, up: true, t: m.now}
	for _, name := range slices.Sorted(maps.Keys(p.counters)) {
		c, s := p.counters[name], rawSample{series: name, t: m.now}
		if s.v = c.value; p.starts {
			s.st = c.started
		}
		e.samples = append(e.samples, s)
	}
	return e
}

func (m *model) scrape(t *rapid.T) {
	m.pass(t)
	p := m.pick(t)
	e := m.expose(p)
	if rapid.IntRange(0, 5).Draw(t, "held up") > 0 {
		m.append(t, p, e, rapid.IntRange(0, 9).Draw(t, "rollback") > 0)
	}
	p.sent = append(p.sent, e)
}

// sendAgain appends an older scrape once more, as a retry would, or for the first time, if it was held up; perhaps long after.
func (m *model) sendAgain(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "long after") == 0 {
		m.wait(t, horizon.Milliseconds()-1000)
	}
	p := m.pick(t)
	if len(p.sent) > 0 {
		m.append(t, p, rapid.SampledFrom(p.sent).Draw(t, "older"), true)
	}
}

// scrapeFails appends staleness markers and a health of 0.
func (m *model) scrapeFails(t *rapid.T) {
	m.pass(t)
	p := m.pick(t)
	app := m.collector.AppenderV2(t.Context())
	for name, ref := range p.refs {
		m.appendSample(t, app, ref, rawSample{series: name, t: m.now, v: math.Float64frombits(value.StaleNaN)})
	}
	m.appendSample(t, app, p.refs["up//"+p.instance], rawSample{series: "up//" + p.instance, t: m.now})
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	m.log = append(m.log, entry{wanted: keys(m.wanted), target: p.instance, t: m.now, now: m.now})
}

func (m *model) append(t *rapid.T, p *process, e entry, commit bool) {
	app := m.collector.AppenderV2(t.Context())
	all := append(slices.Clone(e.samples), rawSample{series: "up//" + p.instance, t: e.t, v: 1})
	for _, s := range all {
		p.refs[s.series] = m.appendSample(t, app, p.refs[s.series], s)
	}
	e.wanted, e.now = keys(m.wanted), m.now
	end := app.Rollback
	if commit {
		p.heard = max(p.heard, e.t)
		end = app.Commit
		m.log = append(m.log, e)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

func (m *model) appendSample(t *rapid.T, app storage.AppenderV2, ref storage.SeriesRef, s rawSample) storage.SeriesRef {
	var name, code, instance string
	parts := splitSeries(s.series)
	name, code, instance = parts[0], parts[1], parts[2]
	ls := labels.FromStrings("__name__", name, "code", code, "instance", instance, "job", "api")
	ref, err := app.Append(ref, ls, s.st, s.t, s.v, nil, nil, storage.AOptions{})
	if err != nil || ref == 0 {
		t.Fatalf("append %s: %d, %v", s.series, ref, err)
	}
	return ref
}

func splitSeries(s string) [3]string {
	var parts [3]string
	i := 0
	for _, r := range s {
		if r == '/' {
			i++
			continue
		}
		parts[i] += string(r)
	}
	return parts
}

func keys(objs []*slo.Objective) []string {
	var names []string
	for _, o := range objs {
		names = append(names, string(o.Key))
	}
	return names
}

func (m *model) checkpoint(t *rapid.T) {
	if err := m.checkpoints.Save(context.Background()); err != nil {
		t.Fatal(err)
	}
	m.saved = len(m.log)
}

// crash starts anew from the last checkpoint.
func (m *model) crash(t *rapid.T) {
	m.log = append(m.log[:m.saved:m.saved], entry{restart: true, wanted: keys(m.wanted)})
	m.saved = len(m.log) // a restart changes nothing on disk
	m.start(t)
}

func (m *model) reload(t *rapid.T) {
	m.wanted = modelObjectives[:rapid.IntRange(2, 3).Draw(t, "objectives")]
	if err := m.collector.SetObjectives(m.wanted); err != nil {
		t.Fatal(err)
	}
}

// check compares all minutes and some windows.
func (m *model) check(t *rapid.T) {
	want := m.oracle.replay(m.log)
	now := slo.Minute(m.now/60_000) + 20
	for _, o := range m.wanted {
		r, ok := m.ledger.Reader(o.Key)
		if !ok {
			t.Fatalf("no reader of %s", o.Key)
		}
		got, expected := minutes{}, minutes{}
		r.Each(0, now, func(c slo.MinuteCounts) bool {
			if c.Counts != (slo.Counts{}) {
				got[c.Minute] = c.Counts
			}
			return true
		})
		for minute, c := range want[string(o.Key)] {
			if c != (slo.Counts{}) {
				expected[minute] = c
			}
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Fatalf("minutes of %s (-oracle +ledger):\n%s\nlog:\n%s", o.Key, diff, describe(m.log))
		}
		from := now - slo.Minute(rapid.IntRange(1, 500).Draw(t, "window"))
		var sum slo.Counts
		for minute, c := range expected {
			if minute > from && minute <= now {
				sum = sum.Add(c)
			}
		}
		if w := r.Read(from, now); w.Counts != sum {
			t.Fatalf("window (%d, %d] of %s: %+v, want %+v", from, now, o.Key, w.Counts, sum)
		}
	}
}

func describe(log []entry) string {
	var s string
	for _, e := range log {
		s += fmt.Sprintf("%+v\n", e)
	}
	return s
}

// For all histories the ledger holds what a replay of the raw samples gives, to the event.
func TestCollectorAgreesWithReplay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"check":        m.check,
			"scrape":       m.scrape,
			"scrape too":   m.scrape,
			"scrape fails": m.scrapeFails,
			"send again":   m.sendAgain,
			"serve":        m.serve,
			"serve too":    m.serve,
			"crash target": m.crashProcess,
			"checkpoint":   m.checkpoint,
			"crash":        m.crash,
			"reload":       m.reload,
		})
		m.check(t)
	})
}
