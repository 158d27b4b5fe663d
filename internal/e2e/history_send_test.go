package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/klauspost/compress/snappy"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// request is one that a sender repeats until it is acknowledged.
type request struct {
	path    string
	header  map[string]string
	body    []byte
	say     string
	samples []events
}

// post sends a request once. An error means that it is not acknowledged.
func (r request) post(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	req.Header.Set("Authorization", "Bearer "+operatorToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", resp.Status, said)
	}
	return err
}

// sender is a program that counts requests and sends them: as counters in remote write 2.0, or as increases in OTLP.
type sender struct {
	instance string
	deltas   bool
	began    int64 // Unix milliseconds
	last     int64
	counters map[[2]string]int64
}

var (
	codes  = []string{"200", "500"}
	routes = []string{"/a", "/b", ""}
)

// batch lets a program work until an instant, and tells of it. It is restarted now and then.
func (s *sender) batch(rng *rand.Rand, now int64) request {
	from := s.last
	if restart := rng.IntN(6) == 0; restart || s.counters == nil {
		if s.counters = map[[2]string]int64{}; restart {
			from = s.last + 1 + rng.Int64N(now-s.last-1)
		}
		s.began = from
	}
	s.last = now
	var told []events
	for _, code := range codes {
		for _, route := range routes {
			n := rng.Int64N([]int64{1, 4, 500}[rng.IntN(3)])
			s.counters[[2]string{code, route}] += n
			told = append(told, events{code: code, route: route, from: from, to: now, n: n})
		}
	}
	if s.deltas {
		return s.otlp(told)
	}
	return s.write(told)
}

// write is a request of remote write 2.0.
func (s *sender) write(told []events) request {
	var req writev2.Request
	symbols := writev2.NewSymbolTable()
	for _, e := range told {
		var refs []uint32
		for _, pair := range [][2]string{{"__name__", "requests_total"}, {"code", e.code}, {"instance", s.instance}, {"job", "shop"}, {"route", e.route}} {
			if pair[1] != "" {
				refs = append(refs, symbols.Symbolize(pair[0]), symbols.Symbolize(pair[1]))
			}
		}
		req.Timeseries = append(req.Timeseries, writev2.TimeSeries{LabelsRefs: refs, Samples: []writev2.Sample{
			{StartTimestamp: s.began, Timestamp: e.to, Value: float64(s.counters[[2]string{e.code, e.route}])},
		}})
	}
	req.Symbols = symbols.Symbols()
	body, err := req.Marshal()
	if err != nil {
		panic(err)
	}
	return request{
		path: "/api/v1/write", body: snappy.Encode(nil, body), say: "remote write of " + s.instance, samples: told,
		header: map[string]string{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"},
	}
}

// otlp is a request of OTLP with increases.
func (s *sender) otlp(told []events) request {
	md := pmetric.NewMetrics()
	r := md.ResourceMetrics().AppendEmpty()
	r.Resource().Attributes().PutStr("service.name", "shop")
	r.Resource().Attributes().PutStr("service.instance.id", s.instance)
	metric := r.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("requests")
	points := metric.SetEmptySum()
	points.SetIsMonotonic(true)
	points.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for _, e := range told {
		dp := points.DataPoints().AppendEmpty()
		dp.SetStartTimestamp(pcommon.Timestamp(e.from * 1e6))
		dp.SetTimestamp(pcommon.Timestamp(e.to * 1e6))
		dp.SetIntValue(e.n)
		dp.Attributes().PutStr("code", e.code)
		if e.route != "" {
			dp.Attributes().PutStr("route", e.route)
		}
	}
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		panic(err)
	}
	return request{path: "/api/v1/otlp/v1/metrics", body: body, say: "OTLP of " + s.instance, samples: told, header: map[string]string{"Content-Type": "application/x-protobuf"}}
}
