package collectors_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// desk is a collector with one hour of paper before it.
type desk struct {
	*testing.T
	collector *collectors.Collector
	ledger    *ledger.Ledger
	registry  *prometheus.Registry
	start     time.Time
	now       time.Time
}

var observeStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newDesk(t *testing.T, objs ...*slo.Objective) *desk {
	t.Helper()
	d := &desk{T: t, registry: prometheus.NewRegistry(), start: observeStart, now: observeStart.Add(time.Hour)}
	d.ledger = ledger.New(ledger.Config{Now: func() time.Time { return d.now }})
	d.restart(objs...)
	return d
}

// restart replaces the collector by one that knows only what the ledger does.
func (d *desk) restart(objs ...*slo.Objective) {
	d.Helper()
	d.registry = prometheus.NewRegistry()
	var err error
	d.collector, err = collectors.New(collectors.Config{
		Ledger: d.ledger, Registerer: d.registry, Now: func() time.Time { return d.now },
	})
	if err != nil {
		d.Fatal(err)
	}
	d.set(objs...)
}

func (d *desk) set(objs ...*slo.Objective) {
	d.Helper()
	if err := d.collector.SetObjectives(objs); err != nil {
		d.Fatal(err)
	}
}

// scrape commits the samples of a target, taken so long after the start, and its health.
func (d *desk) scrape(after time.Duration, target []string, up float64, points ...[]string) {
	d.Helper()
	app := d.collector.AppenderV2(d.Context())
	at := d.start.Add(after).UnixMilli()
	for _, pairs := range points {
		d.append(app, labels.FromStrings(append(pairs, target...)...), 0, at, float64(after/time.Second))
	}
	d.append(app, labels.FromStrings(append([]string{"__name__", "up"}, target...)...), 0, at, up)
	if err := app.Commit(); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) append(app storage.AppenderV2, ls labels.Labels, st, t int64, v float64) {
	d.Helper()
	if _, err := app.Append(0, ls, st, t, v, nil, nil, storage.AOptions{}); err != nil {
		d.Fatal(err)
	}
}

// observed returns the minutes after the start that are observed.
func (d *desk) observed(key slo.Key) []int {
	d.Helper()
	r, ok := d.ledger.Reader(key)
	if !ok {
		d.Fatalf("no reader of %s", key)
	}
	var seen []int
	first := slo.MinuteOf(d.start)
	r.Each(first-1, first+600, func(c slo.MinuteCounts) bool {
		if c.Observed {
			seen = append(seen, int(c.Minute-first))
		}
		return true
	})
	return seen
}

func (d *desk) wantObserved(key slo.Key, want ...int) {
	d.Helper()
	if diff := cmp.Diff(want, d.observed(key)); diff != "" {
		d.Errorf("observed minutes of %s (-want +got):\n%s", key, diff)
	}
}

var (
	gatewayObjective = objective("video/availability", slo.Indicator{
		Good: `sum(requests_total{role="gateway",code="200"})`, Total: `sum(requests_total{role="gateway"})`,
	})
	gateway = []string{"job", "platform", "instance", "gateway:80"}
	edge    = []string{"job", "platform", "instance", "edge:80"}
	other   = []string{"job", "other", "instance", "other:80"}
	served  = []string{"__name__", "requests_total", "role", "gateway", "code", "200"}
)

// labelled is a target that says which service it belongs to.
func labelled(target []string, service string) []string {
	return append([]string{"service", service}, target...)
}

func TestOnlyHealthyFeedersObserve(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	d.scrape(0, gateway, 1, served)
	d.scrape(0, edge, 1)
	d.scrape(1*time.Minute, gateway, 0)
	d.scrape(1*time.Minute, edge, 1) // does not cover for the gateway
	d.scrape(2*time.Minute, other, 1)
	d.scrape(3*time.Minute, gateway, 1, served)
	d.wantObserved(gatewayObjective.Key, 0, 3)
}

func TestFeedersAreKnownAfterRestart(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	d.scrape(0, gateway, 1, served)
	d.restart(gatewayObjective)
	d.scrape(1*time.Minute, gateway, 0)
	d.scrape(1*time.Minute, edge, 1)
	d.wantObserved(gatewayObjective.Key, 0)
}

func TestReplacedInstancesStandIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	d.scrape(0, gateway, 1, served)
	fresh := []string{"job", "platform", "instance", "gateway-2:80"}
	d.scrape(4*time.Minute, fresh, 1)  // the old instance may be back
	d.scrape(7*time.Minute, fresh, 1)  // it is gone
	d.scrape(7*time.Minute, other, 1)  // never fed it
	d.scrape(10*time.Minute, other, 1) // and does not now
	d.wantObserved(gatewayObjective.Key, 0, 7)
}

func TestBeforeTheFirstSeriesTheServiceDecides(t *testing.T) {
	t.Parallel()
	named := objective("x/named", slo.Indicator{Good: `a{job="platform"}`, Total: `b{job="platform"}`})
	elsewhere := objective("video/elsewhere", slo.Indicator{Good: `a{job="nowhere"}`, Total: `b{job="nowhere"}`})
	sibling := objective("video/sibling", slo.Indicator{Good: `a`, Total: `b`})
	d := newDesk(t, gatewayObjective, named, elsewhere, sibling)
	d.scrape(0, other, 1)                                                 // nobody's
	d.scrape(3*time.Minute, labelled(edge, "video"), 1)                   // says so
	d.scrape(6*time.Minute, []string{"job", "video", "instance", "v"}, 1) // the job is named after it
	d.scrape(9*time.Minute, gateway, 1, served)                           // feeds another objective of it
	d.wantObserved(gatewayObjective.Key, 3, 6, 9)
	d.wantObserved(named.Key, 3, 9)
	d.wantObserved(elsewhere.Key)
	d.wantObserved(sibling.Key, 3, 6, 9)
}

func TestMinutesBetweenScrapes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	at := func(s int) time.Duration { return time.Duration(s) * time.Second }
	d.scrape(at(59), gateway, 1, served)
	d.scrape(at(121), gateway, 1, served) // passes over minute 1
	d.scrape(at(300), gateway, 1, served) // too long a gap
	d.scrape(at(350), gateway, 0)
	d.scrape(at(420), gateway, 1, served) // minute 6 lies behind a failure
	d.restart(gatewayObjective)
	d.scrape(at(535), gateway, 1, served) // minute 8 was before the restart
	d.wantObserved(gatewayObjective.Key, 0, 1, 2, 5, 7, 8)
}

