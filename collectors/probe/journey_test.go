package probe

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"plimsoll/internal/config"
)

// secret is what no message may hold.
const secret = "s3cr3t-key"

// parseOne reads the one probe of a file.
func parseOne(t *testing.T, text string) *Probe {
	t.Helper()
	probes, err := Parse(func(string) (string, bool) { return secret, true }, config.File{Name: filepath.Join(t.TempDir(), "p.yaml"), Data: []byte(text)})
	if err != nil || len(probes) != 1 {
		t.Fatalf("%v\n%s", err, text)
	}
	return &probes[0]
}

// shop is a service with a login, things that take time, and a list of their parts.
func shop(t *testing.T) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); r.Header.Get("Authorization") != "Bearer "+secret || string(body) != "user=ada" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "abc123", Path: "/"})
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /welcome", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != "abc123" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("X-Shop", "v2")
		fmt.Fprint(w, "Welcome, ada")
	})
	mux.HandleFunc("PUT /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id": %q, "bytes": %d}`, r.PathValue("id"), len(body))
	})
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		status := "processing"
		if asked.Add(1) >= 3 {
			status = "ready"
		}
		fmt.Fprintf(w, `{"id": %q, "status": %q, "ok": true, "price": 12.50, "none": null, "links": [{"list": "/lists/one/index.txt"}]}`, r.PathValue("id"), status)
	})
	mux.HandleFunc("GET /lists/one/index.txt", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "#LIST\n#PART 1\npart-1.bin\n")
	})
	mux.HandleFunc("GET /lists/one/part-1.bin", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"x"`)
		_, _ = w.Write(make([]byte, 1000))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL, asked
}

const journeyFile = `probes:
- name: journey
  service: shop
  variables: {base: BASE, key: '${env:KEY}', user: ada}
  steps:
  - name: login
    request:
      method: POST
      url: ${base}/login
      headers: {Authorization: 'Bearer ${key}'}
      body: user=${user}
    expect: {status: 2xx, headers: {X-Shop: ^v\d$}, body_contains: 'Welcome, ${user}', within: 30s}
  - name: create
    request: {method: PUT, url: '${base}/things/${run.id}', body_file: FILE}
    expect: {status: [200, 201], json: {bytes: 5, id: '${run.id}'}}
    capture: {id: {json: id}}
  - name: ready
    request: {url: '/things/${id}'}
    until: {within: 20s, every: 10ms}
    expect: {json: {status: ready, ok: true, price: 12.5, none: null}}
    capture: {list: {json: 'links[0].list'}}
  - name: list
    request: {url: '${list}'}
    expect: {body_matches: ['^#LIST', 'PART \d']}
    capture: {part: {regex: '(?m)^([^#\s]\S*)$'}}
  - name: part
    request: {url: '${part}'}
    capture: {tag: {header: ETag}}
`

