package collectors

import (
	"github.com/prometheus/prometheus/model/exemplar"
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
	road     Road
	table    *table
	began    *table
	samples  []sample
	unwanted uint64
	refused  uint64
	stale    uint64
}

// begin starts a transaction.
func (c *Collector) begin(r Road) *appender {
	samples, _ := c.buffers.Get().(*[]sample)
	if samples == nil {
		samples = new([]sample)
	}
	t := c.table.Load()
	return &appender{road: r, table: t, began: t, samples: *samples}
}

// Append takes one sample into the transaction. It never fails: a sample that does not count is only measured, so that one
// bad series does not cost a scrape its others. Metadata and exemplars are not kept.
func (a *appender) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	native := h != nil || fh != nil
	var s *series
	switch slot := uint32(ref); {
	case generation(ref>>32) != a.table.gen || int64(slot) > int64(len(a.table.slots)) && slot != refusedSlot:
		s, ref = a.resolve(ls, native)
	case slot != 0 && slot != refusedSlot:
		if s = a.table.slots[slot-1]; native != (s.native != nil) {
			s, ref = a.resolve(ls, native)
		}
	}
	switch {
	case s == nil && uint32(ref) == refusedSlot:
		a.refused++
	case s == nil:
		a.unwanted++
	case native:
		a.appendNative(s, st, t, h, fh)
	case value.IsStaleNaN(v):
		a.stale++
	default:
		a.samples = append(a.samples, sample{s, st, t, v})
	}
	return ref, nil
}

// AppendExemplars keeps nothing. It is here because the remote-write handlers of Prometheus ask for it.
func (a *appender) AppendExemplars(ref storage.SeriesRef, _ labels.Labels, _ []exemplar.Exemplar) (storage.SeriesRef, error) {
	return ref, nil
}

// Commit books the samples in the ledger, together with how far their series have been counted.
func (a *appender) Commit() error {
	a.road.collector.commit(&transaction{Road: a.road, samples: a.samples, began: a.began})
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
	c := a.road.collector
	c.metrics.unwanted.Add(float64(a.unwanted))
	c.metrics.refused.Add(float64(a.refused))
	c.metrics.stale.Add(float64(a.stale))
	if n := cap(a.samples); n > 0 && n <= maxIdle {
		clear(a.samples)
		buffer := a.samples[:0]
		c.buffers.Put(&buffer)
	}
	*a = appender{road: a.road, table: a.table, began: a.began}
}
