package controlplane

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
)

func closedHouse(t *testing.T, metrics Readers) *house {
	return open(t, func(c *Config) {
		c.Identity.Reads, c.Identity.Metrics = Identified, metrics
		c.Slack.SigningSecret = "secret"
	}, "ada")
}

// TestClosed asks every route of the router as nobody: each is one of those that are open, for a reason, or refuses.
func TestClosed(t *testing.T) {
	h := closedHouse(t, "")
	known := pathsOf(h)
	seen := map[string]bool{}
	err := chi.Walk(h.router, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		seen[pattern] = true
		if openTo[pattern] != "" {
			return nil
		}
		path, err := known.fill(pattern)
		if err != nil {
			t.Error(err)
			return nil
		}
		path = there.Replace(path)
		if r := h.ask(t, "", method, path, "", nil); r.status != http.StatusUnauthorized || method != http.MethodHead && method != http.MethodConnect && !strings.Contains(r.body, "Bearer TOKEN") {
			t.Errorf("%s %s answers nobody with %d %.200s", method, path, r.status, r.body)
		}
		return nil
	})
	if err != nil || len(seen) < 100 {
		t.Errorf("%d patterns, %v", len(seen), err)
	}
	for pattern := range openTo {
		if !seen[pattern] && pattern != "/v1/gate/github" { // which is there with an App only
			t.Errorf("%s is open, and no route", pattern)
		}
	}
	for _, path := range []string{"/static/../v1/objectives", "/static/%2e%2e/v1/objectives", "//v1/objectives", "/healthz/../v1/objectives", "/healthz%2f..%2fv1%2fobjectives",
		"/v1/objectives/", "/readyz/x", "/nowhere", "/openapi.yaml"} {
		if r := h.ask(t, "", http.MethodGet, path, "", nil); r.status != http.StatusUnauthorized && r.status != http.StatusNotFound {
			t.Errorf("%s answers nobody with %d %.200s", path, r.status, r.body)
		}
	}
	h.ready(t)
	for _, tc := range []struct {
		who, path string
		want      int
	}{
		{"", "/healthz", 200}, {"", "/readyz", 200}, {"", "/login", 200}, {"", "/v1/gate/keys", 200}, {"", "/metrics", 401},
		{"ada", "/v1/objectives", 200}, {"ada", "/", 200}, {"ada", "/metrics", 200}, {"ada", "/openapi.json", 200}, {"ada", "/docs", 200}, {"ada", "/nowhere", 404},
	} {
		if r := h.ask(t, tc.who, http.MethodGet, tc.path, "", nil); r.status != tc.want {
			t.Errorf("%q at %s: %d %.200s, want %d", tc.who, tc.path, r.status, r.body, tc.want)
		}
	}
	t.Run("in a browser", func(t *testing.T) { closedInBrowser(t, h) })
}

// ready waits until the process knows whether it leads.
func (h *house) ready(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); h.ask(t, "", http.MethodGet, "/readyz", "", nil).status != http.StatusOK; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is not ready")
		}
	}
}

// closedInBrowser goes to a page as somebody who has not signed in, who is led to where that is done, and back.
func closedInBrowser(t *testing.T, h *house) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	visit := func(path string, form url.Values, headers ...string) (at, body string, header http.Header) {
		method := http.MethodGet
		if form != nil {
			method = http.MethodPost
		}
		req, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Accept", "text/html,*/*;q=0.8")
		for n := 0; n < len(headers); n += 2 {
			req.Header.Set(headers[n], headers[n+1])
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.Request.URL.RequestURI(), string(b), resp.Header
	}
	const page, signIn = "/incidents?q=playback+stalls", "/login?next=%2Fincidents%3Fq%3Dplayback%2Bstalls"
	at, body, header := visit(page, nil)
	if at != signIn || !strings.Contains(body, `value="/incidents?q=playback&#43;stalls"`) || !strings.Contains(body, "for those who sign in") || header.Get("Refresh") != "" {
		t.Errorf("somebody unknown is led to %s, with %v\n%s", at, header, body)
	}
	if _, _, header = visit(page, nil, "Sec-Fetch-Site", "cross-site"); header.Get("Refresh") != "0; url=/incidents?q=playback+stalls" {
		t.Errorf("whoever comes from elsewhere, without the cookie, is not asked again from here: %v", header)
	}
	if at, body, _ = visit("/login", url.Values{"token": {h.tokens["ada"]}, "next": {"/incidents?q=playback+stalls"}}); at != page || !strings.Contains(body, "Sign out") {
		t.Errorf("signing in leads to %s\n%s", at, body)
	}
}

func TestMetricsOfClosed(t *testing.T) {
	h := closedHouse(t, Anybody)
	for path, want := range map[string]int{"/metrics": 200, "/v1/objectives": 401} {
		if r := h.ask(t, "", http.MethodGet, path, "", nil); r.status != want {
			t.Errorf("%s: %d, want %d", path, r.status, want)
		}
	}
}
