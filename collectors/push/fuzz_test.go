package push

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/gogo/protobuf/proto"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// fuzzNow leaves some timestamps ahead of the clock.
var fuzzNow = time.UnixMilli(1_700_000_000_000)

// FuzzWriteV1 decodes what comes with Prometheus's decoder and with ours: both refuse it, or both have the same samples.
func FuzzWriteV1(f *testing.F) {
	for _, req := range requestsV1() {
		f.Add(marshal(f, &req))
	}
	// Labels apart, after the samples; unknown fields; a group; a tag, a length and a number that are longer than they need be.
	name, sample := "\x0a\x0d\x0a\x08__name__\x12\x01a", "\x12\x0b\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x07"
	label := "\x0a\x06\x0a\x01b\x12\x01c"
	for _, series := range []string{
		name + sample + label, sample + name, name + label + label + sample, name + "\x7a\x02hi" + sample, name + "\x7b\x08\x01\x7c" + sample, "\x8a\x00\x0d" + name[2:] + sample,
		name + "\x12\x80\x00" + sample, name + sample[:len(sample)-1] + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", name + "\x22\x02\x20\x01", name[:len(name)-1],
	} {
		f.Add(append([]byte{0x0a, byte(len(series))}, series...))
	}
	f.Add([]byte("\x1a\x02\x08\x01"))
	f.Add([]byte("\x7c"))
	f.Fuzz(func(t *testing.T, body []byte) {
		want, invalid, wantErr := referenceV1(body)
		checkSame(t, body, 1, want, invalid, wantErr)
	})
}

// FuzzWriteV2 is the same for remote write 2.0.
func FuzzWriteV2(f *testing.F) {
	for _, req := range requestsV2() {
		f.Add(marshal(f, &req))
	}
	symbols := "\x22\x00\x22\x08__name__\x22\x01a"
	for _, series := range []string{
		"\x0a\x02\x01\x02\x12\x02\x10\x05", "\x08\x01\x08\x02\x12\x02\x10\x05", "\x0a\x01\x81\x02\x12\x02\x10\x05", "\x0a\x02\x01\x09\x12\x02\x10\x05", "\x0a\x01\x01\x12\x02\x10\x05",
		"\x0a\x02\x01\x02\x12\x02\x10\x05\x2a\x02\x18\x09", "\x0a\x02\x01\x02", "\x0a\x02\x01\x02\x12\x04\x10\x05\x18\x03", "\x0a\x02\x01\x02\x22\x02\x18\x05",
	} {
		f.Add(append([]byte(symbols+"\x2a"), append([]byte{byte(len(series))}, series...)...))
		f.Add(append(append([]byte("\x2a"), append([]byte{byte(len(series))}, series...)...), symbols...))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, invalid, wantErr := referenceV2(body)
		checkSame(t, body, 2, want, invalid, wantErr)
	})
}

// checkSame decodes a request three times: when the series are new, when they are known, and when their references have expired.
func checkSame(t *testing.T, body []byte, version int, want []recorded, invalid int, wantErr error) {
	t.Helper()
	sink := newRecorder()
	r, err := New(Config{
		Appender: sink, Deltas: newRecorder(), Sync: func(context.Context) error { return nil }, Now: func() time.Time { return fuzzNow },
		Limits: Limits{Labels: math.MaxInt32, LabelBytes: math.MaxInt32},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"new", "known", "expired"} {
		sink.samples = nil
		if state == "expired" {
			sink.expire()
		}
		unhelped := sink.unhelped
		res, err := r.write(t.Context(), body, version, r.hold())
		var refused *refusal
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%s: error %v; Prometheus has %v", state, err, wantErr)
		}
		if diff := cmp.Diff(want, sink.samples, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s: samples differ from those of Prometheus (-theirs +ours):\n%s", state, diff)
		}
		if int(res.refused.count) != invalid {
			t.Fatalf("%s: refused %d series (%v), Prometheus %d", state, res.refused.count, res.refused.first, invalid)
		}
		if got := int(res.samples + res.histograms); got != len(want) {
			t.Fatalf("%s: %d samples are said to be written, of %d", state, got, len(want))
		}
		floats := 0
		for _, s := range want {
			if s.Ints == nil && s.Floats == nil {
				floats++
			}
		}
		if built := sink.unhelped - unhelped; state == "known" && err == nil && built != len(want)-floats {
			t.Fatalf("labels were built for %d samples of series that are known", built-len(want)+floats)
		}
	}
}

