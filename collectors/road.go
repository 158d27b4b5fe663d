package collectors

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// Road is a way for samples into a [Collector]: which source they come from, and how they are to be read.
type Road struct {
	collector *Collector
	source    string
	delta     bool // a value is the increase since the start timestamp
	late      bool // samples beyond the horizon count, too
}

var (
	_ storage.AppendableV2       = (*Collector)(nil)
	_ storage.AppendableV2       = (*Road)(nil)
	_ storage.ExemplarAppenderV2 = (*appender)(nil)
)

// AppenderV2 begins a transaction for samples that were scraped or pushed. It is that of [Collector.From] without a source.
func (c *Collector) AppenderV2(context.Context) storage.AppenderV2 {
	return c.begin(Road{collector: c})
}

// From returns the way for the samples of a source, which count for the objectives whose Indicator names it, and for no others. The
// empty name is that of whatever is scraped and pushed.
func (c *Collector) From(source string) *Road { return &Road{collector: c, source: source} }

// Deltas returns the way for samples of which each is the increase of its series since its start timestamp, as OTLP has them. They count for
// the objectives without a source.
func (c *Collector) Deltas() storage.AppendableV2 { return &Road{collector: c, delta: true} }

// History is that of [Collector.From] without a source.
func (c *Collector) History() storage.AppendableV2 { return c.From("").History() }

// AppenderV2 begins a transaction. Nothing is booked before its Commit. It does not use the context.
func (r *Road) AppenderV2(context.Context) storage.AppenderV2 { return r.collector.begin(*r) }

// Late returns the same way without the horizon: for a source that is caught up with after it was away. Its samples go on where
// the live ones ended.
func (r *Road) Late() *Road {
	late := *r
	late.late = true
	return &late
}

// History returns the way for samples from before an objective was counted. They may come before, while and after live samples of the same
// series do. Each series is filled up to where counting it live began, for each objective on its own; nothing is counted twice, also if
// the history comes again. What the package says about history is the contract.
//
// Start timestamps are not kept across a restart: a counter that began anew and is already above its old value shows it only if its
// start timestamp is later than the sample before.
func (r *Road) History() *Road {
	return &Road{collector: r.collector.past, source: r.source, late: true}
}

// Last returns when the newest sample of a series was that has been counted, in Unix milliseconds; false if none has been. It is that of
// [Collector.From] without a source.
func (c *Collector) Last(ls labels.Labels) (t int64, ok bool) { return c.From("").Last(ls) }

// Last returns when the newest sample of a series was that has been counted live, in Unix milliseconds; false if none has been.
func (r *Road) Last(ls labels.Labels) (t int64, ok bool) {
	cursor, ok := r.collector.ledger.Cursor(seriesKey(r.source, ls))
	return cursor.T, ok
}