// Pushed series need not have a target that reports up: their samples are what shows that the source is there.
func TestSeriesWithoutHealthObserveThemselves(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	for _, seconds := range []int64{10, 40, 100, 250} {
		app := d.collector.AppenderV2(t.Context())
		d.append(app, labels.FromStrings(served...), 0, d.start.Unix()*1000+seconds*1000, float64(seconds))
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	d.wantObserved(gatewayObjective.Key, 0, 1, 4)
}

// A changed query has other feeders: what fed the old one says nothing about it.
func TestChangedQueryForgetsFeeders(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	d.scrape(0, gateway, 1, served)
	changed := objective(gatewayObjective.Key, slo.Indicator{Good: `a`, Total: `b`})
	d.set(changed)
	d.scrape(3*time.Minute, gateway, 1, served)
	d.wantObserved(changed.Key, 0)
	d.set(gatewayObjective)
	d.scrape(6*time.Minute, gateway, 1, served)
	d.wantObserved(changed.Key, 0, 6)
}

func TestWhatBecomesOfSamples(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	series := labels.FromStrings(append(served, gateway...)...)
	app := d.collector.AppenderV2(t.Context())
	at := d.start.UnixMilli()
	d.append(app, series, 0, at, 10)                                    // baseline
	d.append(app, series, 0, at, 10)                                    // duplicate
	d.append(app, series, 0, at-1, 10)                                  // out of order
	d.append(app, series, 0, at+1000, -1)                               // invalid
	d.append(app, series, 0, d.now.Add(11*time.Minute).UnixMilli(), 11) // future
	d.append(app, series, 0, at+2000, 12)                               // counted: 2
	d.append(app, series, at+3000, at+4000, 13)                         // reset: 13
	d.append(app, series, at+9000, at+5000, 3)                          // reset: 3; the start is impossible
	d.append(app, labels.FromStrings("__name__", "x"), 0, at, 1)        // unwanted
	// Unwanted, too: nothing is asked for of a native histogram with that name.
	if _, err := app.Append(0, series, 0, at, 0, &histogram.Histogram{}, nil, storage.AOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	r, _ := d.ledger.Reader(gatewayObjective.Key)
	if got, want := r.Read(0, slo.MinuteOf(d.now)).Counts, (slo.Counts{Good: 18, Total: 18}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	got := d.samples()
	want := map[string]float64{
		"baseline": 1, "duplicate": 1, "out_of_order": 1, "invalid": 1, "future": 1, "counted": 1, "reset": 2,
		"unwanted": 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	if problems, err := testutil.GatherAndLint(d.registry); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
}

func TestSetObjectivesTakesWholeOrNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	err := d.collector.SetObjectives([]*slo.Objective{
		objective("a/a", slo.Indicator{Good: "x", Total: "max(y)"}),
		objective("a/b", slo.Indicator{Bad: "x / y", Total: "y"}),
	})
	if err == nil {
		t.Fatal("accepted queries that cannot be counted")
	}
	if got := d.ledger.Objectives(); len(got) != 1 || got[0] != gatewayObjective {
		t.Errorf("objectives: %v", got)
	}
	d.scrape(0, gateway, 1, served)
	d.wantObserved(gatewayObjective.Key, 0)
}

func TestBucketBoundsAreNumbers(t *testing.T) {
	t.Parallel()
	fast := objective("s/fast", slo.Indicator{Good: `d_bucket{le="1"}`, Total: `d_count`})
	d := newDesk(t, fast)
	app := d.collector.AppenderV2(t.Context())
	at := d.start.UnixMilli()
	for _, le := range []string{"0.5", "1.0", "+Inf"} {
		d.append(app, labels.FromStrings("__name__", "d_bucket", "le", le), at-1000, at, 5)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	r, _ := d.ledger.Reader(fast.Key)
	if got := r.Read(0, slo.MinuteOf(d.now)).Counts; got != (slo.Counts{Good: 5}) {
		t.Errorf("counted %+v", got)
	}
}

// What has been idle for an hour leaves memory; when it comes back it goes on where it was.
func TestIdleSeriesLeaveMemory(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	d.now = d.start
	d.scrape(0, gateway, 1, served)
	for i := range 100 {
		d.scrape(time.Duration(i)*time.Second, []string{"job", "pods", "instance", string(rune('a' + i))}, 1, served)
	}
	d.now = d.start.Add(3 * time.Hour)
	d.scrape(3*time.Hour, other, 1)
	if got := d.inMemory(); got > 1 {
		t.Errorf("%v series in memory, want those of the last scrape", got)
	}
	d.scrape(3*time.Hour, gateway, 1, served)
	r, _ := d.ledger.Reader(gatewayObjective.Key)
	if got := r.Read(0, slo.MinuteOf(d.now)).Counts; got.Total != 3*3600 {
		t.Errorf("counted %+v", got)
	}
}

var noOptions storage.AOptions

// samples returns the metric of samples by what became of them, as far as it is not 0.
func (d *desk) samples() map[string]float64 {
	d.Helper()
	got := map[string]float64{}
	families, err := d.registry.Gather()
	if err != nil {
		d.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if c := m.GetCounter().GetValue(); c > 0 {
				got[m.GetLabel()[0].GetValue()] = c
			}
		}
	}
	return got
}

// limit replaces the collector by one without objectives that takes in less.
func (d *desk) limit(series, labels, labelBytes int) {
	d.Helper()
	d.registry = prometheus.NewRegistry()
	var err error
	d.collector, err = collectors.New(collectors.Config{
		Ledger: d.ledger, Registerer: d.registry, Now: func() time.Time { return d.now },
		Limits: collectors.Limits{Series: series, Labels: labels, LabelBytes: labelBytes},
	})
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) wantProblem(key slo.Key, want string) {
	d.Helper()
	if diff := cmp.Diff(map[slo.Key][]string{key: {want}}, d.collector.Problems()); diff != "" {
		d.Errorf("problems (-want +got):\n%s", diff)
	}
}

func (d *desk) inMemory() float64 {
	d.Helper()
	families, err := d.registry.Gather()
	if err != nil {
		d.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "plimsoll_collector_series" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	d.Fatal("no metric of series")
	return 0
}