// referenceV1 does what the receiver of Prometheus does with a decompressed request.
func referenceV1(body []byte) (want []recorded, invalid int, err error) {
	var req prompb.WriteRequest
	if err := proto.Unmarshal(body, &req); err != nil {
		return nil, 0, err
	}
	b := labels.NewScratchBuilder(0)
	for _, ts := range req.Timeseries {
		ls := ts.ToLabels(&b, nil)
		if !validSeries(ls) {
			invalid++
			continue
		}
		ref := reference{labels: ls.WithoutEmpty().String()}
		for _, s := range ts.Samples {
			ref.float(0, s.Timestamp, s.Value)
		}
		for _, h := range ts.Histograms {
			if h.IsFloatHistogram() {
				ref.native(0, h.Timestamp, nil, h.ToFloatHistogram())
			} else {
				ref.native(0, h.Timestamp, h.ToIntHistogram(), nil)
			}
		}
		want = append(want, ref.samples...)
		invalid += ref.bad()
	}
	return want, invalid, nil
}

func referenceV2(body []byte) (want []recorded, invalid int, err error) {
	var req writev2.Request
	if err := proto.Unmarshal(body, &req); err != nil {
		return nil, 0, err
	}
	b := labels.NewScratchBuilder(0)
	for _, ts := range req.Timeseries {
		ls, err := ts.ToLabels(&b, req.Symbols)
		_, metadataErr := ts.ToMetadata(req.Symbols)
		// A series that has exemplars only is fine by the specification; Prometheus refuses it.
		if err != nil || metadataErr != nil || !validSeries(ls) || len(ts.Samples)+len(ts.Histograms)+len(ts.Exemplars) == 0 {
			invalid++
			continue
		}
		ref := reference{labels: ls.WithoutEmpty().String()}
		for _, s := range ts.Samples {
			ref.float(s.StartTimestamp, s.Timestamp, s.Value)
		}
		for _, h := range ts.Histograms {
			if h.IsFloatHistogram() {
				ref.native(h.StartTimestamp, h.Timestamp, nil, h.ToFloatHistogram())
			} else {
				ref.native(h.StartTimestamp, h.Timestamp, h.ToIntHistogram(), nil)
			}
		}
		want = append(want, ref.samples...)
		invalid += ref.bad()
	}
	return want, invalid, nil
}

func validSeries(ls labels.Labels) bool {
	_, twice := ls.HasDuplicateLabelNames()
	return ls.Has(model.MetricNameLabel) && ls.IsValid(model.UTF8Validation) && !twice
}

// reference is one series of the reference.
type reference struct {
	labels  string
	samples []recorded
	refused bool
}

func (r *reference) bad() int {
	if r.refused {
		return 1
	}
	return 0
}

func (r *reference) late(t int64) bool {
	ahead := t > fuzzNow.Add(10*time.Minute).UnixMilli()
	r.refused = r.refused || ahead
	return ahead
}

func (r *reference) float(st, t int64, v float64) {
	if !r.late(t) {
		r.samples = append(r.samples, recorded{Labels: r.labels, ST: st, T: t, Bits: math.Float64bits(v)})
	}
}

