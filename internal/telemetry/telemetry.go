// Package telemetry sets up OpenTelemetry traces for a program. Spans are exported over OTLP/HTTP when an endpoint is
// named in the environment; trace context is propagated in any case, so that a hop without an exporter breaks no trace.
// It also keeps the everyday messages of libraries, and what they repeat, out of a program's log. It decides neither what is traced nor
// where logs go.
package telemetry

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Config names the program.
type Config struct {
	Service string
	Version string
	// Exporter replaces the one that the environment names.
	Exporter trace.SpanExporter
}

// endpoints are the variables that turn the export on (OpenTelemetry specification, "Environment Variables").
var endpoints = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// flushTimeout bounds the export of the last spans, for a collector that is not there must not keep a program from ending.
const flushTimeout = 5 * time.Second

// Start installs the tracer provider and W3C propagation for the process and returns what flushes and ends them, within
// a few seconds.
func Start(ctx context.Context, cfg Config) (shutdown func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	exporter := cfg.Exporter
	if exporter == nil && wanted() {
		if exporter, err = otlptracehttp.New(ctx); err != nil {
			return nil, fmt.Errorf("set up trace export: %w", err)
		}
	}
	options := []trace.TracerProviderOption{trace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", cfg.Service), attribute.String("service.version", cfg.Version)))}
	if exporter != nil {
		options = append(options, trace.WithBatcher(exporter))
	}
	provider := trace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, flushTimeout)
		defer cancel()
		return provider.Shutdown(ctx)
	}, nil
}

func wanted() bool {
	for _, name := range endpoints {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}
