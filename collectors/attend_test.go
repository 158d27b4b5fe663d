package collectors_test

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/slo"
)

// A target feeds an objective with a value that is refused, too, whether it is counted live or as history.
func TestRefusedValuesObserve(t *testing.T) {
	t.Parallel()
	shares := objective("s/share", slo.Indicator{Kind: slo.Ratios, Query: `share`})
	for name, road := range map[string]func(*desk) storage.AppendableV2{
		"live":    func(d *desk) storage.AppendableV2 { return d.collector },
		"history": func(d *desk) storage.AppendableV2 { return d.collector.History() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, shares)
			for i, v := range []float64{-0.5, 0.5} {
				at := d.now.Add(time.Duration(i-2) * time.Minute).UnixMilli()
				app := road(d).AppenderV2(t.Context())
				d.append(app, labels.FromStrings("__name__", "share", "instance", "a", "job", "web"), 0, at, v)
				d.append(app, labels.FromStrings("__name__", "up", "instance", "a", "job", "web"), 0, at, 1)
				if err := app.Commit(); err != nil {
					t.Fatal(err)
				}
			}
			r, _ := d.ledger.Reader(shares.Key)
			if got := r.Read(0, slo.MinuteOf(d.now)); got.Observed != 2 || got.Total != slo.RatioWeight {
				t.Errorf("counted %+v, want two observed minutes and one share", got)
			}
		})
	}
}
