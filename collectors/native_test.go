package collectors_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"
	"github.com/prometheus/prometheus/storage"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

var fastRequests = objective("s/fast", slo.Indicator{Good: `d_bucket{le="0.3",code="200"}`, Total: `d_count{code="200"}`})

// native returns a histogram with base-2 buckets (0.25,0.5], (0.5,1], … that hold these counts.
func native(counts ...int64) *histogram.Histogram {
	h := &histogram.Histogram{PositiveSpans: []histogram.Span{{Offset: -1, Length: uint32(len(counts))}}, Sum: 1}
	last := int64(0)
	for _, n := range counts {
		h.PositiveBuckets = append(h.PositiveBuckets, n-last)
		h.Count += uint64(n)
		last = n
	}
	return h
}

func (d *desk) commitNative(to storage.AppendableV2, ls labels.Labels, t int64, h *histogram.Histogram, fh *histogram.FloatHistogram) {
	d.Helper()
	app := to.AppenderV2(d.Context())
	if _, err := app.Append(0, ls, 0, t, 0, h, fh, noOptions); err != nil {
		d.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		d.Fatal(err)
	}
}

var durations = labels.FromStrings("__name__", "d", "code", "200")

// The events under a bound are interpolated as Prometheus does it.
func TestNativeHistograms(t *testing.T) {
	t.Parallel()
	d := newDesk(t, fastRequests)
	at := d.start.UnixMilli()
	d.commitNative(d.collector, durations, at, native(0, 0), nil)
	d.commitNative(d.collector, labels.FromStrings("__name__", "d", "code", "500"), at, native(9, 9), nil)
	h := native(1000, 500)
	d.commitNative(d.collector, durations, at+1000, h, nil)
	share, _ := promql.HistogramFraction(math.Inf(-1), 0.3, h.ToFloat(nil), "d", posrange.PositionRange{})
	want := slo.Counts{Good: int64(share * 1500), Total: 1500}
	if diff := cmp.Diff(map[int]slo.Counts{0: want}, d.counts(fastRequests.Key)); diff != "" || want.Good != 263 {
		t.Errorf("minutes, want %+v (-want +got):\n%s", want, diff)
	}
	notes := map[slo.Key][]string{fastRequests.Key: {"interpolated: events under the bound are estimated from a native histogram"}}
	if diff := cmp.Diff(notes, d.collector.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if got := d.collector.Problems(); len(got) > 0 {
		t.Errorf("problems: %v", got)
	}
}

// Bounds at which a bucket ends are exact, also those of classic buckets in a native histogram.
func TestExactBoundsOfNativeHistograms(t *testing.T) {
	t.Parallel()
	half := objective("s/half", slo.Indicator{Good: `d_bucket{le="0.5"}`, Total: `d_bucket{le="+Inf"}`})
	d := newDesk(t, half)
	at := d.start.UnixMilli()
	custom := func(n int64) *histogram.Histogram {
		return &histogram.Histogram{
			Schema: histogram.CustomBucketsSchema, CustomValues: []float64{0.1, 0.5}, Count: uint64(6 * n), Sum: 1,
			PositiveSpans: []histogram.Span{{Length: 3}}, PositiveBuckets: []int64{n, n, n},
		}
	}
	other := labels.FromStrings("__name__", "d", "custom", "yes")
	d.commitNative(d.collector, durations, at, native(0, 0), nil)
	d.commitNative(d.collector, other, at, custom(0), nil)
	d.commitNative(d.collector, durations, at+1000, native(10, 5), nil)
	d.commitNative(d.collector, other, at+1000, nil, custom(100).ToFloat(nil))
	if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 310, Total: 615}}, d.counts(half.Key)); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
	if got := d.collector.Notes(); len(got) > 0 {
		t.Errorf("notes: %v", got)
	}
}

func TestBoundIsNoCustomBucket(t *testing.T) {
	t.Parallel()
	d := newDesk(t, fastRequests)
	h := &histogram.Histogram{
		Schema: histogram.CustomBucketsSchema, CustomValues: []float64{0.1, 0.5}, Count: 1, Sum: 1,
		PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1},
	}
	d.commitNative(d.collector, durations, d.start.UnixMilli(), h, nil)
	d.wantProblem(fastRequests.Key, `le="0.3" is not a bucket of the native histogram d; the nearest are "0.1" and "0.5"`)
}

