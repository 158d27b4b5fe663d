package collectors

import (
	"context"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
)

// sample is an appended sample that waits for its transaction's end.
type sample struct {
	series *series
	st, t  int64
	v      float64
}

// appender is one transaction.
type appender struct {
	collector  *Collector
	table      *table
	began      *table
	samples    []sample
	unwanted   uint64
	histograms uint64
	stale      uint64
}

var _ storage.AppendableV2 = (*Collector)(nil)

// AppenderV2 begins a transaction. Nothing is booked before its Commit. It does not use the context.
func (c *Collector) AppenderV2(context.Context) storage.AppenderV2 {
	samples, _ := c.buffers.Get().(*[]sample)
	if samples == nil {
		samples = new([]sample)
	}
	t := c.table.Load()
	return &appender{collector: c, table: t, began: t, samples: *samples}
}

// Append takes one sample into the transaction. It never fails: a sample that does not count is only measured, so that one
// bad series does not cost a scrape its others.
func (a *appender) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	if h != nil || fh != nil {
		a.histograms++
		return a.table.unwantedRef(), nil
	}
	var s *series
	switch slot := uint32(ref); {
	case generation(ref>>32) != a.table.gen || int64(slot) > int64(len(a.table.slots)):
		if s, ref = a.resolve(ls); s == nil {
			a.unwanted++
			return ref, nil
		}
	case slot == 0:
		a.unwanted++
		return ref, nil
	default:
		s = a.table.slots[slot-1]
	}
	if value.IsStaleNaN(v) {
		a.stale++
		return ref, nil
	}
	a.samples = append(a.samples, sample{s, st, t, v})
	return ref, nil
}

// Commit books the samples in the ledger, together with how far their series have been counted.
func (a *appender) Commit() error {
	a.collector.commit(a.samples, a.began)
	a.end()
	return nil
}

// Rollback forgets the samples.
func (a *appender) Rollback() error {
	a.end()
	return nil
}

// maxIdle bounds the memory that is kept for the next transaction, in samples.
const maxIdle = 1 << 16

// end measures what was not wanted and hands the buffer to the next transaction.
func (a *appender) end() {
	c := a.collector
	c.metrics.unwanted.Add(float64(a.unwanted))
	c.metrics.histograms.Add(float64(a.histograms))
	c.metrics.stale.Add(float64(a.stale))
	if n := cap(a.samples); n > 0 && n <= maxIdle {
		clear(a.samples)
		buffer := a.samples[:0]
		c.buffers.Put(&buffer)
	}
	*a = appender{collector: c, table: a.table, began: a.began}
}
