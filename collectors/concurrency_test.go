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
	d := newDesk(t, all, fastRequests)
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
			objs := []*slo.Objective{all, fastRequests}
			if i%2 == 0 {
				objs = append(objs, late)
			}
			if err := d.collector.SetObjectives(objs); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for i := range scrapes {
			app := d.collector.History().AppenderV2(t.Context())
			at := d.start.Add(time.Duration(i-scrapes) * time.Second).UnixMilli()
			for _, name := range []string{"late_total", "junk_total", "up"} {
				d.append(app, labels.FromStrings("__name__", name, "instance", "past", "job", "api"), 0, at, float64(i))
			}
			if err := app.Commit(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 50 {
			d.collector.Problems()
			d.collector.Notes()
			d.collector.Selectors("")
			d.collector.Last(labels.FromStrings("__name__", "requests_total", "instance", "a", "job", "api"))
		}
	})
	wg.Go(func() {
		for i := range scrapes {
			h := native(int64(i), int64(i))
			app := d.collector.AppenderV2(t.Context())
			if _, err := app.Append(0, labels.FromStrings("__name__", "d", "code", "200"), 0, d.start.UnixMilli()+int64(i), 0, h, nil, noOptions); err != nil {
				t.Error(err)
			}
			if err := app.Commit(); err != nil {
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