func TestJourney(t *testing.T) {
	t.Parallel()
	base, asked := shop(t)
	body := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(body, []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := parseOne(t, strings.NewReplacer("BASE", base, "FILE", body).Replace(journeyFile))
	r := p.run(t.Context())
	if r.failure != nil || len(r.steps) != 5 || asked.Load() != 3 || r.took <= 0 {
		t.Fatalf("step %q: %+v, %d questions whether it is ready, %+v", r.failed(), r.failure, asked.Load(), r)
	}
	if again := p.run(t.Context()); again.failure != nil { // with cookies and variables of its own
		t.Errorf("step %q: %+v", again.failed(), again.failure)
	}
}

// mirror answers as the path says, and gives back what it was sent wherever it can.
func mirror(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	said := string(body) + r.Header.Get("X-Key") + r.URL.Query().Get("key")
	hijack := func(raw string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			fmt.Fprint(conn, raw)
			conn.Close()
		}
	}
	switch r.URL.Path {
	case "/hang":
		<-r.Context().Done()
	case "/loop":
		http.Redirect(w, r, "/loop?key="+url.QueryEscape(said), http.StatusFound)
	case "/lost":
		http.Redirect(w, r, "http://[::"+said, http.StatusFound)
	case "/elsewhere":
		http.Redirect(w, r, "gopher://"+said, http.StatusFound)
	case "/garbage":
		hijack("HTTP/1.1 " + said + "\r\n\r\n")
	case "/header":
		hijack("HTTP/1.1 200 OK\r\n" + said + "\r\n\r\n")
	case "/short":
		hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + said)
	case "/nothing":
		hijack("")
	case "/500":
		w.WriteHeader(500)
		fmt.Fprint(w, said)
	case "/json":
		fmt.Fprintf(w, `{"said": %q, "list": [1]}`, said)
	default:
		w.Header().Set("X-Said", said)
		fmt.Fprint(w, said)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(mirror))
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(mirror))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	closed.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	trusted := "tls: {ca_file: " + ca + "}"

	const at = `request: {method: POST, headers: {X-Key: '${env:KEY}'}, body: '"quoted" ${env:KEY}', url: '`
	ask := func(path string) string { return at + plain.URL + path + `?key=${env:KEY}'}` }
	for _, test := range []struct {
		name, probe, step string
		want              Reason
		says              string
	}{
		{"no such host", "", at + "http://none.invalid/${env:KEY}'}", DNS, "resolve the name of the host"},
		{"nobody listens", "", at + nobody + "/${env:KEY}'}", Connect, "connection refused"},
		{"unknown authority", "", at + secure.URL + "/'}", TLS, "the certificate is not valid"},
		{"wrong name", trusted[:len(trusted)-1] + ", server_name: other.test}", at + secure.URL + "/'}", TLS, "the certificate is not valid"},
		{"no TLS", "", at + strings.Replace(plain.URL, "http", "https", 1) + "/'}", TLS, "does not speak TLS"},
		{"not in time", "", ask("/hang") + "\n    timeout: 50ms", Timeout, "no answer in time"},
		{"run not in time", "timeout: 50ms", ask("/hang"), Timeout, "no answer in time"},
		{"redirects without end", "", ask("/loop"), Redirect, "more than 10 redirects"},
		{"redirect to nowhere", "", ask("/lost"), Protocol, "not one that HTTP allows"},
		{"redirect to another protocol", "", ask("/elsewhere"), Protocol, "not one that HTTP allows"},
		{"no HTTP", "", ask("/garbage"), Protocol, "not one that HTTP allows"},
		{"no header", "", ask("/header"), Protocol, "not one that HTTP allows"},
		{"half an answer", "", ask("/short"), Protocol, "the answer broke off"},
		{"no answer", "", ask("/nothing"), Protocol, "the answer broke off"},
		{"a large body", "", ask("/") + "\n    max_body_bytes: 5", TooLarge, "the body has more than 5 bytes"},
		{"an address that is none", "variables: {host: '${env:KEY}'}", "request: {url: '${host}'}", BadRequest, "the URL is not an address"},
		{"a header that is none", "variables: {v: \"a\\nb\"}", "request: {url: '" + plain.URL + "', headers: {X: '${v}'}}", BadRequest, "header X"},
		{"status", "", ask("/500"), StatusCode, "the status is 500, expected 2xx"},
		{"other status", "", ask("/") + "\n    expect: {status: [201, 3xx]}", StatusCode, "the status is 200, expected 201 or 3xx"},
		{"redirect that is not followed", "redirects: none", ask("/loop"), StatusCode, "the status is 302, expected 2xx"},
		{"header", "", ask("/") + "\n    expect: {headers: {X-Said: '^no$'}}", Header, `no header X-Said matches "^no$"`},
		{"missing header", "", ask("/") + "\n    expect: {headers: {X-None: ''}}", Header, "no header X-None matches"},
		{"text", "", ask("/") + "\n    expect: {body_contains: 'no ${env:KEY}'}", Body, "the body does not contain"},
		{"pattern", "", ask("/") + "\n    expect: {body_matches: '^no$'}", Body, `the body does not match "^no$"`},
		{"not JSON", "", ask("/") + "\n    expect: {json: {said: a}}", JSON, "the body is not JSON"},
		{"no such member", "", ask("/json") + "\n    expect: {json: {say: a}}", JSON, "the body has no say"},
		{"other value", "", ask("/json") + "\n    expect: {json: {said: a}}", JSON, "said is not a"},
		{"other type", "", ask("/json") + "\n    expect: {json: {'list[0]': '1'}}", JSON, "list[0] is not 1"},
		{"list", "", ask("/json") + "\n    expect: {json: {list: '1'}}", JSON, "list is not 1"},
		{"too slow", "", ask("/") + "\n    expect: {within: 1ms, status: 200}", Slow, "longer than 1ms"},
		{"certificate ends", trusted, at + secure.URL + "/'}\n    expect: {certificate_valid_for: 876000h}", Certificate, "a certificate ends at"},
		{"no certificate", "", ask("/") + "\n    expect: {certificate_valid_for: 1h}", Certificate, "the connection has no certificate"},
		{"capture from JSON", "", ask("/json") + "\n    capture: {a: {json: none}}", Capture, "there is no text, number, true or false at none in the body for the variable a"},
		{"capture of a list", "", ask("/json") + "\n    capture: {a: {json: list}}", Capture, "at list in the body"},
		{"capture of no JSON", "", ask("/") + "\n    capture: {a: {json: list}}", Capture, "at list in the body"},
		{"capture from a header", "", ask("/") + "\n    capture: {a: {header: X-None}}", Capture, "no header X-None for"},
		{"capture from a cookie", "", ask("/") + "\n    capture: {a: {cookie: none}}", Capture, "no cookie none for"},
		{"capture from the body", "", ask("/") + "\n    capture: {a: {regex: 'x{9}'}}", Capture, `no match of "x{9}" in the body`},
		{"never", "", ask("/500") + "\n    until: {within: 100ms, every: 10ms}", StatusCode, "not within 100ms: the status is 500, expected 2xx"},
		{"hangs while it is waited for", "", ask("/hang") + "\n    until: {within: 100ms, every: 10ms}", Timeout, "not within 100ms: no answer in time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.want == Slow {
				test.step = strings.Replace(test.step, plain.URL, slow(t), 1)
			}
			p := parseOne(t, "probes:\n- name: p\n  service: s\n  "+test.probe+"\n  steps:\n  - name: step\n    "+test.step+"\n")
			r := p.run(t.Context())
			if r.failure == nil || r.failure.reason != test.want || !strings.Contains(r.failure.says, test.says) || r.failed() != "step" {
				t.Fatalf("failed with %+v, want %s, %q", r.failure, test.want, test.says)
			}
			if strings.Contains(r.failure.says, secret) {
				t.Errorf("the secret is in %q", r.failure.says)
			}
		})
	}
}

