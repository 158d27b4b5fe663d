package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

const otlpPath = "/api/v1/otlp/v1/metrics"

// resourceMetrics returns a request with one resource, which is what Prometheus calls job shop/api, and its metrics.
func resourceMetrics() (pmetricotlp.ExportRequest, pmetric.MetricSlice) {
	md := pmetric.NewMetrics()
	r := md.ResourceMetrics().AppendEmpty()
	r.Resource().Attributes().PutStr("service.namespace", "shop")
	r.Resource().Attributes().PutStr("service.name", "api")
	r.Resource().Attributes().PutStr("service.instance.id", "a:80")
	r.Resource().Attributes().PutStr("cloud.region", "eu")
	return pmetricotlp.NewExportRequestFromMetrics(md), r.ScopeMetrics().AppendEmpty().Metrics()
}

func nanos(ms int64) pcommon.Timestamp { return pcommon.Timestamp(ms * 1e6) }

func addSum(ms pmetric.MetricSlice, name string, temporality pmetric.AggregationTemporality, st, t int64, v int64) {
	m := ms.AppendEmpty()
	m.SetName(name)
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(temporality)
	dp := s.DataPoints().AppendEmpty()
	dp.SetStartTimestamp(nanos(st))
	dp.SetTimestamp(nanos(t))
	dp.SetIntValue(v)
	dp.Attributes().PutStr("http.code", "200")
}

// TestOTLP has each kind of metric in both temporalities.
func TestOTLP(t *testing.T) {
	t.Parallel()
	const cumulative, delta = pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta
	req, ms := resourceMetrics()
	addSum(ms, "requests", cumulative, 5, at, 3)
	addSum(ms, "calls", delta, at-1000, at, 3)
	for _, temporality := range []pmetric.AggregationTemporality{cumulative, delta} {
		m := ms.AppendEmpty()
		m.SetName("latency." + strings.ToLower(temporality.String()))
		m.SetUnit("s")
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(temporality)
		dp := h.DataPoints().AppendEmpty()
		dp.SetStartTimestamp(nanos(7))
		dp.SetTimestamp(nanos(at))
		dp.ExplicitBounds().FromRaw([]float64{0.5})
		dp.BucketCounts().FromRaw([]uint64{1, 2})
		dp.SetCount(3)
	}
	m := ms.AppendEmpty()
	m.SetName("size")
	e := m.SetEmptyExponentialHistogram()
	e.SetAggregationTemporality(delta)
	dp := e.DataPoints().AppendEmpty()
	dp.SetStartTimestamp(nanos(8))
	dp.SetTimestamp(nanos(at))
	dp.SetCount(3)
	dp.SetZeroCount(3)
	m = ms.AppendEmpty()
	m.SetName("load")
	g := m.SetEmptyGauge().DataPoints().AppendEmpty()
	g.SetTimestamp(nanos(at))
	g.SetDoubleValue(3)

	const target = `instance="a:80", job="shop/api"`
	one := math.Float64bits(1)
	wantCumulative := []recorded{
		{Labels: `{__name__="requests_total", http_code="200", ` + target + `}`, ST: 5, T: at, Bits: floatThree},
		{Labels: `{__name__="latency_cumulative_seconds_count", ` + target + `}`, ST: 7, T: at, Bits: floatThree},
		{Labels: `{__name__="latency_cumulative_seconds_bucket", ` + target + `, le="0.5"}`, ST: 7, T: at, Bits: one},
		{Labels: `{__name__="latency_cumulative_seconds_bucket", ` + target + `, le="+Inf"}`, ST: 7, T: at, Bits: floatThree},
		{Labels: `{__name__="load", ` + target + `}`, T: at, Bits: floatThree},
		{Labels: `{__name__="target_info", cloud_region="eu", ` + target + `}`, T: at, Bits: one},
	}
	native := &histogram.Histogram{ZeroThreshold: 1e-128, ZeroCount: 3, Count: 3}
	wantDeltas := []recorded{
		{Labels: `{__name__="calls_total", http_code="200", ` + target + `}`, ST: at - 1000, T: at, Bits: floatThree},
		{Labels: `{__name__="latency_delta_seconds_count", ` + target + `}`, ST: 7, T: at, Bits: floatThree},
		{Labels: `{__name__="latency_delta_seconds_bucket", ` + target + `, le="0.5"}`, ST: 7, T: at, Bits: one},
		{Labels: `{__name__="latency_delta_seconds_bucket", ` + target + `, le="+Inf"}`, ST: 7, T: at, Bits: floatThree},
		{Labels: `{__name__="size", ` + target + `}`, ST: 8, T: at, Ints: native},
	}
	inJSON, err := req.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	inProto, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		media, coding string
		body          []byte
	}{
		"protobuf":       {protobufType, "", inProto},
		"protobuf, gzip": {protobufType, "gzip", zip(t, inProto)},
		"JSON":           {"application/json; charset=utf-8", "", inJSON},
		"JSON, gzip":     {jsonType, "gzip", zip(t, inJSON)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openPost(t, nil)
			resp, answer := p.send(http.MethodPost, otlpPath, tc.media, tc.coding, bytes.NewReader(tc.body))
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("answered %d %q", resp.StatusCode, answer)
			}
			got := pmetricotlp.NewExportResponse()
			if strings.HasPrefix(tc.media, jsonType) {
				err = got.UnmarshalJSON([]byte(answer))
			} else {
				err = got.UnmarshalProto([]byte(answer))
			}
			if err != nil || got.PartialSuccess().RejectedDataPoints() != 0 || got.PartialSuccess().ErrorMessage() != "" {
				t.Errorf("answered %q (%v), want full success", answer, err)
			}
			p.expect(p.cumulative, wantCumulative...)
			p.expect(p.deltas, wantDeltas...)
		})
	}
}

