package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"plimsoll/incidents"
)

// reader is somebody with a browser, without its script.
type reader struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newReader(t *testing.T, url string) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{t, url, &http.Client{Jar: jar}}
}

// send sends a form and follows where it leads; it returns the status, the address and the page.
func (r *reader) send(path string, form ...string) (int, string, string) {
	r.t.Helper()
	values := url.Values{}
	for n := 0; n < len(form); n += 2 {
		values.Add(form[n], form[n+1])
	}
	resp, err := r.client.PostForm(r.url+path, values)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, resp.Request.URL.RequestURI(), string(b)
}

func (r *reader) get(path string) (int, string) {
	r.t.Helper()
	resp, err := r.client.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (r *reader) signIn(who string) *reader {
	r.t.Helper()
	if status, at, _ := r.send("/login", "token", "token-of-"+who, "next", "/incidents"); status != http.StatusOK || at != "/incidents" {
		r.t.Fatalf("signing in leads to %s with %d", at, status)
	}
	return r
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	url := serve(t, small(), incidentShelf())
	r := newReader(t, url)
	if _, body := r.get("/incidents/INC-7"); strings.Contains(body, "<form method=\"post\" action=\"/incidents") || !strings.Contains(body, `href="/login?next=%2fincidents%2fINC-7"`) {
		t.Errorf("a reader who has not signed in is offered forms, or no way to sign in:\n%s", body)
	}
	if status, _, body := r.send("/login", "token", "nobody's"); status != http.StatusForbidden || !strings.Contains(body, "Nobody holds this token") {
		t.Errorf("a token that nobody holds: %d\n%s", status, body)
	}
	if status, _, body := r.send("/login", "token", "signed-by-nobody-who-answers"); status != http.StatusServiceUnavailable || !strings.Contains(body, "Try again in a moment") {
		t.Errorf("a token whose issuer is away: %d\n%s", status, body)
	}
	for next, want := range map[string]string{
		"/incidents?state=closed": "/incidents?state=closed", "": "/", "https://example.com/": "/", "//example.com": "/", `/\example.com`: "/", "javascript:x": "/",
	} {
		if status, at, _ := newReader(t, url).send("/login", "token", " token-of-ada ", "next", next); status != http.StatusOK || at != want {
			t.Errorf("next %q leads to %s with %d", next, at, status)
		}
	}
	if _, body := r.signIn("ada").get("/incidents/INC-7"); !strings.Contains(body, "Sign out") || !strings.Contains(body, `action="/incidents/INC-7/note"`) {
		t.Errorf("whoever has signed in is offered nothing:\n%s", body)
	}
	r.send("/logout")
	if _, body := r.get("/incidents/INC-7"); strings.Contains(body, "Sign out") {
		t.Error("signing out changes nothing")
	}
}

// TestForms works on an incident without the script: what is taken leads back to the incident, and what is not says why.
func TestForms(t *testing.T) {
	t.Parallel()
	s := incidentShelf()
	r := newReader(t, serve(t, small(), s)).signIn("ada")
	for _, tc := range []struct {
		name, path string
		form       []string
		status     int
		says       string
	}{
		{"declared", "/incidents/new", []string{"title", "Uploads fail", "severity", "2", "affected", "upload, video-api/availability", "private", "yes"}, 200, "Uploads fail"},
		{"declared without a title", "/incidents/new", []string{"title", " "}, 422, "Nothing was declared: title is missing"},
		{"a bad time", "/incidents/new", []string{"title", "x", "started", "soon"}, 422, "started &#34;soon&#34; is not valid"},
		{"acknowledged", "/incidents/INC-6/acknowledge", nil, 200, "acknowledged, "},
		{"acknowledged twice", "/incidents/INC-6/acknowledge", nil, 409, "INC-6 is acknowledged"},
		{"a commander", "/incidents/INC-6/assign", []string{"role", "commander"}, 200, "<dd>ada</dd>"},
		{"an unknown role", "/incidents/INC-6/assign", []string{"role", "captain"}, 422, "role &#34;captain&#34; is not valid"},
		{"a severity", "/incidents/INC-6/severity", []string{"severity", "1", "reason", "all regions"}, 200, "sev1"},
		{"a task", "/incidents/INC-6/task", []string{"text", "Ask the provider", "owner", "bob", "kind", "task"}, 200, "Ask the provider"},
		{"done", "/incidents/INC-6/done", []string{"number", "1"}, 200, "done 24 Nov"},
		{"no such task", "/incidents/INC-6/done", []string{"number", "x"}, 422, "task &#34;x&#34; is not valid"},
		{"a message", "/incidents/INC-6/message", []string{"audience", "support", "text", "Segments are slow."}, 200, "Somebody else than its author approves it."},
		{"approved by its author", "/incidents/INC-6/decide", []string{"number", "1", "approve", "yes"}, 422, "somebody else"},
		{"an update", "/incidents/INC-6/update", []string{"text", "We know the cause", "next", "20"}, 200, "next update by 12:20 UTC"},
		{"impact", "/incidents/INC-6/impact", []string{"affected", "search"}, 200, `href="/?q=search"`},
		{"a time", "/incidents/INC-6/time", []string{"event", "started", "at", "2026-11-24T10:00"}, 200, "24 Nov 2026 10:00 UTC"},
		{"mitigated", "/incidents/INC-6/mitigate", []string{"how", "another region"}, 200, "mitigated, "},
		{"resolved", "/incidents/INC-6/resolve", nil, 200, "resolved after"},
		{"closed", "/incidents/INC-6/close", nil, 200, "closed after"},
		{"cancelled too late", "/incidents/INC-6/cancel", []string{"reason", "x"}, 409, "INC-6 is closed"},
		{"invited by one who has no part in it", "/incidents/INC-7/invite", []string{"who", "bob"}, 403, "for members of the incident"},
		{"hidden by one who has no part in it", "/incidents/INC-7/privacy", []string{"private", "yes"}, 403, "for members of the incident"},
		{"a part in it", "/incidents/INC-7/assign", []string{"role", "scribe"}, 200, "<dt>scribe</dt><dd>ada</dd>"},
		{"invited", "/incidents/INC-7/invite", []string{"who", "bob"}, 200, "Code Red: API answers"},
		{"made private", "/incidents/INC-7/privacy", []string{"private", "yes"}, 200, "Open it to everybody"},
		{"no such act", "/incidents/INC-6/explode", nil, 404, "nothing to do here"},
		{"no such incident", "/incidents/INC-99/note", []string{"text", "x"}, 404, "There is no incident INC-99"},
	} {
		status, at, body := r.send(tc.path, tc.form...)
		if status != tc.status || !strings.Contains(body, tc.says) {
			t.Errorf("%s: %d at %s, want %d saying %q:\n%s", tc.name, status, at, tc.status, tc.says, body)
		}
	}
	if i, err := s.Get(t.Context(), incidents.Viewer{Subject: "ada"}, 93); err != nil || !i.Private || len(i.Services) != 2 {
		t.Errorf("declared %+v, %v", i, err)
	}
	if status, body := newReader(t, r.url).signIn("bob").get("/incidents/INC-93"); status != http.StatusNotFound || strings.Contains(body, "Uploads") {
		t.Errorf("somebody who is no member sees the private incident: %d", status)
	}
}

// TestFormsNeedSomebody: without having signed in a form changes nothing and leads to where one signs in.
func TestFormsNeedSomebody(t *testing.T) {
	t.Parallel()
	s := incidentShelf()
	r := newReader(t, serve(t, small(), s))
	for _, path := range []string{"/incidents/INC-6/acknowledge", "/incidents/INC-6/amend", "/incidents/new"} {
		if status, at, _ := r.send(path, "title", "x"); status != http.StatusOK || !strings.HasPrefix(at, "/login?next=") {
			t.Errorf("%s leads to %s with %d", path, at, status)
		}
	}
	if i, _ := s.Get(t.Context(), incidents.Viewer{}, 6); i.State != incidents.Declared {
		t.Errorf("the incident is %s", i.State)
	}
}

// TestFormsOfDeployers: what a pipeline's token sends is refused, as by the API.
func TestFormsOfDeployers(t *testing.T) {
	t.Parallel()
	s := incidentShelf()
	r := newReader(t, serve(t, small(), s)).signIn("ci")
	for _, path := range []string{"/incidents/INC-6/acknowledge", "/incidents/INC-6/amend", "/incidents/new"} {
		if status, _, page := r.send(path, "title", "x"); status != http.StatusForbidden || !strings.Contains(page, "let in as a deployer") {
			t.Errorf("%s: %d %s", path, status, page)
		}
	}
	if i, _ := s.Get(t.Context(), incidents.Viewer{}, 6); i.State != incidents.Declared {
		t.Errorf("the incident is %s", i.State)
	}
}
