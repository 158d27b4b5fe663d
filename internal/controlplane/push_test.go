package controlplane

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"plimsoll/collectors/push"
)

// A term that ends breaks off the pushes that are under way, waits for them, and lets no other in.
func TestPushesEndWithTheirTerm(t *testing.T) {
	t.Parallel()
	p, err := newPushes(push.Config{Appender: nowhere{}, Deltas: nowhere{}, Sync: func(context.Context) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx) }()
	entered, left := make(chan struct{}), make(chan bool, 1)
	leave := make(chan struct{})
	go func() {
		left <- p.serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done() // as one does that waits to be durable
			<-leave
		}))
	}()
	<-entered
	end()
	<-p.over.Done()
	select {
	case <-ended:
		t.Error("the term is over while a push is under way")
	default:
	}
	close(leave)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !<-left {
		t.Error("the push that was under way was not served")
	}
	called := false
	if p.serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })) || called {
		t.Error("a push entered after the end")
	}
}
