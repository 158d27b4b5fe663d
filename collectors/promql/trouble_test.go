package promql_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors/promql"
	"plimsoll/slo"
)

// fake answers as it is told; a real server cannot be made to fail in every way.
func fake(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

const empty = `{"status":"success","data":{"resultType":"matrix","result":[]}}`

// ask makes one attempt at an hour and returns how it went.
func ask(t *testing.T, server promql.Server) (position time.Time, err error) {
	t.Helper()
	server.Name = source
	into := newCounted(t, objectives(source))
	pump, err := promql.NewPump(server, promql.Into{
		Key: "promql", Appenders: []storage.AppendableV2{into.collector.From(source).Late()}, Ledger: into.ledger, Now: into.clock.now,
		Selectors:  func() [][]*labels.Matcher { return into.collector.Selectors(source) },
		Objectives: func() []*slo.Objective { return into.ledger.Objectives() },
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = pump.Advance(t.Context(), base, base.Add(time.Hour))
	position, _ = pump.Position()
	return position, err
}

// What is not a whole answer moves nothing.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		header string
		body   string
		want   string
	}{
		{"a rate limit", 429, "7", "slow down", "429 Too Many Requests"},
		{"an overload", 503, "", "busy", "503 Service Unavailable"},
		{"a gateway that finds no server", 502, "", "<html>bad gateway</html>", "server error: 502"},
		{"an answer that breaks off", 200, "", `{"status":"success","data":{"resultType":"matrix","result":[{"met`, "unexpected end"},
		{"an answer of another type", 200, "", `{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`, "the answer is a scalar, not a matrix"},
		{"a store that did not answer", 200, "", strings.Replace(empty, `"data"`, `"warnings":["no store matched"],"data"`, 1), "incomplete: no store matched"},
		{"a query that is refused", 400, "", `{"status":"error","errorType":"bad_data","error":"unknown label"}`, "bad_data: unknown label"},
		{"no permission", 403, "", `who are you?`, "client error: 403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := fake(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			position, err := ask(t, promql.Server{URL: url})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "html") {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if refused := c.status == 400 || c.status == 403; errors.Is(err, promql.ErrRefused) != refused {
				t.Errorf("error %v, is one of a refusal: %t", err, !refused)
			}
			if position.Unix() != 0 {
				t.Errorf("the position moved to %s", position)
			}
		})
	}
}

// What a query means is no reason to distrust its answer.
func TestSemanticWarning(t *testing.T) {
	t.Parallel()
	url := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Replace(empty, `"data"`, `"warnings":["PromQL warning: encountered a mix of histograms and floats"],"data"`, 1))
	})
	position, err := ask(t, promql.Server{URL: url})
	if err != nil || !position.Equal(base.Add(15*time.Minute)) {
		t.Errorf("position %s, error %v", position, err)
	}
}

// A stretch that is too much is halved until it is not.
func TestHalving(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, problem string }{
		{"too many samples", "execution\",\"error\":\"query processing would load too many samples into memory in query execution"},
		{"a limit of Mimir", "execution\",\"error\":\"the query exceeded the maximum number of chunks"},
		{"timed out", "timeout\",\"error\":\"query timed out in expression evaluation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var refused []string
			url := fake(t, func(w http.ResponseWriter, r *http.Request) {
				query := r.FormValue("query")
				rest := query[strings.LastIndex(query, "[")+1:]
				d, err := time.ParseDuration(strings.TrimSuffix(rest, "]"))
				if err != nil || d <= 4*time.Minute {
					fmt.Fprint(w, empty)
					return
				}
				mu.Lock()
				refused = append(refused, d.String())
				mu.Unlock()
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprintf(w, `{"status":"error","errorType":"%s"}`, c.problem)
			})
			position, err := ask(t, promql.Server{URL: url})
			if err != nil || !position.Equal(base.Add(225*time.Second)) {
				t.Errorf("position %s, error %v", position, err)
			}
			if got := strings.Join(refused, " "); got != "15m0s 7m30s" {
				t.Errorf("refused were %s", got)
			}
		})
	}
}

