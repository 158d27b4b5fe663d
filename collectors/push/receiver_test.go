package push

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	config_util "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/storage/remote"
)

// post is a receiver that is served, with what it received.
type post struct {
	*testing.T
	receiver   *Receiver
	cumulative *recorder
	deltas     *recorder
	registry   *prometheus.Registry
	url        string
}

func openPost(t *testing.T, change func(*Config)) *post {
	t.Helper()
	p := &post{T: t, cumulative: newRecorder(), deltas: newRecorder(), registry: prometheus.NewRegistry()}
	cfg := Config{
		Appender: p.cumulative, Deltas: p.deltas, Sync: func(context.Context) error { return nil },
		Registerer: p.registry, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return fuzzNow },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if p.receiver, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/write", p.receiver.Write())
	mux.Handle("/api/v1/otlp/v1/metrics", p.receiver.OTLP())
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	p.url = srv.URL
	return p
}

// client is the sender that Prometheus has.
func (p *post) client(message remoteapi.WriteMessageType) remote.WriteClient {
	p.Helper()
	u, err := url.Parse(p.url + "/api/v1/write")
	if err != nil {
		p.Fatal(err)
	}
	c, err := remote.NewWriteClient("test", &remote.ClientConfig{
		URL: &config_util.URL{URL: u}, Timeout: model.Duration(time.Minute), WriteProtoMsg: message,
	})
	if err != nil {
		p.Fatal(err)
	}
	return c
}

func (p *post) send(method, path, contentType, encoding string, body io.Reader) (*http.Response, string) {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), method, p.url+path, body)
	if err != nil {
		p.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	return resp, string(answer)
}

func (p *post) expect(sink *recorder, want ...recorded) {
	p.Helper()
	if diff := cmp.Diff(want, sink.all(), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
		p.Errorf("samples differ (-want +got):\n%s", diff)
	}
}

const at = int64(1_700_000_000_000) // fuzzNow

func seriesV1(v float64, pairs ...string) prompb.TimeSeries {
	ts := prompb.TimeSeries{Samples: []prompb.Sample{{Value: v, Timestamp: at}}}
	for i := 0; i < len(pairs); i += 2 {
		ts.Labels = append(ts.Labels, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return ts
}

func bodyV1(t *testing.T, series ...prompb.TimeSeries) []byte {
	t.Helper()
	return snappy.Encode(nil, marshal(t, &prompb.WriteRequest{Timeseries: series}))
}

const floatThree = 0x4008000000000000 // 3.0

func TestWriteV1(t *testing.T) {
	t.Parallel()
	p := openPost(t, nil)
	body := bodyV1(t, seriesV1(3, "__name__", "requests_total", "code", "200"))
	if _, err := p.client(remoteapi.WriteV1MessageType).Store(t.Context(), body, 0); err != nil {
		t.Fatal(err)
	}
	p.expect(p.cumulative, recorded{Labels: `{__name__="requests_total", code="200"}`, T: at, Bits: floatThree})
	p.expect(p.deltas)
}

// TestWriteV2 sends start timestamps, and finds in the answer how much was written.
func TestWriteV2(t *testing.T) {
	t.Parallel()
	p := openPost(t, nil)
	native := writev2.Histogram{Count: &writev2.Histogram_CountInt{CountInt: 2}, ZeroCount: &writev2.Histogram_ZeroCountInt{ZeroCountInt: 2}, Timestamp: at, StartTimestamp: 6}
	body := snappy.Encode(nil, marshal(t, &writev2.Request{
		Symbols: []string{"", "__name__", "requests_total", "seconds"},
		Timeseries: []writev2.TimeSeries{
			{LabelsRefs: []uint32{1, 2}, Samples: []writev2.Sample{{Value: 3, Timestamp: at, StartTimestamp: 5}}, Exemplars: []writev2.Exemplar{{Value: 1, Timestamp: at}}},
			{LabelsRefs: []uint32{1, 3}, Histograms: []writev2.Histogram{native}},
		},
	}))
	stats, err := p.client(remoteapi.WriteV2MessageType).Store(t.Context(), body, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := (remote.WriteResponseStats{Samples: 1, Histograms: 1, Exemplars: 1, Confirmed: true}); stats != want {
		t.Errorf("written %+v, want %+v", stats, want)
	}
	p.expect(p.cumulative,
		recorded{Labels: `{__name__="requests_total"}`, ST: 5, T: at, Bits: floatThree},
		recorded{Labels: `{__name__="seconds"}`, ST: 6, T: at, Ints: native.ToIntHistogram()},
	)
}

// TestPartial sends good series among bad ones.
func TestPartial(t *testing.T) {
	t.Parallel()
	late := seriesV1(3, "__name__", "ahead_total")
	late.Samples[0].Timestamp += 601_000
	broad := []string{"__name__", "broad_total"}
	for _, name := range strings.Split("abcdef", "") {
		broad = append(broad, name, "x")
	}
	for name, tc := range map[string]struct {
		bad  prompb.TimeSeries
		says string
	}{
		"without a name":       {seriesV1(3, "code", "200"), `no metric name in {code="200"}`},
		"with a label twice":   {seriesV1(3, "__name__", "a", "code", "1", "code", "2"), `label "code" twice`},
		"not UTF-8":            {seriesV1(3, "__name__", "a", "code", "\xff"), "not UTF-8"},
		"ahead of the clock":   {late, `more than 10m0s ahead of our clock, of {__name__="ahead_total"}`},
		"with too many labels": {seriesV1(3, broad...), "7 labels, more than the limit of 6"},
		"with long labels":     {seriesV1(3, "__name__", "a", "b", strings.Repeat("x", 1000)), "labels of 1010 bytes, more than the limit of 1000, in {"},
		"with endless labels":  {seriesV1(3, "__name__", "a", "b", strings.Repeat("x", 2000)), "more than the limit of 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openPost(t, func(c *Config) { c.Limits = Limits{Labels: 6, LabelBytes: 1000} })
			body := bodyV1(t, seriesV1(3, "__name__", "first_total"), tc.bad, seriesV1(3, "__name__", "last_total"))
			resp, answer := p.send(http.MethodPost, "/api/v1/write", "application/x-protobuf", "snappy", bytes.NewReader(body))
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(answer, "refused 1 series and took the others") || !strings.Contains(answer, tc.says) {
				t.Errorf("answer %d %q, want 400 and %q", resp.StatusCode, answer, tc.says)
			}
			p.expect(p.cumulative,
				recorded{Labels: `{__name__="first_total"}`, T: at, Bits: floatThree},
				recorded{Labels: `{__name__="last_total"}`, T: at, Bits: floatThree},
			)
		})
	}
}

// TestSymbols refers a hundred thousand series to one long symbol: the limit of labels holds before they are written out.
func TestSymbols(t *testing.T) {
	t.Parallel()
	p := openPost(t, nil)
	req := &writev2.Request{Symbols: []string{"", "__name__", "a", strings.Repeat("x", 1<<20)}}
	for range 100_000 {
		req.Timeseries = append(req.Timeseries, writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 2, 3}, Samples: []writev2.Sample{{Timestamp: at}}})
	}
	resp, answer := p.send(http.MethodPost, "/api/v1/write", "application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", bytes.NewReader(snappy.Encode(nil, marshal(t, req))))
	if resp.StatusCode != http.StatusBadRequest || !strings.Contains(answer, "refused 100000 series") || !strings.Contains(answer, "and 99997 more like that") {
		t.Errorf("answer %d %.500q", resp.StatusCode, answer)
	}
}