// slow is a server that takes longer than a millisecond for the second half of its answer.
func slow(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		for begin := time.Now(); time.Since(begin) < 5*time.Millisecond; {
			fmt.Fprint(w, "x")
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// What a service sends, captured or not, stays out of messages also where the definition would bring it in.
func TestCapturedValuesStaySecret(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(mirror))
	t.Cleanup(srv.Close)
	p := parseOne(t, `probes:
- name: p
  service: s
  steps:
  - {name: a, request: {url: '`+srv.URL+`/?key=captured-token'}, capture: {token: {header: X-Said}}}
  - {name: b, request: {url: 'http://${token}.invalid/'}}
`)
	r := p.run(t.Context())
	if r.failure == nil || r.failure.reason != DNS || strings.Contains(r.failure.says, "captured-token") {
		t.Errorf("failed with %+v", r.failure)
	}
}

// An end from outside ends the run at once.
func TestRunIsBrokenOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(srv.Close)
	p := parseOne(t, "probes:\n- name: p\n  service: s\n  every: 1h\n  timeout: 1h\n  steps:\n  - {name: a, request: {url: '"+srv.URL+"'}, timeout: 1h, until: {within: 1h}}\n")
	if r := p.run(ctx); r.failure == nil {
		t.Error("it succeeded")
	}
}

// Where a service sends its users is not where their keys go.
func TestSecretsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	var got http.Header
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer elsewhere.Close()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") == secret {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}
	}))
	defer service.Close()
	r := parseOne(t, fmt.Sprintf(`probes:
- name: p
  service: s
  steps: [{name: get, request: {url: '%s/?key=${env:KEY}', headers: {X-Api-Key: '${env:KEY}', Authorization: 'Bearer ${env:KEY}', Range: bytes=0-1}}}]
`, service.URL)).run(t.Context())
	if r.failure != nil || got == nil {
		t.Fatalf("%v, asked there: %v", r.failure, got != nil)
	}
	if strings.Contains(fmt.Sprint(got), secret) {
		t.Errorf("another host is told the secret: %v", got)
	}
	if got.Get("Range") != "bytes=0-1" {
		t.Errorf("a header without a secret is lost: %v", got)
	}
}