// Credentials go with each request, and never into a message.
func TestCredentials(t *testing.T) {
	t.Setenv("PLIMSOLL_TEST_TENANT", "hunter2")
	t.Setenv("PLIMSOLL_TEST_TOKEN", "sesame")
	var mu sync.Mutex
	var got []http.Header
	url := fake(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Header)
		w.WriteHeader(http.StatusUnauthorized)
	})
	_, err := ask(t, promql.Server{
		URL: url, Headers: map[string]string{"X-Scope-OrgID": "video"}, HeadersEnv: map[string]string{"X-Tenant": "PLIMSOLL_TEST_TENANT"},
		BearerTokenEnv: "PLIMSOLL_TEST_TOKEN",
	})
	if err == nil || strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
	for _, h := range got {
		if h.Get("X-Scope-OrgID") != "video" || h.Get("X-Tenant") != "hunter2" || h.Get("Authorization") != "Bearer sesame" {
			t.Errorf("headers %v", h)
		}
	}
	if len(got) == 0 {
		t.Error("nothing was asked")
	}
	elsewhere := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Tenant") != "" {
			t.Error("credentials went to another server")
		}
		fmt.Fprint(w, empty)
	})
	redirecting := fake(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
	})
	if _, err = ask(t, promql.Server{URL: redirecting, BearerTokenEnv: "PLIMSOLL_TEST_TOKEN", HeadersEnv: map[string]string{"X-Tenant": "PLIMSOLL_TEST_TENANT"}}); err != nil {
		t.Error(err)
	}
	if _, err = ask(t, promql.Server{URL: url, BearerTokenEnv: "PLIMSOLL_TEST_NOTHING"}); err == nil || !strings.Contains(err.Error(), "PLIMSOLL_TEST_NOTHING is not set") {
		t.Errorf("error %v", err)
	}
}

// A selector that another covers is not asked for, and a bucket's bound is found however it is written.
func TestWhatIsAsked(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := map[string]bool{}
	url := fake(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.FormValue("query")] = true
		mu.Unlock()
		fmt.Fprint(w, empty)
	})
	objs := objectives(source)
	latency := *objs[0]
	latency.Key, latency.Indicator = "api/latency", slo.Indicator{Source: source,
		Good: `sum(rate(seconds_bucket{le="1"}[5m]))`, Total: `sum(rate(seconds_count{job=~"api-.*"}[5m]))`}
	into := newCounted(t, append(objs, &latency))
	pump := newPump(t, url, into)
	if _, err := pump.Advance(t.Context(), base, base.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`{__name__="requests_total"}[60000ms]`,
		`{le=~"1|1\\.0|1e\\+00",__name__="seconds_bucket"}[60000ms]`,
		`{job=~"api-.*",__name__="seconds_count"}[60000ms]`,
		`{__name__="up",job=~"api-.*"}[60000ms]`,
		`{__name__="up",job=~"api"}[60000ms]`,
	} {
		if !asked[q] {
			t.Errorf("%s was not asked", q)
		}
		delete(asked, q)
	}
	for q := range asked {
		t.Errorf("%s was asked, too", q)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		empty, `{`, `null`, `{"status":"success"}`, `{"status":"success","data":{"resultType":"matrix"}}`,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","code":"200","job":"api","instance":"a"},"values":[[1772323260,"7"],[1772323261.5,"NaN"],[1,"+Inf"]]}]}}`,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total"},"histograms":[[1,{"count":"1","sum":"2","buckets":[[0,"0.1","1","1"]]}]]}]}}`,
	} {
		f.Add(body)
	}
	var mu sync.Mutex
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(w, body)
	}))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, answer string) {
		mu.Lock()
		body = answer
		mu.Unlock()
		into := newCounted(t, objectives(source))
		into.clock.ms.Store(base.Add(time.Hour).UnixMilli())
		if _, err := newPump(t, server.URL, into).Advance(t.Context(), base, base.Add(time.Minute)); err == nil && !json.Valid([]byte(answer)) {
			t.Errorf("%q was taken for an answer", answer)
		}
	})
}
