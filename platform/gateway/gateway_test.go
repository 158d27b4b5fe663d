package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/platform/fault"
	"plimsoll/platform/gateway"
	"plimsoll/platform/httpmetrics"
)

var errBadKey = errors.New("bad key")

func authenticate(r *http.Request) (identity.Principal, error) {
	switch key := r.Header.Get("Authorization"); key {
	case "":
		return identity.Principal{}, nil
	case "Bearer wrong":
		return identity.Principal{}, errBadKey
	case "Bearer down":
		return identity.Principal{}, errors.New("the database is gone")
	default:
		return identity.Principal{Subject: strings.TrimPrefix(key, "Bearer ")}, nil
	}
}

type thingRequest struct {
	ID string `path:"id"`
}
type thingResponse struct{ Body string }

// things are operations that end in every way there is.
type things struct{ waiting sync.Map }

// hanging returns the channel that is closed when the operation on a thing "hang…" has begun to hang.
func (th *things) hanging(id string) chan struct{} {
	c, _ := th.waiting.LoadOrStore(id, make(chan struct{}))
	return c.(chan struct{})
}

func (th *things) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "get-thing", Method: "GET", Path: "/v1/things/{id}"}, th.get)
	huma.Register(api, huma.Operation{OperationID: "make-thing", Method: "POST", Path: "/v1/things/{id}", Security: httpapi.Bearer}, th.get)
}

func (th *things) get(ctx context.Context, in *thingRequest) (*thingResponse, error) {
	switch in.ID {
	case "absent":
		return nil, httpapi.Problem(httpapi.NotFound, "no such thing", nil)
	case "broken":
		return nil, errors.New("disk full")
	case "panic":
		panic("at the disco")
	}
	if strings.HasPrefix(in.ID, "hang") {
		close(th.hanging(in.ID))
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &thingResponse{Body: in.ID}, nil
}

type front struct {
	*gateway.Gateway
	reg    *prometheus.Registry
	things *things
}

func newGateway(t *testing.T, change func(*gateway.Config)) front {
	t.Helper()
	f := front{reg: prometheus.NewRegistry(), things: &things{}}
	cfg := gateway.Config{
		Authenticate: authenticate, ErrBadKey: errBadKey, Metrics: httpmetrics.New(f.reg),
		Register: []func(huma.API){f.things.register}, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	g, err := gateway.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.Gateway = g
	return f
}

// counts returns the requests by "route method code", from the counter; it checks that the histogram agrees.
func (f front) counts(t *testing.T) map[string]int {
	t.Helper()
	families, err := f.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]int{}
	for _, family := range families {
		byKey := map[string]int{}
		for _, m := range family.GetMetric() {
			n := int(m.GetCounter().GetValue())
			if h := m.GetHistogram(); h != nil {
				n = int(h.GetSampleCount())
			}
			byKey[keyOf(m.GetLabel())] = n
		}
		found[family.GetName()] = byKey
	}
	counted, timed := found["platform_http_requests_total"], found["platform_http_request_duration_seconds"]
	if fmt.Sprint(counted) != fmt.Sprint(timed) {
		t.Errorf("counter and histogram disagree: %v, %v", counted, timed)
	}
	return counted
}

func keyOf(labels []*dto.LabelPair) string {
	v := map[string]string{}
	for _, l := range labels {
		v[l.GetName()] = l.GetValue()
	}
	return v["route"] + " " + v["method"] + " " + v["code"]
}

func ask(h http.Handler, method, path, key string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryKindOfRequestIsCountedUnderItsRoute(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, path, key string
		status                  int
		counted                 string
	}{
		{"served", "GET", "/v1/things/1", "", 200, "/v1/things/{id} GET 200"},
		{"served to a caller", "POST", "/v1/things/1", "ada", 200, "/v1/things/{id} POST 200"},
		{"anonymous where a key is needed", "POST", "/v1/things/1", "", 401, "/v1/things/{id} POST 401"},
		{"bad key", "GET", "/v1/things/1", "wrong", 401, "/v1/things/{id} GET 401"},
		{"keys cannot be checked", "GET", "/v1/things/1", "down", 503, "/v1/things/{id} GET 503"},
		{"absent", "GET", "/v1/things/absent", "", 404, "/v1/things/{id} GET 404"},
		{"broken", "GET", "/v1/things/broken", "", 500, "/v1/things/{id} GET 500"},
		{"panic", "GET", "/v1/things/panic", "", 500, "/v1/things/{id} GET 500"},
		{"no such route", "GET", "/wp-login.php", "", 404, "unmatched GET 404"},
		{"method not allowed", "DELETE", "/v1/things/1", "", 405, "unmatched DELETE 405"},
		{"made-up method", "FROBNICATE", "/v1/things/1", "", 405, "unmatched other 405"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, nil)
			w := ask(g.Handler(), tc.method, tc.path, tc.key)
			if w.Code != tc.status {
				t.Errorf("%d %s, want %d", w.Code, w.Body, tc.status)
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Error("no request id")
			}
			if got := g.counts(t); len(got) != 1 || got[tc.counted] != 1 {
				t.Errorf("counted %v, want one %s", got, tc.counted)
			}
		})
	}
}

