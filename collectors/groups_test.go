package collectors_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/slo"
)

func divided(most int) *slo.Objective {
	o := objective("s/divided", slo.Indicator{
		Good: `sum by (zone, route) (requests_total{code="200"})`, Total: `sum by (route, zone) (requests_total)`, GroupBy: []string{"route", "zone"},
	})
	o.MaxChildren = most
	return o
}

// request is the label set of a series of requests.
func request(code, route string) labels.Labels {
	return labels.FromStrings("__name__", "requests_total", "code", code, "route", route, "zone", "a", "job", "api", "instance", "i")
}

func TestChildren(t *testing.T) {
	t.Parallel()
	o := divided(2)
	d := newDesk(t, o)
	at := d.start.UnixMilli()
	for i, route := range []string{"/", `/"videos"`, "/third"} {
		d.commit(d.collector, request("200", route), at, at+1000, float64(i+1))
		d.commit(d.collector, request("500", route), at, at+1000, 1)
	}
	first, second := slo.Key(`s/divided{route="/",zone="a"}`), slo.Key(`s/divided{route="/\"videos\"",zone="a"}`)
	var keys []slo.Key
	for _, child := range d.ledger.Children(o.Key) {
		keys = append(keys, child.Key)
	}
	if diff := cmp.Diff([]slo.Key{first, second}, keys); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	for key, want := range map[slo.Key]slo.Counts{o.Key: {Good: 6, Total: 9}, first: {Good: 1, Total: 2}, second: {Good: 2, Total: 3}} {
		if diff := cmp.Diff(map[int]slo.Counts{0: want}, d.counts(key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	problems := map[slo.Key][]string{o.Key: {"combinations of its labels that are counted only in the whole: 1; it has 2 children, which is the limit"}}
	if diff := cmp.Diff(problems, d.collector.Problems()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A label value that is too long for a key is counted in the whole, and said.
func TestChildrenOfLongLabels(t *testing.T) {
	t.Parallel()
	o := divided(2)
	d := newDesk(t, o)
	at := d.start.UnixMilli()
	d.commit(d.collector, request("200", "/"+strings.Repeat("ä", 1000)), at, at+1000, 3)
	d.commit(d.collector, request("200", "/"), at, at+1000, 1)
	if children := d.ledger.Children(o.Key); len(children) != 1 || children[0].Key != `s/divided{route="/",zone="a"}` {
		t.Errorf("%d children: %v", len(children), children)
	}
	if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 4, Total: 4}}, d.counts(o.Key)); diff != "" {
		t.Errorf("the whole (-want +got):\n%s", diff)
	}
	problems := map[slo.Key][]string{o.Key: {"combinations of its labels that are counted only in the whole, because they are too long: 1"}}
	if diff := cmp.Diff(problems, d.collector.Problems()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A child with events but without a series in memory is observed as long as the whole is.
func TestChildrenWithoutSeries(t *testing.T) {
	t.Parallel()
	o := divided(0)
	d := newDesk(t, o)
	d.now = d.start
	target := []string{"job", "api", "instance", "i"}
	series := func(route string) []string {
		return []string{"__name__", "requests_total", "code", "200", "route", route, "zone", "a"}
	}
	d.scrape(0, target, 1, series("/"), series("/gone"))
	for i := range 5 {
		after := time.Duration(i+1) * time.Hour
		d.now = d.start.Add(after)
		if i == 0 {
			d.scrape(after, target, 1, series("/"), series("/gone"))
		} else {
			d.scrape(after, target, 1, series("/"))
		}
		if i == 3 {
			d.restart(o)
		}
	}
	want := d.observed(o.Key)
	if diff := cmp.Diff(want, d.observed(`s/divided{route="/gone",zone="a"}`)); diff != "" || len(want) != 6 {
		t.Errorf("observed minutes (-whole +child):\n%s", diff)
	}
}

// A child that has no events and no series any more makes room for another, also while its whole is observed. One that has series stays.
func TestChildrenEnd(t *testing.T) {
	t.Parallel()
	o := divided(2)
	d := newDesk(t, o)
	target := []string{"job", "api", "instance", "i"}
	scrape := func(day int, routes ...string) {
		t.Helper()
		after := time.Duration(day) * 24 * time.Hour
		d.now = d.start.Add(after)
		var series [][]string
		for _, route := range routes {
			series = append(series, []string{"__name__", "requests_total", "code", "200", "route", route, "zone", "a"})
		}
		d.scrape(after, target, 1, series...)
		d.ledger.Expire()
	}
	groups := func() (all []string) {
		for _, child := range d.ledger.Children(o.Key) {
			all = append(all, child.Group)
		}
		return all
	}
	const quiet, gone, fresh = `{route="/",zone="a"}`, `{route="/gone",zone="a"}`, `{route="/new",zone="a"}`
	for day := range 80 {
		if scrape(day, "/"); day < 3 {
			scrape(day, "/", "/gone")
		}
		if got := groups(); day == 30 && !slices.Equal(got, []string{quiet, gone}) {
			t.Fatalf("children after %d days: %v", day, got)
		}
	}
	if got := groups(); !slices.Equal(got, []string{quiet}) {
		t.Errorf("children after the last events of one have left the retention: %v", got)
	}
	scrape(80, "/", "/new")
	scrape(81, "/", "/new")
	if got := groups(); !slices.Equal(got, []string{quiet, fresh}) {
		t.Errorf("children when another has come: %v", got)
	}
}

// A child is observed when the whole is, and stays the same over reloads, restarts and sweeps.
func TestChildrenStay(t *testing.T) {
	t.Parallel()
	o := divided(0)
	d := newDesk(t, o)
	d.now = d.start
	target := []string{"job", "api", "instance", "i"}
	child := slo.Key(`s/divided{route="/",zone="a"}`)
	for i := range 8 {
		after := time.Duration(i) * 30 * time.Minute
		d.now = d.start.Add(after)
		d.scrape(after, target, 1, []string{"__name__", "requests_total", "code", "200", "route", "/", "zone", "a"})
		switch i % 3 {
		case 0:
			d.set(o)
		case 1:
			d.restart(o)
		}
	}
	r, ok := d.ledger.Reader(child)
	if !ok {
		t.Fatalf("no child; objectives: %v", d.ledger.Objectives())
	}
	whole, _ := d.ledger.Reader(o.Key)
	got, want := r.Read(0, slo.MinuteOf(d.now)), whole.Read(0, slo.MinuteOf(d.now))
	if diff := cmp.Diff(want, got); diff != "" || got.Total != 7*1800 || got.Observed != 8 {
		t.Errorf("whole and child, which is %+v (-whole +child):\n%s", got, diff)
	}
}

func TestBoundIsNoBucket(t *testing.T) {
	t.Parallel()
	o := objective("s/fast", slo.Indicator{Good: `sum(d_bucket{le="0.3",code="200"})`, Total: `sum(d_count{code="200"})`})
	d := newDesk(t, o)
	bucket := func(instance, code string, bounds ...string) {
		for _, le := range bounds {
			ls := labels.FromStrings("__name__", "d_bucket", "le", le, "code", code, "job", "api", "instance", instance)
			d.commit(d.collector, ls, 0, d.start.UnixMilli(), 1)
		}
	}
	bucket("a", "500", "0.1", "+Inf") // is not asked for
	bucket("b", "200", "0.1", "0.30", "+Inf")
	bucket("c", "200", "0.1", "0.25", "0.5", "1.0") // is not there yet as a whole
	if got := d.collector.Problems(); len(got) > 0 {
		t.Errorf("problems: %v", got)
	}
	bucket("c", "200", "+Inf")
	bucket("d", "200", "0.1", "+Inf")
	want := map[slo.Key][]string{o.Key: {`le="0.3" is not a bucket of d_bucket at job "api", instance "c" (and at others: 1); the nearest are "0.25" and "0.5"`}}
	if diff := cmp.Diff(want, d.collector.Problems()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	d.set(o)
	if got := d.collector.Problems(); len(got) > 0 {
		t.Errorf("problems after a reload: %v", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.limit(4, 8, 100)
	d.set(allRequests)
	at := d.start.UnixMilli()
	for i := range 6 {
		d.commit(d.collector, labels.FromStrings("__name__", "requests_total", "n", fmt.Sprint(i)), at, at+1000, 1)
	}
	d.wantProblem(allRequests.Key, "series are not counted, because 4 are, which is the limit")
	if got := d.counts(allRequests.Key)[0].Total; got != 4 {
		t.Errorf("counted %d, want 4", got)
	}
	app := d.collector.AppenderV2(t.Context())
	ref, err := app.Append(0, labels.FromStrings("__name__", "requests_total", "n", "refused"), at, at+1000, 1, nil, nil, noOptions)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Append(ref, labels.EmptyLabels(), at, at+2000, 1, nil, nil, noOptions); err != nil {
		t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := d.samples()["refused"]; got != 4 {
		t.Errorf("%v samples measured as refused, want 4", got)
	}

	d.limit(100, 2, 100)
	d.set(allRequests)
	d.commit(d.collector, labels.FromStrings("__name__", "requests_total", "b", "c", "d", "e"), at, at+1000, 1)
	d.wantProblem(allRequests.Key, `a series with 3 labels is not counted; 2 are allowed: {__name__="requests_total", b="c", d="e"}`)
	d.limit(100, 8, 30)
	d.set(allRequests)
	d.commit(d.collector, labels.FromStrings("__name__", "requests_total", "b", "cdefghij"), at, at+1000, 1)
	d.wantProblem(allRequests.Key, `a series whose labels have 31 bytes is not counted; 30 are allowed: {__name__="requests_total", b="cdefghij"}`)
}

// A problem is told for as long as there is one, also where samples come by reference.
func TestProblemsStay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.limit(100, 4, 100)
	d.set(allRequests, fastRequests)
	d.now = d.start
	wide := []labels.Labels{labels.FromStrings("__name__", "requests_total", "b", "c", "d", "e", "f", "g", "h", "i")}
	buckets := []labels.Labels{
		labels.FromStrings("__name__", "d_bucket", "le", "0.1", "code", "200"),
		labels.FromStrings("__name__", "d_bucket", "le", "+Inf", "code", "200"),
		labels.FromStrings("__name__", "d_count", "code", "200"),
	}
	refs := map[string]storage.SeriesRef{}
	send := func(all []labels.Labels) {
		app := d.collector.AppenderV2(t.Context())
		for _, ls := range all {
			ref, err := app.Append(refs[ls.String()], ls, 0, d.now.UnixMilli(), 1, nil, nil, noOptions)
			if err != nil {
				t.Fatal(err)
			}
			refs[ls.String()] = ref
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	want := map[slo.Key][]string{
		fastRequests.Key: {`le="0.3" is not a bucket of d_bucket at job "", instance ""; the nearest are "0.1" and "+Inf"`},
		allRequests.Key:  {`a series with 5 labels is not counted; 4 are allowed: ` + wide[0].String()},
	}
	for range 5 {
		send(slices.Concat(wide, buckets))
		if diff := cmp.Diff(want, d.collector.Problems()); diff != "" {
			t.Errorf("problems after %s (-want +got):\n%s", d.now.Sub(d.start), diff)
		}
		d.now = d.now.Add(40 * time.Minute)
	}
	for range 6 {
		d.now = d.now.Add(40 * time.Minute)
		send(buckets)
	}
	delete(want, allRequests.Key)
	if diff := cmp.Diff(want, d.collector.Problems()); diff != "" {
		t.Errorf("problems after the wide series has ended (-want +got):\n%s", diff)
	}
}
