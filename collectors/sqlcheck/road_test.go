package sqlcheck_test

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/slo/ledger"
)

// road is the way into a collector for what is caught up with.
func road(c *collectors.Collector) storage.AppendableV2 { return c.From("").Late() }

// newest is where a series was counted to.
func newest(c *collectors.Collector, _ *ledger.Ledger) func(labels.Labels) (int64, bool) {
	return c.Last
}
