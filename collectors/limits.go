package collectors

import (
	"cmp"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Limits bound what one collector takes in; a value of 0 means the default. They hold for the series that an objective wants: all others
// cost nothing.
type Limits struct {
	Series     int // in memory at a time; 1,000,000
	Labels     int // of a series; 64
	LabelBytes int // names and values of a series' labels together; 8 KiB
}

func (l Limits) withDefaults() Limits {
	return Limits{cmp.Or(l.Series, 1_000_000), cmp.Or(l.Labels, 64), cmp.Or(l.LabelBytes, 8<<10)}
}

// check returns why another series is refused, or nothing.
func (l Limits) check(ls labels.Labels, series int) string {
	if series >= l.Series {
		return fmt.Sprintf("series are not counted, because %d are, which is the limit", l.Series)
	}
	if n := ls.Len(); n > l.Labels {
		return fmt.Sprintf("a series with %d labels is not counted; %d are allowed: %s", n, l.Labels, shortened(ls))
	}
	bytes := 0
	ls.Range(func(l labels.Label) { bytes += len(l.Name) + len(l.Value) })
	if bytes > l.LabelBytes {
		return fmt.Sprintf("a series whose labels have %d bytes is not counted; %d are allowed: %s", bytes, l.LabelBytes, shortened(ls))
	}
	return ""
}

// shortened writes labels as far as a message has room for them.
func shortened(ls labels.Labels) string {
	const most = 200
	if s := ls.String(); len(s) > most {
		return s[:most] + "…"
	} else {
		return s
	}
}

// refusal is why series of an objective are not counted, and when that was found last.
type refusal struct {
	problem string
	found   time.Time
}

// refuse notes for the objectives that want a series why it is not counted.
func (c *Collector) refuse(wants []want, problem string) {
	for _, w := range wants {
		c.refused[w.objective] = refusal{problem, c.now()}
	}
}