// What the clients saw and what the server counted is the same, to the request, with clients that go away in between.
func TestCountsAreExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	g := newGateway(t, func(c *gateway.Config) { c.Limits.Read = gateway.Limit{PerSecond: 0.001, Burst: 150} })
	server := httptest.NewServer(g.Handler())
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}

	var mu sync.Mutex
	seen := map[string]int{}
	var work sync.WaitGroup
	kinds := []struct{ path, key, route string }{
		{"/v1/things/1", "", "/v1/things/{id}"}, {"/v1/things/absent", "bo", "/v1/things/{id}"},
		{"/v1/things/broken", "cy", "/v1/things/{id}"}, {"/v1/things/1", "wrong", "/v1/things/{id}"}, {"/nowhere", "di", "unmatched"},
	}
	for i := range 20 {
		work.Go(func() {
			for j := range 50 {
				k := kinds[(i+j)%len(kinds)]
				req, _ := http.NewRequest(http.MethodGet, server.URL+k.path, nil)
				if k.key != "" {
					req.Header.Set("Authorization", "Bearer "+k.key)
				}
				resp, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				mu.Lock()
				seen[fmt.Sprintf("%s GET %d", k.route, resp.StatusCode)]++
				mu.Unlock()
			}
		})
		work.Go(func() { // one that goes away
			ctx, leave := context.WithCancel(t.Context())
			id := fmt.Sprintf("hang-%d", i)
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/things/"+id, nil)
			req.Header.Set("Authorization", "Bearer "+id)
			go func() { <-g.things.hanging(id); leave() }()
			if resp, err := client.Do(req); err == nil {
				resp.Body.Close()
				t.Error("a request that hangs was answered")
			}
		})
	}
	work.Wait()
	seen["/v1/things/{id} GET 499"] = 20
	server.Close() // waits for the handlers of those who went away
	if got := g.counts(t); fmt.Sprint(got) != fmt.Sprint(seen) {
		t.Errorf("counted %v\nseen    %v", got, seen)
	}
	if seen["/v1/things/{id} GET 429"] == 0 {
		t.Error("nobody was limited")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var nanos atomic.Int64
	g := newGateway(t, func(c *gateway.Config) {
		c.Limits = gateway.Limits{Read: gateway.Limit{PerSecond: 1, Burst: 2}, Write: gateway.Limit{PerSecond: 0.5, Burst: 1}}
		c.Now = func() time.Time { return time.Unix(1_800_000_000, nanos.Load()) }
	})
	expect := func(what, method, key string, status int, retryAfter string) {
		t.Helper()
		w := ask(g.Handler(), method, "/v1/things/1", key)
		if w.Code != status || w.Header().Get("Retry-After") != retryAfter {
			t.Fatalf("%s: %d, Retry-After %q; want %d, %q", what, w.Code, w.Header().Get("Retry-After"), status, retryAfter)
		}
	}
	expect("first", "GET", "ada", 200, "")
	expect("burst", "GET", "ada", 200, "")
	expect("over", "GET", "ada", 429, "1")
	expect("refused requests take no token", "GET", "ada", 429, "1")
	expect("another caller", "GET", "bob", 200, "")
	expect("no caller", "GET", "", 200, "")
	expect("writes have their own", "POST", "ada", 200, "")
	expect("writes over", "POST", "ada", 429, "2")
	nanos.Add(int64(time.Second))
	expect("later", "GET", "ada", 200, "")
	if _, err := gateway.New(gateway.Config{Authenticate: authenticate, ErrBadKey: errBadKey, Metrics: httpmetrics.New(prometheus.NewRegistry()),
		Limits: gateway.Limits{Read: gateway.Limit{PerSecond: -1}}}); err == nil {
		t.Error("a negative limit was accepted")
	}
}

func TestInjectedFaultsAreMeasured(t *testing.T) {
	t.Parallel()
	var g front
	injector := fault.New(func() []string { return g.Routes() }, nil)
	g = newGateway(t, func(c *gateway.Config) { c.Fault = injector })
	if _, err := injector.Set(fault.Spec{Errors: 1, Status: 503, For: fault.Duration(time.Minute), Route: "/v1/things/{id}"}); err != nil {
		t.Fatal(err)
	}
	if w := ask(g.Handler(), "GET", "/v1/things/1", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "injected") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask(g.Handler(), "GET", "/elsewhere", ""); w.Code != 404 {
		t.Errorf("another route: %d", w.Code)
	}
	injector.Clear()
	if w := ask(g.Handler(), "GET", "/v1/things/1", ""); w.Code != 200 {
		t.Errorf("after the fault: %d", w.Code)
	}
	want := map[string]int{"/v1/things/{id} GET 503": 1, "/v1/things/{id} GET 200": 1, "unmatched GET 404": 1}
	if got := g.counts(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	g := newGateway(t, func(c *gateway.Config) { c.RequestTimeout = time.Millisecond })
	if w := ask(g.Handler(), "GET", "/v1/things/hang", ""); w.Code != 500 {
		t.Errorf("%d", w.Code)
	}
}
