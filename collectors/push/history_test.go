package push_test

import (
	"maps"
	"net/http"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"pgregory.net/rapid"
)

var historyStart = time.Date(2026, 3, 1, 11, 58, 30, 0, time.UTC)

// counter is a counter at one instant.
type counter struct {
	began int64 // Unix milliseconds
	value int64
}

// historyEnd is later than any history.
var historyEnd = historyStart.Add(100 * time.Minute)

// moment is what a program exposes at one instant. It is one target of the job shop/api.
type moment struct {
	t        int64 // Unix milliseconds
	down     bool  // it does not answer
	requests map[string]counter
	// The histogram: how many requests took at most 0.25 s, at most 1 s, and longer. They begin together.
	latency  [3]counter
	measured bool // it has had a request
}

// later is the same so many milliseconds later.
func (m moment) later(millis int64) moment {
	m.t += millis
	m.requests = maps.Clone(m.requests)
	for code, c := range m.requests {
		c.began += millis
		m.requests[code] = c
	}
	for i := range m.latency {
		m.latency[i].began += millis
	}
	return m
}

var codes = []string{"200", "500"}

// drawHistory makes up what a program exposes in up to an hour. It is restarted now and then, its counters appear with their first event, and
// sometimes it does not answer.
func drawHistory(t *rapid.T, interval time.Duration) []moment {
	var history []moment
	now := moment{t: historyStart.UnixMilli() - interval.Milliseconds(), requests: map[string]counter{}}
	for range rapid.IntRange(2, 24).Draw(t, "moments") {
		last := now.t
		now.t += interval.Milliseconds()
		now.down = rapid.IntRange(0, 7).Draw(t, "down") == 0
		if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
			now.requests, now.latency, now.measured = map[string]counter{}, [3]counter{}, false
		}
		instant := func() int64 { return last + rapid.Int64Range(1, now.t-last-1).Draw(t, "began") } // an increase within no time is none
		next := map[string]counter{}
		for _, code := range codes {
			c, exists := now.requests[code]
			n := rapid.SampledFrom([]int64{0, 0, 1, 7, 1000, 123_456_789}).Draw(t, "requests")
			if !exists && n == 0 {
				continue
			}
			if !exists {
				c.began = instant()
			}
			c.value += n
			next[code] = c
		}
		now.requests = next
		for i := range now.latency {
			n := rapid.Int64Range(0, 3).Draw(t, "observations")
			if n > 0 && !now.measured {
				now.measured = true
				began := instant()
				for j := range now.latency {
					now.latency[j].began = began
				}
			}
			now.latency[i].value += n
		}
		history = append(history, now)
	}
	return history
}

// point is one sample of a scrape.
type point struct {
	labels labels.Labels
	st, t  int64
	v      float64
}

// writeV1 is a request of remote write 1.0 with what was scraped. That has no start timestamps.
func writeV1(t rapid.TB, points []point) request {
	var req prompb.WriteRequest
	for _, p := range points {
		req.Timeseries = append(req.Timeseries, prompb.TimeSeries{
			Labels: prompb.FromLabels(p.labels, nil), Samples: []prompb.Sample{{Timestamp: p.t, Value: p.v}},
		})
	}
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return request{header: http.Header{"Content-Type": {"application/x-protobuf"}, "Content-Encoding": {"snappy"}}, body: snappy.Encode(nil, raw)}
}

// writeV2 is the same in remote write 2.0.
func writeV2(t rapid.TB, points []point) request {
	var req writev2.Request
	symbols := writev2.NewSymbolTable()
	for _, p := range points {
		req.Timeseries = append(req.Timeseries, writev2.TimeSeries{
			LabelsRefs: symbols.SymbolizeLabels(p.labels, nil), Samples: []writev2.Sample{{StartTimestamp: p.st, Timestamp: p.t, Value: p.v}},
		})
	}
	req.Symbols = symbols.Symbols()
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return request{
		header: http.Header{"Content-Type": {"application/x-protobuf;proto=io.prometheus.write.v2.Request"}, "Content-Encoding": {"snappy"}},
		body:   snappy.Encode(nil, raw),
	}
}

// otlp is a moment in OTLP: cumulative, or as what was added since the moment before. Health is what an agent adds that scrapes.
func (m moment) otlp(t rapid.TB, before *moment, health bool) request {
	md := pmetric.NewMetrics()
	r := md.ResourceMetrics().AppendEmpty()
	r.Resource().Attributes().PutStr("service.namespace", "shop")
	r.Resource().Attributes().PutStr("service.name", "api")
	r.Resource().Attributes().PutStr("service.instance.id", "a:80")
	metrics := r.ScopeMetrics().AppendEmpty().Metrics()
	temporality := pmetric.AggregationTemporalityCumulative
	if before != nil {
		temporality = pmetric.AggregationTemporalityDelta
	}
	for _, code := range codes {
		c, ok := m.requests[code]
		if !ok || m.down {
			continue
		}
		metric := metrics.AppendEmpty()
		metric.SetName("requests")
		sum := metric.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(temporality)
		dp := sum.DataPoints().AppendEmpty()
		dp.Attributes().PutStr("code", code)
		began, value := since(c, before, func(b *moment) counter { return b.requests[code] })
		dp.SetStartTimestamp(pcommon.Timestamp(began * 1e6))
		dp.SetTimestamp(pcommon.Timestamp(m.t * 1e6))
		dp.SetIntValue(value)
	}
	if m.measured && !m.down {
		metric := metrics.AppendEmpty()
		metric.SetName("latency")
		metric.SetUnit("s")
		h := metric.SetEmptyHistogram()
		h.SetAggregationTemporality(temporality)
		dp := h.DataPoints().AppendEmpty()
		dp.ExplicitBounds().FromRaw([]float64{0.25, 1})
		dp.SetTimestamp(pcommon.Timestamp(m.t * 1e6))
		count := uint64(0)
		for i := range m.latency {
			began, value := since(m.latency[i], before, func(b *moment) counter { return b.latency[i] })
			dp.SetStartTimestamp(pcommon.Timestamp(began * 1e6))
			dp.BucketCounts().Append(uint64(value))
			count += uint64(value)
		}
		dp.SetCount(count)
	}
	if health {
		metric := metrics.AppendEmpty()
		metric.SetName("up")
		dp := metric.SetEmptyGauge().DataPoints().AppendEmpty()
		dp.SetTimestamp(pcommon.Timestamp(m.t * 1e6))
		if !m.down {
			dp.SetDoubleValue(1)
		}
	}
	return request{otlp: true, header: http.Header{"Content-Type": {"application/x-protobuf"}}, body: exportRequest(t, md)}
}

func exportRequest(t rapid.TB, md pmetric.Metrics) []byte {
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// since returns when a counter began, and what it counted since. If there is a moment before in which it had begun already, that is since
// then.
func since(c counter, before *moment, at func(*moment) counter) (began, value int64) {
	if before == nil {
		return c.began, c.value
	}
	if was := at(before); was.began == c.began {
		return before.t, c.value - was.value
	}
	return c.began, c.value
}