func (r *reference) native(st, t int64, h *histogram.Histogram, fh *histogram.FloatHistogram) {
	if r.late(t) {
		return
	}
	p := nativeSample{st: st, t: t, ints: h, floats: fh}
	if p.check() != nil {
		r.refused = true
		return
	}
	r.samples = append(r.samples, recorded{Labels: r.labels, ST: st, T: t, Ints: h, Floats: fh})
}

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func requestsV1() []prompb.WriteRequest {
	series := func(pairs ...string) prompb.TimeSeries {
		ts := prompb.TimeSeries{Samples: []prompb.Sample{{Value: 3, Timestamp: fuzzNow.UnixMilli()}, {Value: math.NaN(), Timestamp: -4}}}
		for i := 0; i < len(pairs); i += 2 {
			ts.Labels = append(ts.Labels, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
		}
		return ts
	}
	many := []string{"__name__", "requests_total"}
	for i := range 20 {
		many = append(many, fmt.Sprint("label_", i), "a value of some length, so that lengths take two bytes: "+fmt.Sprint(make([]byte, 40)))
	}
	native := series("__name__", "seconds")
	native.Histograms = []prompb.Histogram{
		prompb.FromIntHistogram(5, &histogram.Histogram{Schema: 1, Count: 3, Sum: 2, PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []int64{1, 1}}),
		prompb.FromFloatHistogram(6, &histogram.FloatHistogram{Schema: 1, Count: 3, Sum: 2, PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []float64{1, 2}}),
		prompb.FromIntHistogram(7, &histogram.Histogram{Schema: 1, Count: 9, PositiveSpans: []histogram.Span{{Offset: 0, Length: 5}}}),
	}
	exemplars := series("__name__", "a", "b", "c")
	exemplars.Exemplars = []prompb.Exemplar{{Labels: []prompb.Label{{Name: "trace_id", Value: "x"}}, Value: 1, Timestamp: 2}}
	future := series("__name__", "a")
	future.Samples[0].Timestamp += 601_000
	return []prompb.WriteRequest{
		{},
		{Timeseries: []prompb.TimeSeries{series(many...), native, exemplars, future}},
		{Timeseries: []prompb.TimeSeries{series(), series("a", "b"), series("__name__", ""), series("__name__", "a", "a", "b", "a", "c"), series("__name__", "a", "b", "\xff"), series("__name__", "a", "", "c")}},
		{Timeseries: []prompb.TimeSeries{series("z", "1", "__name__", "a", "empty", ""), series("__name__", "a", "z", "1")}},
		{Metadata: []prompb.MetricMetadata{{Type: prompb.MetricMetadata_COUNTER, MetricFamilyName: "a", Help: "b", Unit: "c"}}},
	}
}

func requestsV2() []writev2.Request {
	symbols := []string{"", "__name__", "requests_total", "code", "200", "\xff"}
	at := fuzzNow.UnixMilli()
	sample := []writev2.Sample{{Value: 3, Timestamp: at, StartTimestamp: 7}}
	native := writev2.FromIntHistogram(9, at, &histogram.Histogram{Schema: 1, Count: 3, Sum: 2, PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []int64{1, 1}})
	return []writev2.Request{
		{},
		{Symbols: symbols, Timeseries: []writev2.TimeSeries{
			{LabelsRefs: []uint32{3, 4, 1, 2}, Samples: sample, Metadata: writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_COUNTER, HelpRef: 2}},
			{LabelsRefs: []uint32{1, 2}, Histograms: []writev2.Histogram{native, writev2.FromFloatHistogram(0, at, &histogram.FloatHistogram{Count: 1, ZeroCount: 1})}},
			{LabelsRefs: []uint32{1, 2}, Exemplars: []writev2.Exemplar{{Value: 1, Timestamp: 2}}},
		}},
		{Symbols: symbols, Timeseries: []writev2.TimeSeries{
			{LabelsRefs: []uint32{1}, Samples: sample}, {LabelsRefs: []uint32{1, 6}, Samples: sample}, {LabelsRefs: []uint32{1, 2}}, {LabelsRefs: []uint32{1, 2, 3, 5}, Samples: sample},
			{LabelsRefs: []uint32{1, 2, 3, 4, 3, 4}, Samples: sample}, {LabelsRefs: []uint32{1, 2}, Samples: sample, Metadata: writev2.Metadata{UnitRef: 6}}, {LabelsRefs: []uint32{3, 4}, Samples: sample},
		}},
	}
}
