package collectors_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// counter appends the samples of a counter, of which each event takes a second, at these minutes after the start.
func (d *desk) counter(road string, ls labels.Labels, minutes ...int) {
	d.Helper()
	for _, m := range minutes {
		at := d.start.Add(time.Duration(m) * time.Minute).UnixMilli()
		switch v := float64(100_000 + 60*m); road {
		case "history":
			d.commit(d.collector.History(), ls, 0, at, v)
		case "live":
			d.commit(d.collector.From("").Late(), ls, 0, at, v)
		}
	}
}

func (d *desk) total(key slo.Key) int64 {
	d.Helper()
	r, ok := d.ledger.Reader(key)
	if !ok {
		d.Fatalf("no reader of %s", key)
	}
	return r.Read(0, slo.MinuteOf(d.now)).Total
}

func (d *desk) wantTotal(key slo.Key, want int64) {
	d.Helper()
	if got := d.total(key); got != want {
		d.Errorf("%s: counted %d events, want %d", key, got, want)
	}
}

var requests = labels.FromStrings("__name__", "requests_total", "code", "200")

// An objective that is added later is filled up to then, though its series have been counted for another one all the time.
func TestHistoryOfALaterObjective(t *testing.T) {
	t.Parallel()
	later := objective("s/later", slo.Indicator{Good: `requests_total`, Total: `requests_total`})
	d := newDesk(t, allRequests)
	d.counter("live", requests, 0, 1, 2, 3)
	d.set(allRequests, later)
	d.counter("live", requests, 4, 5)
	d.wantTotal(allRequests.Key, 300)
	d.wantTotal(later.Key, 60) // from the sample at 4 on
	d.counter("history", requests, -10, -5, 0, 2)
	d.wantTotal(later.Key, 60+12*60)
	d.restart(allRequests, later)
	d.counter("history", requests, 2, 4, 5)
	d.wantTotal(later.Key, 15*60)
	d.wantTotal(allRequests.Key, 15*60)
	d.counter("history", requests, -10, 0, 5)
	d.counter("live", requests, 6)
	d.wantTotal(later.Key, 16*60)
	d.wantTotal(allRequests.Key, 16*60)
}

// A series that is first counted live long after its objective is a new one: history is not counted for so long.
func TestHistoryEndsPastTheHorizon(t *testing.T) {
	t.Parallel()
	d := newDesk(t, allRequests)
	d.now = d.start.Add(24 * time.Hour)
	d.counter("live", requests, 0)
	other := labels.FromStrings("__name__", "requests_total", "code", "500")
	d.counter("history", other, -60, 0, 60, 119, 121, 180)
	d.wantTotal(allRequests.Key, 179*60)
	d.counter("live", other, 300, 301)
	d.wantTotal(allRequests.Key, 180*60)
}

// What was filled more than a week ago counts as counted: only what lies before it is filled, as nobody remembers the series in it.
func TestHistoryIsClosedAfterAWhile(t *testing.T) {
	t.Parallel()
	d := newDesk(t, allRequests)
	d.counter("history", requests, -20, -10)
	d.counter("live", requests, 0, 1)
	d.counter("history", requests, 0)
	d.wantTotal(allRequests.Key, 21*60)
	d.now = d.now.Add(8 * 24 * time.Hour)
	day := 8 * 24 * 60
	d.counter("live", labels.FromStrings("__name__", "requests_total", "code", "other"), day, day+1) // keeps the ledger going
	d.forget()
	d.restart(allRequests)
	d.counter("history", requests, -20, -10, 0, 1)
	d.wantTotal(allRequests.Key, 22*60)
	d.counter("history", labels.FromStrings("__name__", "requests_total", "code", "gone"), -40, -30, -20, -10)
	d.wantTotal(allRequests.Key, 42*60)
}

// forget makes the ledger forget the cursors of what has gone.
func (d *desk) forget() {
	d.Helper()
	checkpoints := ledger.Checkpointer{Ledger: d.ledger, Store: newDisk()}
	if err := checkpoints.Save(d.Context()); err != nil {
		d.Fatal(err)
	}
}

// Gauges are filled sample by sample.
func TestHistoryOfGauges(t *testing.T) {
	t.Parallel()
	o := objective("s/judged", slo.Indicator{Kind: slo.Thresholds, Query: "p95", Op: slo.AtMost, Value: 0.3})
	d := newDesk(t, o)
	ls := labels.FromStrings("__name__", "p95")
	sample := func(history bool, minute int, v float64) {
		at := d.start.Add(time.Duration(minute) * time.Minute).UnixMilli()
		if history {
			d.commit(d.collector.History(), ls, 0, at, v)
		} else {
			d.commit(d.collector, ls, 0, at, v)
		}
	}
	sample(true, -30, 0.1)
	sample(false, 0, 0.2)
	for range 2 {
		for m := -29; m < 2; m++ {
			sample(true, m, 0.4)
		}
		d.restart(o)
	}
	sample(false, 1, 0.5)
	r, _ := d.ledger.Reader(o.Key)
	if diff := cmp.Diff(slo.Counts{Good: 2, Total: 32}, r.Read(0, slo.MinuteOf(d.now)).Counts); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// A history observes the minutes of its targets, as far as the objective was not counted live.
func TestHistoryObserves(t *testing.T) {
	t.Parallel()
	d := newDesk(t, gatewayObjective)
	d.now = d.start.Add(10 * time.Hour)
	scrape := func(history bool, minute int, up float64) {
		road := d.collector.From("").Late()
		if history {
			road = d.collector.From("").History()
		}
		app := road.AppenderV2(t.Context())
		at := d.start.Add(time.Duration(minute) * time.Minute).UnixMilli()
		if minute == 0 || !history {
			d.append(app, labels.FromStrings(append(served, gateway...)...), 0, at, 1)
		}
		d.append(app, labels.FromStrings(append([]string{"__name__", "up"}, gateway...)...), 0, at, up)
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	scrape(false, 10, 1)
	for minute := range 8 {
		scrape(true, minute, 1)
	}
	scrape(true, 8, 0)
	scrape(true, 9, 1)
	scrape(true, 9+121, 1)
	scrape(true, 10+121, 1)
	d.wantObserved(gatewayObjective.Key, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 130)
}
