package push_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"plimsoll/collectors/push"
)

var (
	streamV1 = stream{
		header: map[string]string{"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"},
		ours:   (*push.Receiver).Write, peer: writePeer(remoteapi.WriteV1MessageType), requests: roundV1,
	}
	streamV2 = stream{
		header: map[string]string{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"},
		ours:   (*push.Receiver).Write, peer: writePeer(remoteapi.WriteV2MessageType), requests: roundV2,
	}
	streamOTLP = stream{
		header: map[string]string{"Content-Type": "application/x-protobuf"},
		ours:   (*push.Receiver).OTLP, peer: otlpPeer, requests: roundOTLP,
	}
)

// benchLabels are those of series n, as a service in Kubernetes has them.
func benchLabels(n int) []string {
	name := fmt.Sprintf("go_some_metric_%d", n%10)
	if n%10 == 0 {
		name = "http_requests_total"
	}
	return []string{
		"__name__", name, "cluster", "production-eu-west-1", "code", []string{"200", "404", "500"}[n/10%3], "container", "api",
		"handler", fmt.Sprintf("/api/v1/things/%d", n/10%200), "instance", fmt.Sprintf("10.0.%d.%d:8080", n/2000/256, n/2000%256), "job", "api", "method", "GET",
		"namespace", "shop", "pod", fmt.Sprintf("api-7d4b9c6f5-%05d", n/2000), "service", "api",
	}
}

func benchValue(i, round int) float64 { return float64(round * (i%7 + 1)) }

// benchV1 is a request of remote write 1.0.
type benchV1 struct{ prompb.WriteRequest }

func (r *benchV1) at(b *testing.B, t time.Time, round int) []byte {
	b.Helper()
	for i := range r.Timeseries {
		r.Timeseries[i].Samples[0] = prompb.Sample{Value: benchValue(i, round), Timestamp: t.UnixMilli()}
	}
	raw, err := r.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	return snappy.Encode(nil, raw)
}

func roundV1() []message {
	var requests []message
	for n := 0; n < benchSeries; n += benchRequest {
		r := &benchV1{}
		for j := range benchRequest {
			ts, pairs := prompb.TimeSeries{Samples: make([]prompb.Sample, 1)}, benchLabels(n+j)
			for k := 0; k < len(pairs); k += 2 {
				ts.Labels = append(ts.Labels, prompb.Label{Name: pairs[k], Value: pairs[k+1]})
			}
			r.Timeseries = append(r.Timeseries, ts)
		}
		requests = append(requests, r)
	}
	return requests
}

// benchV2 is a request of remote write 2.0.
type benchV2 struct{ writev2.Request }

func (r *benchV2) at(b *testing.B, t time.Time, round int) []byte {
	b.Helper()
	for i := range r.Timeseries {
		r.Timeseries[i].Samples[0] = writev2.Sample{Value: benchValue(i, round), Timestamp: t.UnixMilli()}
	}
	raw, err := r.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	return snappy.Encode(nil, raw)
}

func roundV2() []message {
	var requests []message
	for n := 0; n < benchSeries; n += benchRequest {
		r, symbols := &benchV2{}, writev2.NewSymbolTable()
		for j := range benchRequest {
			ts := writev2.TimeSeries{Samples: make([]writev2.Sample, 1), Metadata: writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_COUNTER}}
			for _, text := range benchLabels(n + j) {
				ts.LabelsRefs = append(ts.LabelsRefs, symbols.Symbolize(text))
			}
			r.Timeseries = append(r.Timeseries, ts)
		}
		r.Symbols = symbols.Symbols()
		requests = append(requests, r)
	}
	return requests
}

// benchOTLP is what one process exports: ten counters of 200 points each.
type benchOTLP struct{ pmetric.Metrics }

func (r *benchOTLP) at(b *testing.B, t time.Time, round int) []byte {
	b.Helper()
	i := 0
	for _, m := range r.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		for _, p := range m.Sum().DataPoints().All() {
			p.SetTimestamp(pcommon.NewTimestampFromTime(t))
			p.SetStartTimestamp(pcommon.NewTimestampFromTime(benchStart))
			p.SetIntValue(int64(benchValue(i, round)))
			i++
		}
	}
	raw, err := pmetricotlp.NewExportRequestFromMetrics(r.Metrics).MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

func roundOTLP() []message {
	var requests []message
	for pod := range benchSeries / benchRequest {
		r := &benchOTLP{pmetric.NewMetrics()}
		resource := r.ResourceMetrics().AppendEmpty()
		for name, value := range map[string]string{"service.name": "api", "service.instance.id": fmt.Sprintf("api-7d4b9c6f5-%05d", pod),
			"k8s.cluster.name": "production-eu-west-1", "k8s.namespace.name": "shop", "k8s.container.name": "api"} {
			resource.Resource().Attributes().PutStr(name, value)
		}
		metrics := resource.ScopeMetrics().AppendEmpty().Metrics()
		for n := range 10 {
			m := metrics.AppendEmpty()
			m.SetName(fmt.Sprintf("some.metric.%d", n))
			if n == 0 {
				m.SetName("http.requests")
			}
			sum := m.SetEmptySum()
			sum.SetIsMonotonic(true)
			sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			for j := range benchRequest / 10 {
				attributes := sum.DataPoints().AppendEmpty().Attributes()
				attributes.PutStr("code", []string{"200", "404", "500"}[j%3])
				attributes.PutStr("handler", fmt.Sprintf("/api/v1/things/%d", j))
				attributes.PutStr("method", "GET")
			}
		}
		requests = append(requests, r)
	}
	return requests
}
