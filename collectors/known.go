package collectors

import "github.com/prometheus/prometheus/storage"

// Known reports whether Append goes by the reference of a series of floats alone, and does not look at the labels.
func (a *appender) Known(ref storage.SeriesRef) bool {
	slot := uint32(ref)
	return generation(ref>>32) == a.table.gen && (slot == refusedSlot || int64(slot) <= int64(len(a.table.slots)))
}
