package edge_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/platform/edge"
	"plimsoll/platform/httpmetrics"
	"plimsoll/platform/origin"
)

const (
	segment  = "/v/01990d6e-7c3a-7b9e-8f7e-5d9c1a2b3c4d/1/1/video_1.m4s"
	manifest = "/v/01990d6e-7c3a-7b9e-8f7e-5d9c1a2b3c4d/1/1/master.m3u8"
)

// objects is an origin whose answers the test decides.
type objects struct {
	mu    sync.Mutex
	at    map[string]*origin.Object
	err   error
	asked atomic.Int64
	begun chan struct{} // if not nil, a fetch says so here
	gate  chan struct{} // and waits until this is closed
}

func (o *objects) fetch(ctx context.Context, path string) (*origin.Object, error) {
	o.asked.Add(1)
	if o.gate != nil {
		o.begun <- struct{}{}
		select {
		case <-o.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return nil, o.err
	}
	if found := o.at[path]; found != nil {
		return found, nil
	}
	return nil, origin.ErrAbsent
}

func (o *objects) set(path string, found *origin.Object, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at[path], o.err = found, err
}

func newOrigin() *objects {
	return &objects{at: map[string]*origin.Object{
		segment:  {Body: []byte("0123456789"), ContentType: "video/iso.segment", ETag: "seg", Fresh: 24 * time.Hour, Immutable: true},
		manifest: {Body: []byte("#EXTM3U"), ContentType: "application/vnd.apple.mpegurl", ETag: "m1", Fresh: 10 * time.Second},
	}}
}

type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_800_000_000, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func newEdge(t testing.TB, from *objects, change func(*edge.Config)) http.Handler {
	t.Helper()
	reg := prometheus.NewRegistry()
	cfg := edge.Config{Fetch: from.fetch, HTTP: httpmetrics.New(reg), Metrics: edge.NewMetrics(reg), Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	e, err := edge.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e.Handler()
}

func ask(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, path string
		request            []string
		status             int
		body               string
		headers            map[string]string
	}{
		{"segment", "GET", segment, nil, 200, "0123456789", map[string]string{
			"Content-Type": "video/iso.segment", "Etag": `"seg"`, "Accept-Ranges": "bytes", "Content-Length": "10",
			"Cache-Control": "public, max-age=86400, immutable", "Access-Control-Allow-Origin": "*", "X-Cache": "miss"}},
		{"manifest", "GET", manifest, nil, 200, "#EXTM3U", map[string]string{
			"Content-Type": "application/vnd.apple.mpegurl", "Cache-Control": "public, max-age=10, stale-if-error=3600"}},
		{"head", "HEAD", segment, nil, 200, "", map[string]string{"Content-Length": "10"}},
		{"range", "GET", segment, []string{"Range", "bytes=2-4"}, 206, "234", map[string]string{"Content-Range": "bytes 2-4/10", "Content-Length": "3"}},
		{"open range", "GET", segment, []string{"Range", "bytes=7-"}, 206, "789", map[string]string{"Content-Range": "bytes 7-9/10"}},
		{"last bytes", "GET", segment, []string{"Range", "bytes=-2"}, 206, "89", map[string]string{"Content-Range": "bytes 8-9/10"}},
		{"range past the end", "GET", segment, []string{"Range", "bytes=8-99"}, 206, "89", map[string]string{"Content-Range": "bytes 8-9/10"}},
		{"range outside", "GET", segment, []string{"Range", "bytes=10-"}, 416, "", map[string]string{"Content-Range": "bytes */10"}},
		{"two ranges", "GET", segment, []string{"Range", "bytes=0-1,3-4"}, 200, "0123456789", nil},
		{"range of the object held", "GET", segment, []string{"Range", "bytes=0-0", "If-Range", `"seg"`}, 206, "0", nil},
		{"range of another object", "GET", segment, []string{"Range", "bytes=0-0", "If-Range", `"old"`}, 200, "0123456789", nil},
		{"not modified", "GET", segment, []string{"If-None-Match", `"x", W/"seg"`}, 304, "", map[string]string{"Etag": `"seg"`}},
		{"modified", "GET", segment, []string{"If-None-Match", `"x"`}, 200, "0123456789", nil},
		{"absent", "GET", "/v/none/x.m4s", nil, 404, "", map[string]string{"Content-Type": "application/problem+json"}},
		{"other spelling", "GET", strings.Replace(segment, "/1/1/", "/1/./1/", 1), nil, 404, "", nil},
		{"other path", "GET", "/etc/passwd", nil, 404, "", nil},
		{"preflight", "OPTIONS", segment, nil, 204, "", map[string]string{"Access-Control-Allow-Headers": "Range, If-None-Match, If-Range"}},
		{"method", "POST", segment, nil, 405, "", map[string]string{"Allow": "GET, HEAD, OPTIONS"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := ask(newEdge(t, newOrigin(), nil), tc.method, tc.path, tc.request...)
			if w.Code != tc.status || tc.status < 400 && w.Body.String() != tc.body {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, tc.status, tc.body)
			}
			for k, v := range tc.headers {
				if got := w.Header().Get(k); got != v {
					t.Errorf("%s: %q, want %q", k, got, v)
				}
			}
		})
	}
}