// Where both kinds are exposed the classic histogram counts, whichever comes first.
func TestClassicBesideNative(t *testing.T) {
	t.Parallel()
	for _, nativeFirst := range []bool{true, false} {
		d := newDesk(t, fastRequests)
		classic := func(at int64, good, total float64) {
			d.commit(d.collector, labels.FromStrings("__name__", "d_bucket", "le", "0.3", "code", "200"), 0, at, good)
			d.commit(d.collector, labels.FromStrings("__name__", "d_count", "code", "200"), 0, at, total)
		}
		at := d.start.UnixMilli()
		for i := range int64(3) {
			if nativeFirst {
				d.commitNative(d.collector, durations, at+i*1000, native(100*i, 50*i), nil)
			}
			classic(at+i*1000, float64(7*i), float64(150*i))
			if !nativeFirst {
				d.commitNative(d.collector, durations, at+i*1000, native(100*i, 50*i), nil)
			}
		}
		if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 14, Total: 300}}, d.counts(fastRequests.Key)); diff != "" {
			t.Errorf("native first: %t: minutes (-want +got):\n%s", nativeFirst, diff)
		}
	}
}

// A classic histogram that is exposed only later goes on from the estimates, also from those that were too high.
func TestClassicComesLater(t *testing.T) {
	t.Parallel()
	for name, nativeToo := range map[string]bool{"instead of the native one": false, "beside it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, fastRequests)
			at := d.start.UnixMilli()
			d.commitNative(d.collector, durations, at, native(0, 0), nil)
			d.commitNative(d.collector, durations, at+1000, native(1000, 500), nil) // 263 are estimated
			bucket := labels.FromStrings("__name__", "d_bucket", "le", "0.3", "code", "200")
			app := d.collector.AppenderV2(t.Context())
			if nativeToo {
				if _, err := app.Append(0, durations, 0, at+2000, 0, native(1000, 500), nil, noOptions); err != nil {
					t.Fatal(err)
				}
			}
			d.append(app, bucket, 0, at+2000, 200)
			if err := app.Commit(); err != nil {
				t.Fatal(err)
			}
			d.commit(d.collector, bucket, 0, at+3000, 220)
			d.commit(d.collector, bucket, 0, at+4000, 290)
			good := d.counts(fastRequests.Key)[0].Good
			d.commit(d.collector, bucket, 0, at+5000, 7) // began anew
			if again := d.counts(fastRequests.Key)[0].Good; good < 290 || good > 263+290-200 || again != good+7 {
				t.Errorf("%d good events, and %d after it began anew; 290 are right, and 7 more", good, again)
			}
		})
	}
}

// The count tells that a histogram began anew: the buckets alone cannot.
func TestNativeHistogramsBeginAnew(t *testing.T) {
	t.Parallel()
	d := newDesk(t, fastRequests)
	at := d.start.UnixMilli()
	for i, h := range []*histogram.Histogram{
		native(10, 90),  // the first: nothing
		native(20, 180), // 1 or 2 of 10 under the bound, of 100
		native(5, 5),    // anew
		native(9, 1),    // as many observations as before: the buckets cannot fall without
	} {
		d.commitNative(d.collector, durations, at+int64(i)*1000, h, nil)
	}
	got := d.counts(fastRequests.Key)[0]
	if got.Total != 110 {
		t.Errorf("counted %d events, want 110", got.Total)
	}
	if got.Good < 0 || got.Good > 5 {
		t.Errorf("estimated %d good events", got.Good)
	}
}

