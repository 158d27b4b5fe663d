package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/dashboards/web"
	"plimsoll/incidents"
	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

// small is a ledger that is quick to fill.
func small() *slotest.Ledger {
	l := slotest.New(
		slotest.Objective("video-api", "availability", "API answers", 990_000_000, time.Hour),
		slotest.Objective("search", "latency/p95", "Search <is> quick", 950_000_000, time.Hour),
	)
	l.Add("video-api/availability", now.Add(-30*time.Minute), 988, 1000)
	l.Add("search/latency/p95", now.Add(-30*time.Minute), 999, 1000)
	return l
}

func fetch(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestPages(t *testing.T) {
	t.Parallel()
	url := serve(t, small(), incidentShelf())
	for _, tc := range []struct {
		name, path string
		status     int
		says       []string
		saysNot    string
	}{
		{"overview, worst first", "/", 200, []string{"1 budget is spent", "Code Red, releases frozen, 1 d 2 h so far", "INC-7 · sev2", "API answers", "−20.0 %", "98.0 %"}, ""},
		{"names are escaped", "/", 200, []string{"Search &lt;is&gt; quick"}, "<is>"},
		{"by words", "/?q=SEARCH+p95", 200, []string{"Search &lt;is&gt; quick"}, "API answers</a>"},
		{"by state", "/?state=spent", 200, []string{"API answers", `href="/?state=healthy"`}, "quick"},
		{"by both, none", "/?q=search&state=spent", 200, []string{"No objective matches", "“search”"}, "<table"},
		{"objective", "/objectives/video-api/availability", 200, []string{"1 − 12 ÷ 10", "Burn rate over 1h", "−20.0 %"}, ""},
		{"objective of many", "/objectives/search/latency/p95", 200, []string{"Search &lt;is&gt; quick", "98.0 %"}, ""},
		{"no such objective", "/objectives/video-api/nothing", 404, []string{"There is no objective"}, ""},
		{"incidents", "/incidents", 200, []string{"2 incidents are open", "led by ada", "no commander yet"}, ""},
		{"incident", "/incidents/inc-7", 200, []string{"Code Red: API answers", "&lt;b&gt;We watch it&lt;/b&gt;"}, "<b>We"},
		{"no such incident", "/incidents/INC-99", 404, []string{"There is no incident INC-99"}, ""},
		{"not an incident", "/incidents/<b>", 404, []string{"There is no incident &#34;&lt;b&gt;&#34;"}, "<b>&#34;"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			resp, body := fetch(t, url+tc.path)
			if resp.StatusCode != tc.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tc.status)
			}
			last := 0
			for _, s := range tc.says {
				i := strings.Index(body, s)
				if i < 0 {
					t.Fatalf("does not say %q:\n%s", s, body)
				}
				if tc.name == "overview, worst first" && i < last {
					t.Errorf("says %q too early", s)
				}
				last = i
			}
			if tc.saysNot != "" && strings.Contains(body, tc.saysNot) {
				t.Errorf("says %q", tc.saysNot)
			}
			if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy %q", csp)
			}
			if strings.Contains(body, "style=") || strings.Contains(body, "://") {
				t.Error("has inline styles or addresses of others")
			}
		})
	}
}