// Hundreds of viewers who ask at the same moment are answered by one fetch, and one who leaves takes nobody along.
func TestConcurrentMissesFetchOnce(t *testing.T) {
	t.Parallel()
	const viewers = 500
	from := newOrigin()
	from.begun, from.gate = make(chan struct{}, viewers), make(chan struct{})
	server := httptest.NewServer(newEdge(t, from, nil))
	defer server.Close()

	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		req, _ := http.NewRequestWithContext(impatient, http.MethodGet, server.URL+segment, nil)
		_, err := http.DefaultClient.Do(req)
		left <- err
	}()
	<-from.begun // the impatient one leads the fetch
	var waiting, answered sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{}}
	failures := make(chan error, viewers)
	for range viewers {
		waiting.Add(1)
		answered.Go(func() {
			waiting.Done()
			resp, err := client.Get(server.URL + segment)
			if err == nil {
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					err = fmt.Errorf("status %s", resp.Status)
				}
			}
			if err != nil {
				failures <- err
			}
		})
	}
	waiting.Wait()
	leave()
	if err := <-left; err == nil {
		t.Error("the impatient viewer was answered")
	}
	close(from.gate)
	answered.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	if n := from.asked.Load(); n != 1 {
		t.Errorf("the origin was asked %d times for %d viewers, want once", n, viewers)
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	from, at := newOrigin(), &clock{}
	h := newEdge(t, from, func(c *edge.Config) { c.Now, c.StaleIfError = at.now, time.Minute })
	step := func(what string, status int, cache, body string, asked int64) {
		t.Helper()
		w := ask(h, http.MethodGet, manifest)
		if w.Code != status || w.Header().Get("X-Cache") != cache || status == 200 && w.Body.String() != body || from.asked.Load() != asked {
			t.Fatalf("%s: %d, X-Cache %q, %q, origin asked %d times; want %d, %q, %q, %d",
				what, w.Code, w.Header().Get("X-Cache"), w.Body, from.asked.Load(), status, cache, body, asked)
		}
	}
	step("first", 200, "miss", "#EXTM3U", 1)
	step("again", 200, "hit", "#EXTM3U", 1)
	from.set(manifest, &origin.Object{Body: []byte("new"), ETag: "m2", Fresh: 10 * time.Second}, nil)
	at.advance(9 * time.Second)
	step("still fresh", 200, "hit", "#EXTM3U", 1)
	at.advance(time.Second)
	step("no longer fresh", 200, "miss", "new", 2)
	from.set(manifest, nil, errors.New("storage is down"))
	at.advance(11 * time.Second)
	step("origin down", 200, "stale", "new", 3)
	step("origin left alone for a while", 200, "stale", "new", 3)
	at.advance(2 * time.Second)
	step("origin tried again", 200, "stale", "new", 4)
	at.advance(time.Minute)
	step("too old to stand in", 503, "", "", 5)
	from.set(manifest, &origin.Object{Body: []byte("back"), ETag: "m3", Fresh: time.Second}, nil)
	step("origin back", 200, "miss", "back", 6)
	from.set(manifest, nil, nil)
	at.advance(2 * time.Second)
	step("taken away", 404, "", "", 7)
	from.set(manifest, nil, errors.New("storage is down"))
	step("no old copy of what was taken away", 503, "", "", 8)
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	from := newOrigin()
	h := newEdge(t, from, func(c *edge.Config) { c.Capacity = 100 << 10 })
	for i := range 200 {
		path := fmt.Sprintf("/v/x/%d.m4s", i)
		from.set(path, &origin.Object{Body: make([]byte, 10<<10), ETag: "e", Fresh: time.Hour}, nil)
		if w := ask(h, http.MethodGet, path); w.Code != 200 || w.Body.Len() != 10<<10 {
			t.Fatalf("%d, %d bytes", w.Code, w.Body.Len())
		}
	}
	hits := 0
	for i := range 200 {
		if ask(h, http.MethodGet, fmt.Sprintf("/v/x/%d.m4s", i)).Header().Get("X-Cache") == "hit" {
			hits++
		}
	}
	if hits > 20 { // 9 fit; eviction runs beside the requests
		t.Errorf("%d of 200 objects of 10 KiB are held in 100 KiB", hits)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := edge.New(edge.Config{}); err == nil {
		t.Error("an edge without an origin")
	}
}

func BenchmarkHit(b *testing.B) {
	for _, size := range []int{4 << 10, 500 << 10} {
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			from := newOrigin()
			from.set(segment, &origin.Object{Body: make([]byte, size), ContentType: "video/iso.segment", ETag: "s", Fresh: time.Hour, Immutable: true}, nil)
			server := httptest.NewServer(newEdge(b, from, nil))
			defer server.Close()
			b.SetBytes(int64(size))
			b.RunParallel(func(pb *testing.PB) {
				client := &http.Client{Transport: &http.Transport{}}
				buf := make([]byte, 64<<10)
				for pb.Next() {
					resp, err := client.Get(server.URL + segment)
					if err != nil {
						b.Error(err)
						return
					}
					for err == nil {
						_, err = resp.Body.Read(buf)
					}
					resp.Body.Close()
				}
			})
		})
	}
}