// TestRefusals has each reason for which nothing is taken.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const proto, v2 = "application/x-protobuf", "application/x-protobuf;proto=io.prometheus.write.v2.Request"
	good := bodyV1(t, seriesV1(3, "__name__", "a"))
	// A header that claims more than the limit, and nothing after it.
	bomb := []byte{0x80, 0x80, 0x80, 0x80, 0x04}
	broken := snappy.Encode(nil, append(marshal(t, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{seriesV1(3, "__name__", "a")}}), 0x0a, 0x7f))
	unknownLength := func(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) }
	for name, tc := range map[string]struct {
		config          func(*Config)
		method          string
		media, coding   string
		body            io.Reader
		status          int
		header, header1 string
		says            string
		reason          reason
	}{
		"not a POST":         {method: http.MethodPut, body: bytes.NewReader(good), status: 405, header: "Allow", header1: "POST", says: "use POST", reason: badMethod},
		"another media type": {media: "text/plain", body: bytes.NewReader(good), status: 415, says: `content type "text/plain" is not supported`, reason: unsupported},
		"another message":    {media: proto + ";proto=some.Message", body: bytes.NewReader(good), status: 415, says: "proto=prometheus.WriteRequest", reason: unsupported},
		"another encoding":   {coding: "zstd", body: bytes.NewReader(good), status: 415, says: "use snappy", reason: unsupported},
		"not compressed":     {body: strings.NewReader("hello"), status: 400, says: "not compressed with Snappy", reason: malformed},
		"empty":              {body: http.NoBody, status: 400, says: "not compressed with Snappy", reason: malformed},
		"malformed":          {body: bytes.NewReader(broken), status: 400, says: "cannot be decoded: before byte 37", reason: malformed},
		"too large": {
			config: func(c *Config) { c.Limits.Body = int64(len(good)) - 1 }, body: bytes.NewReader(good), status: 413, says: "more than the limit of", reason: tooLarge,
		},
		"too large, in chunks": {
			config: func(c *Config) { c.Limits.Body = int64(len(good)) - 1 }, body: unknownLength(good), status: 413, says: "which is the limit", reason: tooLarge,
		},
		"too large when decompressed": {body: bytes.NewReader(bomb), status: 413, says: "the decompressed request has 1073741824 bytes", reason: tooLarge},
		"follower": {
			config: func(c *Config) { c.Leading = func() (bool, string) { return false, "http://other:8080" } },
			body:   bytes.NewReader(good), status: 503, header: "Retry-After", header1: "5", says: "http://other:8080 leads", reason: following,
		},
		"not durable": {
			config: func(c *Config) { c.Sync = func(context.Context) error { return errors.New("secret") } },
			body:   bytes.NewReader(good), status: 503, header: "Retry-After", header1: "5", says: "not known to be saved; send them again", reason: notDurable,
		},
		"never durable": {
			config: func(c *Config) {
				c.Limits.Sync = time.Nanosecond
				c.Sync = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
			},
			body: bytes.NewReader(good), status: 503, header: "Retry-After", header1: "5", says: "not known to be saved", reason: notDurable,
		},
		"version 2, malformed": {media: v2, body: bytes.NewReader(snappy.Encode(nil, []byte("\x2a\x02\x0a"))), status: 400, header: "X-Prometheus-Remote-Write-Samples-Written", header1: "0", says: "cannot be decoded", reason: malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openPost(t, tc.config)
			method, media := tc.method, tc.media
			if method == "" {
				method = http.MethodPost
			}
			if media == "" {
				media = proto
			}
			resp, answer := p.send(method, "/api/v1/write", media, tc.coding, tc.body)
			if resp.StatusCode != tc.status || !strings.Contains(answer, tc.says) || strings.Contains(answer, "secret") {
				t.Errorf("answer %d %q, want %d and %q", resp.StatusCode, answer, tc.status, tc.says)
			}
			if tc.header != "" && resp.Header.Get(tc.header) != tc.header1 {
				t.Errorf("%s is %q, want %q", tc.header, resp.Header.Get(tc.header), tc.header1)
			}
			if tc.reason != notDurable {
				p.expect(p.cumulative)
			}
			protocol := protocolV1
			if media == v2 {
				protocol = protocolV2
			}
			if got := testutil.ToFloat64(p.receiver.metrics.requests.WithLabelValues(protocol, string(tc.reason))); got != 1 {
				t.Errorf("%v requests are measured as %s, want 1", got, tc.reason)
			}
		})
	}
}