func zip(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestOTLPPartial has metrics that cannot be translated among others: the sender learns how many points were refused, and why.
func TestOTLPPartial(t *testing.T) {
	t.Parallel()
	req, ms := resourceMetrics()
	addSum(ms, "first", pmetric.AggregationTemporalityCumulative, 5, at, 3)
	addSum(ms, "timeless", pmetric.AggregationTemporalityUnspecified, 5, at, 3)
	addSum(ms, "ahead", pmetric.AggregationTemporalityDelta, at, at+601_000, 3)
	points := ms.At(ms.Len() - 1).Sum().DataPoints()
	points.At(0).CopyTo(points.AppendEmpty())
	points.At(1).SetTimestamp(nanos(at)) // good in itself, but of a metric that has a bad one
	addSum(ms, "last", pmetric.AggregationTemporalityCumulative, 5, at, 3)
	body, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	p := openPost(t, nil)
	resp, answer := p.send(http.MethodPost, otlpPath, protobufType, "", bytes.NewReader(body))
	got := pmetricotlp.NewExportResponse()
	if err := got.UnmarshalProto([]byte(answer)); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("answered %d %q: %v", resp.StatusCode, answer, err)
	}
	if n := got.PartialSuccess().RejectedDataPoints(); n != 3 {
		t.Errorf("%d points are rejected, want 3", n)
	}
	message := got.PartialSuccess().ErrorMessage()
	for _, says := range []string{"refused 3 data points and took the others", `for metric "timeless"`, "ahead of our clock"} {
		if !strings.Contains(message, says) {
			t.Errorf("the message is %q, want it to say %q", message, says)
		}
	}
	const labels = `http_code="200", instance="a:80", job="shop/api"`
	var requests []recorded
	for _, s := range p.cumulative.all() {
		if !strings.Contains(s.Labels, "target_info") {
			requests = append(requests, s)
		}
	}
	p.cumulative.samples = requests
	p.expect(p.cumulative,
		recorded{Labels: `{__name__="first_total", ` + labels + `}`, ST: 5, T: at, Bits: floatThree},
		recorded{Labels: `{__name__="last_total", ` + labels + `}`, ST: 5, T: at, Bits: floatThree},
	)
	p.expect(p.deltas)
}

// TestOTLPOrder sends the points of a series in the wrong order within one request.
func TestOTLPOrder(t *testing.T) {
	t.Parallel()
	req, ms := resourceMetrics()
	for _, i := range []int64{2, 0, 1} {
		addSum(ms, "calls", pmetric.AggregationTemporalityDelta, at+i, at+i+1, i)
	}
	body, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	p := openPost(t, nil)
	p.send(http.MethodPost, otlpPath, protobufType, "", bytes.NewReader(body))
	var want []recorded
	for i := range int64(3) {
		want = append(want, recorded{Labels: `{__name__="calls_total", http_code="200", instance="a:80", job="shop/api"}`, ST: at + i, T: at + i + 1, Bits: math.Float64bits(float64(i))})
	}
	p.expect(p.deltas, want...)
}

