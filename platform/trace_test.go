package platform_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"plimsoll/platform/client"
	"plimsoll/platform/platformtest"
)

// A caller's trace goes on through the gateway, the queue and the worker: the worker's span is a child of the span of the
// request that completed the upload.
func TestTraceCrossesThePlatform(t *testing.T) {
	t.Parallel()
	p := platformtest.Start(t, platformtest.Config(t))
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	makeClip(t, clip)
	api, err := client.New(client.Config{URL: p.Gateway, Key: p.Key, API: &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ctx, caller := otel.Tracer("test").Start(ctx, "upload a clip")
	if _, err := api.Upload(ctx, client.Upload{Path: clip}); err != nil {
		t.Fatal(err)
	}
	caller.End()
	ended := func(name string, kind trace.SpanKind) (s tracetest.SpanStub, ok bool) {
		for _, s := range spans.GetSpans() {
			if s.SpanContext.TraceID() == caller.SpanContext().TraceID() && s.SpanKind == kind && strings.HasSuffix(s.Name, name) {
				return s, true
			}
		}
		return s, false
	}
	var task tracetest.SpanStub
	until(t, "the worker's span belongs to the caller's trace", func() (ok bool) {
		task, ok = ended("process task", trace.SpanKindConsumer)
		return ok
	})
	request, ok := ended("/v1/uploads/{id}/complete", trace.SpanKindServer)
	if !ok || task.Parent.SpanID() != request.SpanContext.SpanID() {
		t.Errorf("the worker's span is a child of %s, want that of the completion, %s", task.Parent.SpanID(), request.SpanContext.SpanID())
	}
}