// An objective may ask for buckets alone. That the histogram began anew is still known from its count, also after a restart and where other
// objectives come and go; a fall of an estimate is none.
func TestBucketsOfNativeHistogramsAlone(t *testing.T) {
	t.Parallel()
	bucketsOnly := objective("s/buckets", slo.Indicator{Good: `d_bucket{le="0.3"}`, Total: `d_bucket{le="1"}`})
	merged := native(200, 200)
	merged.Schema, merged.PositiveSpans[0].Offset = -1, 0 // (0.25,1], (1,4]: less is estimated under 0.3 than before
	hinted := native(60, 60)
	hinted.CounterResetHint = histogram.CounterReset
	for _, tc := range []struct {
		name       string
		samples    []*histogram.Histogram
		total      int64
		most, less int64 // good events
	}{
		{"merged buckets", []*histogram.Histogram{native(90, 10), native(190, 10), merged}, 100, 27, 25},
		{"fewer than before", []*histogram.Histogram{native(10, 90), native(20, 180), native(5, 5)}, 110, 4, 2},
		{"began anew and says so", []*histogram.Histogram{native(20, 20), native(30, 30), hinted}, 140, 20, 16},
	} {
		for _, trouble := range []string{"none", "restart", "another objective"} {
			t.Run(tc.name+", "+trouble, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, bucketsOnly)
				for i, h := range tc.samples {
					d.commitNative(d.collector, durations, d.start.UnixMilli()+int64(i)*1000, h, nil)
					switch trouble {
					case "restart":
						d.restart(bucketsOnly)
					case "another objective":
						if err := d.collector.SetObjectives([]*slo.Objective{bucketsOnly, fastRequests}[:1+(i+1)%2]); err != nil {
							t.Fatal(err)
						}
					}
				}
				got := d.counts(bucketsOnly.Key)[0]
				if got.Total != tc.total || got.Good > tc.most || got.Good < tc.less {
					t.Errorf("counted %+v, want %d, of which %d to %d good", got, tc.total, tc.less, tc.most)
				}
			})
		}
	}
}

// An objective that comes later takes nothing from one that is there.
func TestAnotherObjectiveOfANativeHistogram(t *testing.T) {
	t.Parallel()
	other := objective("s/other", slo.Indicator{Good: `d_bucket{le="0.5"}`, Total: `d_bucket{le="+Inf"}`})
	d := newDesk(t, fastRequests)
	at := d.start.UnixMilli()
	d.commitNative(d.collector, durations, at, native(1000, 500), nil)
	if err := d.collector.SetObjectives([]*slo.Objective{fastRequests, other}); err != nil {
		t.Fatal(err)
	}
	d.commitNative(d.collector, durations, at+1000, native(2000, 1000), nil)
	if diff := cmp.Diff(map[int]slo.Counts{0: {Good: 263, Total: 1500}}, d.counts(fastRequests.Key)); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
}

// Whatever a histogram's buckets do, there are never more events under a bound than there are at all, and never less than none.
func TestNativeEstimatesStayInBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t, fastRequests)
		at := d.start.UnixMilli()
		for i := range rapid.IntRange(1, 10).Draw(rt, "samples") {
			h := native(rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 5).Draw(rt, "buckets")...)
			h.Schema = rapid.SampledFrom([]int32{-1, 0, 1, 3}).Draw(rt, "schema")
			h.PositiveSpans[0].Offset = rapid.Int32Range(-8, 2).Draw(rt, "offset")
			h.ZeroThreshold = 1e-128
			if h.ZeroCount = uint64(rapid.IntRange(0, 10).Draw(rt, "zero")); h.ZeroCount > 0 {
				h.Count += h.ZeroCount
			}
			want, _ := promql.HistogramFraction(math.Inf(-1), 0.3, h.ToFloat(nil), "d", posrange.PositionRange{})
			single := newDesk(t, fastRequests)
			single.commitNative(single.collector.Deltas(), durations, at+1000, h, nil)
			got := slices.Collect(func(yield func(slo.Counts) bool) {
				for _, c := range single.counts(fastRequests.Key) {
					yield(c)
				}
			})
			if h.Count > 0 && (len(got) != 1 || got[0].Total != int64(h.Count) || math.Abs(float64(got[0].Good)-want*float64(h.Count)) > 1) {
				rt.Fatalf("counted %+v of %v, want a share of %v", got, h, want)
			}
			d.commitNative(d.collector, durations, at+int64(i)*1000, h, nil)
		}
		for _, c := range d.counts(fastRequests.Key) {
			if c.Good < 0 || c.Good > c.Total {
				rt.Fatalf("counted %+v", c)
			}
		}
	})
}

// A gauge histogram is not a counter.
func TestGaugeHistograms(t *testing.T) {
	t.Parallel()
	d := newDesk(t, fastRequests)
	for i := range int64(3) {
		h := native(10*i, i)
		h.CounterResetHint = histogram.GaugeType
		d.commitNative(d.collector, durations, d.start.UnixMilli()+i*1000, h, nil)
	}
	if got := d.samples()["invalid"]; got != 6 {
		t.Errorf("%v parts are invalid, want 6", got)
	}
	if got := d.counts(fastRequests.Key); len(got) > 0 {
		t.Errorf("counted %v", got)
	}
}
