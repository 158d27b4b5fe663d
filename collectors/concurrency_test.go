package collectors_test

import (
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/slo"
)

// Targets are scraped at the same time while objectives are set anew; no event is lost or counted twice.
func TestConcurrentScrapesAndReloads(t *testing.T) {
	t.Parallel()
	all := objective("s/all", slo.Indicator{Good: `requests_total`, Total: `requests_total`})
	late := objective("s/late", slo.Indicator{Good: `late_total`, Total: `late_total`})
	d := newDesk(t, all)
	const targets, scrapes = 4, 200
	var wg sync.WaitGroup
	for n := range targets {
		wg.Go(func() {
			instance := string(rune('a' + n))
			refs := map[string]storage.SeriesRef{}
			for i := range scrapes {
				app := d.collector.AppenderV2(t.Context())
				at := d.start.Add(time.Duration(i) * time.Second).UnixMilli()
				for _, name := range []string{"requests_total", "late_total", "junk_total", "up"} {
					ls := labels.FromStrings("__name__", name, "instance", instance, "job", "api")
					ref, err := app.Append(refs[name], ls, d.start.UnixMilli()-1, at, float64(i+1), nil, nil, storage.AOptions{})
					if err != nil {
						t.Error(err)
					}
					refs[name] = ref
				}
				if err := app.Commit(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 50 {
			objs := []*slo.Objective{all}
			if i%2 == 0 {
				objs = append(objs, late)
			}
			if err := d.collector.SetObjectives(objs); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	r, _ := d.ledger.Reader(all.Key)
	if got, want := r.Read(0, slo.MinuteOf(d.now)).Counts, (slo.Counts{Good: targets * scrapes, Total: targets * scrapes}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
