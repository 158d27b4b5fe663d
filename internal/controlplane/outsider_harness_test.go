package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/internal/pg/pgtest"
)

// house is a whole control plane that runs for a test, with its router to read the routes from.
type house struct {
	app    *App
	url    string
	router chi.Router
	tokens map[string]string // by subject
}

// open starts a control plane with tokens of its own for each of the people. It sets environment variables.
func open(t *testing.T, edit func(*Config), people ...string) *house {
	t.Helper()
	cfg := Default()
	cfg.Listen, cfg.DatabaseURL, cfg.Token = "127.0.0.1:0", pgtest.URL(t), "token-of-operator"
	cfg.DataDir = filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(cfg.DataDir, 0o755); err != nil {
		t.Fatal(err)
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	h := &house{tokens: map[string]string{operator: cfg.Token}}
	for _, who := range people {
		h.tokens[who] = "token-of-" + who
		t.Setenv("TOKEN_OF_"+who, h.tokens[who])
		cfg.Tokens = append(cfg.Tokens, TokenConfig{Subject: who, Env: "TOKEN_OF_" + who})
	}
	if edit != nil {
		edit(&cfg)
	}
	addr := make(chan net.Addr, 1)
	cfg.Ready = func(a net.Addr) { addr <- a }
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case a := <-addr:
		h.app, h.url = app, "http://"+a.String()
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	routes, err := app.routes() // another router with the same routes
	if err != nil {
		t.Fatal(err)
	}
	h.router = routes.(chi.Router)
	return h
}

// reply is what came back.
type reply struct {
	status int
	body   string
	header http.Header
}

// ask sends a request on behalf of somebody, or of nobody if the name is empty, with more headers by pairs. A stream is read for a moment.
func (h *house) ask(t *testing.T, who, method, path, contentType string, body []byte, headers ...string) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, h.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+h.tokens[who])
	}
	for n := 0; n < len(headers); n += 2 {
		req.Header.Set(headers[n], headers[n+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		stop := time.AfterFunc(streamFor, cancel)
		defer stop.Stop()
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil && ctx.Err() == nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp.StatusCode, string(b), resp.Header}
}

// streamFor is how long a stream is listened to that nobody waits for anything on.
const streamFor = 100 * time.Millisecond

// give sends JSON that must be taken, and returns what came back.
func (h *house) give(t *testing.T, who, method, path string, body any) map[string]any {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := h.ask(t, who, method, path, "application/json", b)
	if r.status >= 300 {
		t.Fatalf("%s %s by %s: %d %s", method, path, who, r.status, r.body)
	}
	var out map[string]any
	_ = json.Unmarshal([]byte(r.body), &out) // not every answer is an object
	return out
}

// listen reads the stream of live pages until something has changed, and returns what it said. It says when it is connected.
func (h *house) listen(ctx context.Context, who string, connected chan<- struct{}) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/events", nil)
	if err != nil {
		return err.Error()
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+h.tokens[who])
	}
	resp, err := http.DefaultClient.Do(req)
	connected <- struct{}{}
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var said strings.Builder
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "data:") {
			break
		}
	}
	return said.String()
}