func TestNowhere(t *testing.T) {
	t.Parallel()
	url := serve(t, small(), incidentShelf())
	for accept, want := range map[string][2]string{
		"text/html,application/xhtml+xml;q=0.9": {"text/html; charset=utf-8", "No page has the address /report&lt;s&gt;."},
		"*/*":                                   {"application/problem+json", "there is nothing at /report"},
	} {
		resp, body := fetch(t, url+"/report%3Cs%3E", "Accept", accept)
		if resp.StatusCode != http.StatusNotFound || resp.Header.Get("Content-Type") != want[0] || !strings.Contains(body, want[1]) {
			t.Errorf("%s: status %d, %s: %s", accept, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	}
}

func TestLivePartAlone(t *testing.T) {
	t.Parallel()
	_, body := fetch(t, serve(t, small(), incidentShelf())+"/", "X-Part", "live")
	if strings.Contains(body, "<html") || !strings.Contains(body, "1 budget is spent") {
		t.Errorf("got %s", body)
	}
}

func TestStoreFailureIsSaid(t *testing.T) {
	t.Parallel()
	s := incidentShelf()
	s.fail(errors.New("password of plimsoll is secret"))
	url := serve(t, small(), s)
	for path, want := range map[string]int{"/": 200, "/incidents": 503, "/incidents/7": 503} { // budgets are in memory
		resp, body := fetch(t, url+path)
		if resp.StatusCode != want || !strings.Contains(body, "The database did not answer") || strings.Contains(body, "secret") {
			t.Errorf("%s: status %d, want %d: %s", path, resp.StatusCode, want, body)
		}
	}
	if _, body := fetch(t, url+"/"); !strings.Contains(body, "1 budget is spent") {
		t.Errorf("the budgets are not shown: %s", body)
	}
}

// A reader who goes away before a page is made is no error of ours.
func TestReaderWhoLeaves(t *testing.T) {
	t.Parallel()
	for left, want := range map[bool]bool{true: false, false: true} {
		var said strings.Builder
		s := &shelf{}
		s.fail(context.Canceled)
		w, err := web.New(web.Config{Ledger: small(), Incidents: s, Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		mux := chi.NewRouter()
		w.Mount(mux)
		ctx, cancel := context.WithCancel(t.Context())
		if left {
			cancel()
		}
		for _, path := range []string{"/", "/incidents"} {
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", path, nil))
		}
		cancel()
		if got := strings.Count(said.String(), "level=ERROR") == 2; got != want || left && said.Len() > 0 {
			t.Errorf("left %t: %s", left, said.String())
		}
	}
}

// What must be known before the figures is on every page, and goes live with it.
func TestNotice(t *testing.T) {
	t.Parallel()
	var notice atomic.Pointer[string]
	notice.Store(new(""))
	w, err := web.New(web.Config{Ledger: small(), Notice: func() string { return *notice.Load() }, Refresh: 20 * time.Millisecond,
		Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := chi.NewRouter()
	w.Mount(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	if _, body := fetch(t, srv.URL+"/"); strings.Contains(body, "notice") {
		t.Errorf("a notice of nothing: %s", body)
	}
	notice.Store(new("Figures are <old>"))
	for _, part := range []string{"", "live"} {
		if _, body := fetch(t, srv.URL+"/", "X-Part", part); !strings.Contains(body, "Figures are &lt;old&gt;") {
			t.Errorf("part %q does not say it: %s", part, body)
		}
	}
}

// An incident that goes on for long is on the pages, however many have come and gone since.
func TestOldOpenIncident(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	for ref := incidents.Ref(300); ref > 1; ref-- {
		s.list = append(s.list, incidents.Incident{Ref: ref, State: incidents.Closed, Severity: 3})
	}
	s.list = append(s.list, incidents.Incident{Ref: 1, Title: "Slow leak", State: incidents.Declared, Severity: 4, Services: []string{"video-api"}})
	url := serve(t, small(), s)
	for _, path := range []string{"/", "/incidents"} {
		if _, body := fetch(t, url+path); !strings.Contains(body, "INC-1<") && !strings.Contains(body, "Slow leak") {
			t.Errorf("%s does not show it: %s", path, body)
		}
	}
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	url := serve(t, small(), incidentShelf())
	_, body := fetch(t, url+"/")
	_, rest, _ := strings.Cut(body, `<link rel="stylesheet" href="`)
	address, _, _ := strings.Cut(rest, `"`)
	resp, css := fetch(t, url+address)
	if resp.StatusCode != 200 || !strings.Contains(css, "prefers-color-scheme") || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: status %d, %q", address, resp.StatusCode, resp.Header.Get("Cache-Control"))
	}
	if again, _ := fetch(t, url+address, "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("with the ETag: status %d", again.StatusCode)
	}
	if plain, _ := fetch(t, url+"/favicon.ico"); plain.Header.Get("Content-Type") != "image/svg+xml" || plain.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("favicon: %v", plain.Header)
	}
	if none, _ := fetch(t, url+"/static/../web.go"); none.StatusCode != 404 {
		t.Errorf("a file of ours: status %d", none.StatusCode)
	}
}

// A stream says when something changed, once for each change, and ends with Run.
func TestEvents(t *testing.T) {
	t.Parallel()
	l := small()
	w, err := web.New(web.Config{Ledger: l, Refresh: time.Millisecond, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := chi.NewRouter()
	w.Mount(mux)
	srv := httptest.NewServer(mux)
	defer srv.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	resp, err := http.Get(srv.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func(prefix string) bool {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), prefix) {
				return true
			}
		}
		return false
	}
	for version := 1; version <= 3; version++ {
		if !next(fmt.Sprintf("data: %d", version)) {
			t.Fatal("the stream ended early")
		}
		l.Add("video-api/availability", now, 1, 1)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for lines.Scan() {
		if text := lines.Text(); text == "data: 5" {
			t.Error("a change was announced that did not happen")
		}
	}
	if late, _ := fetch(t, srv.URL+"/events"); late.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after the end: status %d", late.StatusCode)
	}
}

func TestNoObjectives(t *testing.T) {
	t.Parallel()
	_, body := fetch(t, serve(t, slotest.New(), incidentShelf())+"/")
	if !strings.Contains(body, "No objectives are defined yet") || strings.Contains(body, "<form") {
		t.Errorf("got %s", body)
	}
}

func BenchmarkOverview(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("objectives=%d", n), func(b *testing.B) {
			var objectives []*slo.Objective
			for i := range n {
				objectives = append(objectives, slotest.Objective(fmt.Sprintf("service-%d", i/4), fmt.Sprintf("o%d", i%4), "Answers", 999_000_000, month))
			}
			l := slotest.New(objectives...)
			for _, o := range objectives {
				l.Add(o.Key, now.Add(-time.Hour), 999_999, 1_000_000)
			}
			w, err := web.New(web.Config{Ledger: l, Now: func() time.Time { return now }})
			if err != nil {
				b.Fatal(err)
			}
			mux := chi.NewRouter()
			w.Mount(mux)
			var first time.Duration
			for b.Loop() {
				reader := &firstByte{ResponseRecorder: httptest.NewRecorder()}
				start := time.Now()
				mux.ServeHTTP(reader, httptest.NewRequest(http.MethodGet, "/", nil))
				first += reader.at.Sub(start)
				if reader.Code != 200 {
					b.Fatal(reader.Code)
				}
			}
			b.ReportMetric(float64(first.Microseconds())/1000/float64(b.N), "first-byte-ms/op")
		})
	}
}

// firstByte notes when the first four kilobytes, a connection's buffer, were written.
type firstByte struct {
	*httptest.ResponseRecorder
	at time.Time
}

func (f *firstByte) Write(p []byte) (int, error) {
	n, err := f.ResponseRecorder.Write(p)
	if f.at.IsZero() && f.Body.Len() >= 4096 {
		f.at = time.Now()
	}
	return n, err
}
