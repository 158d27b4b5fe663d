package controlplane

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// TestSignedIn signs in on the pages of a whole control plane: the session is worth what its token is, on pages and API, and is of no
// use to another site.
func TestSignedIn(t *testing.T) {
	h := open(t, nil, "ada", "eve")
	h.give(t, "ada", http.MethodPost, "/v1/incidents", map[string]any{"title": "Keys were copied", "private": true})
	browser := func(who string) *http.Client {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Jar: jar}
		resp, err := c.PostForm(h.url+"/login", url.Values{"token": {h.tokens[who]}})
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s signs in: %v, %v", who, resp, err)
		}
		resp.Body.Close()
		return c
	}
	send := func(c *http.Client, method, path, body string, headers ...string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for n := 0; n < len(headers); n += 2 {
			req.Header.Set(headers[n], headers[n+1])
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	ada, eve := browser("ada"), browser("eve")
	for _, tc := range []struct {
		name    string
		c       *http.Client
		method  string
		path    string
		headers []string
		want    int
	}{
		{"a member sees the page", ada, "GET", "/incidents/INC-1", nil, 200},
		{"and the record", ada, "GET", "/v1/incidents/INC-1", nil, 200},
		{"somebody else sees neither", eve, "GET", "/incidents/INC-1", nil, 404},
		{"nor the record", eve, "GET", "/v1/incidents/INC-1", nil, 404},
		{"a member acts from the page", ada, "POST", "/incidents/INC-1/acknowledge", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"another site does not", ada, "POST", "/incidents/INC-1/resolve", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"nor one that an old browser tells by its origin", ada, "POST", "/v1/incidents/INC-1/close", []string{"Origin", "https://example.com"}, 403},
		{"nor a neighbour", ada, "POST", "/v1/incidents/INC-1/close", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"signing out ends it", ada, "POST", "/logout", nil, 200},
		{"for good", ada, "GET", "/incidents/INC-1", nil, 404},
	} {
		if got := send(tc.c, tc.method, tc.path, "", tc.headers...); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}
