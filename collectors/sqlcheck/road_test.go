package sqlcheck_test

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/slo/ledger"
)

// road is the way into a collector for what is caught up with.
func road(c *collectors.Collector) storage.AppendableV2 { return c }

// newest is where a series was counted to.
func newest(_ *collectors.Collector, l *ledger.Ledger) func(labels.Labels) (int64, bool) {
	return func(ls labels.Labels) (int64, bool) {
		c, ok := l.Cursor("series " + ls.String())
		return c.T, ok
	}
}