// TestSenderRetries shows the answers to the sender of Prometheus: it sends again what it should, and gives up what it should.
func TestSenderRetries(t *testing.T) {
	t.Parallel()
	good := bodyV1(t, seriesV1(3, "__name__", "a"))
	for name, tc := range map[string]struct {
		config func(*Config)
		body   []byte
		again  bool
	}{
		"follower":    {config: func(c *Config) { c.Leading = func() (bool, string) { return false, "" } }, body: good, again: true},
		"not durable": {config: func(c *Config) { c.Sync = func(context.Context) error { return errors.New("no") } }, body: good, again: true},
		"partial":     {body: bodyV1(t, seriesV1(3, "a", "b"))},
		"malformed":   {body: []byte("x")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := openPost(t, tc.config).client(remoteapi.WriteV1MessageType).Store(t.Context(), tc.body, 0)
			var recoverable remote.RecoverableError
			if err == nil || errors.As(err, &recoverable) != tc.again {
				t.Errorf("the sender has %v; sends again: want %t", err, tc.again)
			}
		})
	}
}

// TestAppendFails loses nothing when the appender does not append: nothing is committed and the sender sends it again.
func TestAppendFails(t *testing.T) {
	t.Parallel()
	p := openPost(t, nil)
	p.cumulative.fail = errors.New("no")
	resp, _ := p.send(http.MethodPost, "/api/v1/write", "", "", bytes.NewReader(bodyV1(t, seriesV1(3, "__name__", "a"))))
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %d, want 503", resp.StatusCode)
	}
	p.expect(p.cumulative)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	sink, sync := newRecorder(), func(context.Context) error { return nil }
	for name, tc := range map[string]struct {
		config Config
		says   string
	}{
		"no appender":    {Config{Deltas: sink, Sync: sync}, "Appender is required"},
		"no deltas":      {Config{Appender: sink, Sync: sync}, "Deltas is required"},
		"no sync":        {Config{Appender: sink, Deltas: sink}, "Sync is required"},
		"negative limit": {Config{Appender: sink, Deltas: sink, Sync: sync, Limits: Limits{Labels: -1}}, "limit Labels is -1: it must be positive"},
		"little memory":  {Config{Appender: sink, Deltas: sink, Sync: sync, Limits: Limits{InFlight: 5}}, "limit InFlight is 5: it must be at least Body + Decoded, which is 41943040"},
	} {
		if _, err := New(tc.config); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: error %v, want %q", name, err, tc.says)
		}
	}
}
