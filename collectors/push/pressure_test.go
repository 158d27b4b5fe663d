package push

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAnswerWaits holds a request back until it is durable. Its memory is free meanwhile, its place is not.
func TestAnswerWaits(t *testing.T) {
	t.Parallel()
	body := bodyV1(t, seriesV1(3, "__name__", "a"))
	syncing, durable := make(chan struct{}), make(chan struct{})
	p := openPost(t, func(c *Config) {
		c.Limits.Requests = 2
		c.Sync = func(context.Context) error {
			syncing <- struct{}{}
			<-durable
			return nil
		}
	})
	finish := sync.OnceFunc(func() { close(durable) })
	t.Cleanup(finish)
	answers := make(chan int, 2)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			resp, _ := p.send(http.MethodPost, "/api/v1/write", "", "", bytes.NewReader(body))
			answers <- resp.StatusCode
		})
		select {
		case <-syncing:
		case status := <-answers:
			t.Fatalf("answered %d before it was to be made durable", status)
		}
	}
	if n := len(p.cumulative.all()); n != 2 {
		t.Errorf("%d samples are committed when both requests wait, want 2", n)
	}
	if !p.receiver.memory.TryAcquire(p.receiver.limits.InFlight) {
		t.Error("requests that wait to be durable hold memory")
	} else {
		p.receiver.memory.Release(p.receiver.limits.InFlight)
	}
	select {
	case status := <-answers:
		t.Fatalf("answered %d before it was durable", status)
	default:
	}
	resp, answer := p.send(http.MethodPost, "/api/v1/write", "", "", bytes.NewReader(body))
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "1" || !strings.Contains(answer, "2 requests already") {
		t.Errorf("the third request is answered %d %q, want 503", resp.StatusCode, answer)
	}
	finish()
	wg.Wait()
	for range 2 {
		if status := <-answers; status != http.StatusNoContent {
			t.Errorf("answered %d, want 204", status)
		}
	}
}

// TestMemory has a slow sender hold all the memory there is.
func TestMemory(t *testing.T) {
	t.Parallel()
	body := bodyV1(t, seriesV1(3, "__name__", "a"))
	p := openPost(t, func(c *Config) { c.Limits = Limits{Body: 1000, Decoded: 1000, InFlight: 2000} })
	slow, rest := io.Pipe()
	t.Cleanup(func() { _ = rest.Close() })
	done := make(chan int, 1)
	go func() {
		resp, _ := p.send(http.MethodPost, "/api/v1/write", "", "", slow) // of unknown length: it holds 1,000 bytes
		done <- resp.StatusCode
	}()
	if _, err := rest.Write(body[:3]); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the slow request to hold memory", func() bool {
		if p.receiver.memory.TryAcquire(1001) {
			p.receiver.memory.Release(1001)
			return false
		}
		return true
	})
	resp, answer := p.send(http.MethodPost, "/api/v1/write", "", "", io.MultiReader(bytes.NewReader(body)))
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(answer, "2000 bytes") {
		t.Errorf("answered %d %q, want 503", resp.StatusCode, answer)
	}
	if _, err := rest.Write(body[3:]); err != nil {
		t.Fatal(err)
	}
	if err := rest.Close(); err != nil {
		t.Fatal(err)
	}
	if status := <-done; status != http.StatusNoContent {
		t.Errorf("the slow request is answered %d, want 204", status)
	}
	if !p.receiver.memory.TryAcquire(2000) {
		t.Error("memory is held when no request is left")
	}
}

// waitFor polls until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestCutShort breaks a request off: the sender is asked to send it again.
func TestCutShort(t *testing.T) {
	t.Parallel()
	p := openPost(t, nil)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/write", io.LimitReader(strings.NewReader("hello"), 3))
	req.ContentLength = 5
	w := httptest.NewRecorder()
	p.receiver.Write().ServeHTTP(w, req)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("answered %d, want 503", w.Code)
	}
}