// TestOTLPTimeless has a point without a time beside one with: target_info is not written for the half century between them.
func TestOTLPTimeless(t *testing.T) {
	t.Parallel()
	req, ms := resourceMetrics()
	addSum(ms, "requests", pmetric.AggregationTemporalityCumulative, 0, 0, 3)
	addSum(ms, "requests", pmetric.AggregationTemporalityCumulative, 0, at, 3)
	body, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	p := openPost(t, nil)
	p.send(http.MethodPost, otlpPath, protobufType, "", bytes.NewReader(body))
	if n := len(p.cumulative.all()); n != 4 {
		t.Errorf("%d samples, want 2 and 2 of target_info", n)
	}
}

// TestOTLPNames translates as it is told.
func TestOTLPNames(t *testing.T) {
	t.Parallel()
	otlp := config.DefaultOTLPConfig
	otlp.TranslationStrategy = "NoTranslation"
	otlp.PromoteResourceAttributes = []string{"cloud.region"}
	p := openPost(t, func(c *Config) { c.OTLP = &otlp })
	req, ms := resourceMetrics()
	addSum(ms, "http.requests", pmetric.AggregationTemporalityDelta, at-1, at, 3)
	body, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	p.send(http.MethodPost, otlpPath, protobufType, "", bytes.NewReader(body))
	p.expect(p.deltas, recorded{Labels: `{__name__="http.requests", "cloud.region"="eu", "http.code"="200", instance="a:80", job="shop/api"}`, ST: at - 1, T: at, Bits: floatThree})
}

// TestOTLPRefusals are answered with a google.rpc.Status, as the specification of OTLP over HTTP has it.
func TestOTLPRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config        func(*Config)
		media, coding string
		body          io.Reader
		status        int
		retry         string
		code          int32
		says          string
	}{
		"media type":   {media: "text/plain", status: 415, code: rpcInvalidArgument, says: "use application/x-protobuf or application/json"},
		"encoding":     {coding: "zstd", status: 415, code: rpcInvalidArgument, says: "use gzip or none"},
		"malformed":    {body: strings.NewReader("\x0a\x05"), status: 400, code: rpcInvalidArgument, says: "cannot be decoded"},
		"not gzip":     {coding: "gzip", body: strings.NewReader("hello"), status: 400, code: rpcInvalidArgument, says: "not compressed with gzip"},
		"gzip, cut":    {coding: "gzip", body: bytes.NewReader(zip(t, []byte("hello"))[:12]), status: 400, code: rpcInvalidArgument, says: "not compressed with gzip"},
		"decompressed": {config: func(c *Config) { c.Limits.Decoded = 1000 }, coding: "gzip", body: bytes.NewReader(zip(t, make([]byte, 1001))), status: 413, code: rpcResourceExhausted, says: "more than 1000 bytes"},
		"not durable":  {config: func(c *Config) { c.Sync = func(context.Context) error { return errors.New("no") } }, status: 503, retry: "5", code: rpcUnavailable, says: "send them again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openPost(t, tc.config)
			if tc.media == "" {
				tc.media = protobufType
			}
			resp, answer := p.send(http.MethodPost, otlpPath, tc.media, tc.coding, tc.body)
			var got status.Status
			if err := proto.Unmarshal([]byte(answer), &got); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tc.status || resp.Header.Get("Retry-After") != tc.retry || got.Code != tc.code || !strings.Contains(got.Message, tc.says) {
				t.Errorf("answered %d %v after %q, want %d, code %d and %q", resp.StatusCode, &got, resp.Header.Get("Retry-After"), tc.status, tc.code, tc.says)
			}
		})
	}
	p := openPost(t, nil)
	_, answer := p.send(http.MethodPost, otlpPath, jsonType, "", strings.NewReader("{"))
	if want := `{"code":3,"message":"the request cannot be decoded: `; !strings.HasPrefix(answer, want) {
		t.Errorf("answered %q, want it to begin with %q", answer, want)
	}
}
