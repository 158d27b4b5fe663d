package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// translationOf returns how the translator of Prometheus is to name things.
func translationOf(c *config.OTLPConfig) prometheusremotewrite.Settings {
	return prometheusremotewrite.Settings{
		AddMetricSuffixes:                    c.TranslationStrategy.ShouldAddSuffixes(),
		AllowUTF8:                            !c.TranslationStrategy.ShouldEscape(),
		PromoteResourceAttributes:            prometheusremotewrite.NewPromoteResourceAttributes(*c),
		KeepIdentifyingResourceAttributes:    c.KeepIdentifyingResourceAttributes,
		ConvertHistogramsToNHCB:              c.ConvertHistogramsToNHCB,
		PromoteScopeMetadata:                 c.PromoteScopeMetadata,
		LabelNameUnderscoreSanitization:      c.LabelNameUnderscoreSanitization,
		LabelNamePreserveMultipleUnderscores: c.LabelNamePreserveMultipleUnderscores,
		AllowDeltaTemporality:                true,
		// target_info is written once for every half of this between the first and the last point. Nobody looks back here, and one point
		// without a time would be half a century of them.
		LookbackDelta: math.MaxInt64,
	}
}

// point is one sample that was translated.
type point struct {
	labels labels.Labels
	nativeSample
	v float64
}

// gathering stands where the translator expects an appender and keeps the samples, so that they can be sorted and those of a metric that
// cannot be translated taken back.
type gathering struct {
	limits             *Limits
	latest             int64
	converter          *prometheusremotewrite.PrometheusConverter
	cumulative, deltas []point
	refused            problems
}

var _ storage.AppenderV2 = (*gathering)(nil)

// gather begins with what another request has left.
func (r *Receiver) gather() *gathering {
	g, _ := r.gatherings.Get().(*gathering)
	if g == nil {
		g = &gathering{limits: &r.limits, converter: prometheusremotewrite.NewPrometheusConverter(nil)}
	}
	g.latest = r.now().Add(maxAhead).UnixMilli()
	return g
}

// maxIdlePoints bounds what is kept of a gathering for the next request.
const maxIdlePoints = 1 << 14

// leave lets another request go on with the memory of g.
func (r *Receiver) leave(g *gathering) {
	if max(cap(g.cumulative), cap(g.deltas)) > maxIdlePoints {
		return
	}
	clear(g.cumulative)
	clear(g.deltas)
	g.converter.Reset(nil)
	g.cumulative, g.deltas, g.refused = g.cumulative[:0], g.deltas[:0], problems{}
	r.gatherings.Put(g)
}

// Append keeps a sample.
func (g *gathering) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	if problem := g.limits.checkLabels(ls); problem != "" {
		return 0, errors.New(problem)
	}
	if t > g.latest {
		return 0, errors.New(tooFarAhead(t, ls))
	}
	p := point{ls, nativeSample{st, t, h, fh}, v}
	if h != nil || fh != nil {
		if err := p.check(); err != nil {
			return 0, fmt.Errorf("a histogram that is not one: %w, of %s", err, shorten(ls))
		}
	}
	// The translator has no type for what is of delta temporality, and only for that.
	if opts.Metadata.Type != model.MetricTypeUnknown {
		g.cumulative = append(g.cumulative, p)
		return 0, nil
	}
	if h != nil {
		h.CounterResetHint = histogram.UnknownCounterReset // it is marked as a gauge
	}
	g.deltas = append(g.deltas, p)
	return 0, nil
}

// Commit does nothing.
func (g *gathering) Commit() error { return nil }

// Rollback does nothing.
func (g *gathering) Rollback() error { return nil }

// translate gathers the samples of all metrics. A metric of which something cannot be translated is refused with all its points. It
// returns an error if ctx ended.
func (g *gathering) translate(ctx context.Context, settings *prometheusremotewrite.Settings, metrics pmetric.Metrics) error {
	problem := g.tryTranslate(ctx, settings, metrics)
	if problem == nil {
		return nil
	}
	for _, resource := range metrics.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				if err := g.tryTranslate(ctx, settings, alone(resource, scope, metric)); err != nil {
					g.refused.add(points(metric), strings.ReplaceAll(err.Error(), "\n", "; "))
				}
				if err := ctx.Err(); err != nil {
					return fmt.Errorf("translate OTLP: %w", err)
				}
			}
		}
	}
	return nil
}

// tryTranslate gathers all samples or none.
func (g *gathering) tryTranslate(ctx context.Context, settings *prometheusremotewrite.Settings, metrics pmetric.Metrics) error {
	cumulative, deltas := len(g.cumulative), len(g.deltas)
	g.converter.Reset(g)
	_, err := g.converter.FromMetrics(ctx, metrics, *settings)
	if err != nil {
		g.cumulative, g.deltas = g.cumulative[:cumulative], g.deltas[:deltas]
	}
	return err
}

// alone returns a request with one metric.
func alone(resource pmetric.ResourceMetrics, scope pmetric.ScopeMetrics, metric pmetric.Metric) pmetric.Metrics {
	metrics := pmetric.NewMetrics()
	r := metrics.ResourceMetrics().AppendEmpty()
	resource.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(resource.SchemaUrl())
	s := r.ScopeMetrics().AppendEmpty()
	scope.Scope().CopyTo(s.Scope())
	s.SetSchemaUrl(scope.SchemaUrl())
	metric.CopyTo(s.Metrics().AppendEmpty())
	return metrics
}

// points returns the number of data points of a metric.
func points(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	}
	return 0
}

// commit appends the points, in the order of their time, in one transaction.
func commit(ctx context.Context, to storage.AppendableV2, points []point) error {
	if len(points) == 0 {
		return nil
	}
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.t, b.t) })
	app := to.AppenderV2(ctx)
	for i := range points {
		p := &points[i]
		if _, err := app.Append(0, p.labels, p.st, p.t, p.v, p.ints, p.floats, storage.AOptions{}); err != nil {
			_ = app.Rollback() // nothing was booked
			return fmt.Errorf("append a sample: %w", err)
		}
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("commit pushed samples: %w", err)
	}
	return nil
}
