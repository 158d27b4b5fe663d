package ledger

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"plimsoll/slo"
)

const (
	benchDays = 30
	benchEnd  = int64(29_400_037) // the minute at which benchmarks ask, in 2025; not at the edge of an hour
)

// nine are the windows of an objective: the budget's and those of the burn rates.
var nine = []slo.Minute{5, 30, 60, 2 * 60, 6 * 60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60, benchDays * 24 * 60}

// traffic returns the events of a minute of a service with a daily rhythm around mean events a minute, noise of its own
// and of its counting, and one failure in a thousand, more on some days.
func traffic(rng *rand.Rand, minute int64, mean float64) slo.Counts {
	day := float64(minute%(24*60)) / (24 * 60)
	rate := mean * (1 + 0.6*math.Sin(2*math.Pi*day)) * (1 + 0.1*rng.NormFloat64())
	total := int64(max(0, rate+math.Sqrt(max(rate, 0))*rng.NormFloat64()))
	failing := 0.001
	if minute/(24*60)%7 == 0 && minute%(24*60) < 90 {
		failing = 0.05
	}
	bad := int64(float64(total)*failing + rng.Float64())
	return slo.Counts{Good: total - bad, Total: total}
}

// fill returns a track with every minute of the window, as commits would have left it.
func fill(seed uint64, mean float64) *track { return fillDays(seed, mean, benchDays) }

// fillDays is fill for a window of so many days.
func fillDays(seed uint64, mean float64, days int) *track {
	rng := rand.New(rand.NewPCG(seed, 1))
	t := &track{retention: max(int64(DefaultRetention/time.Hour), int64(days)*24)}
	for m := benchEnd - int64(days)*24*60; m <= benchEnd; m++ {
		c := traffic(rng, m, mean)
		t.add(&Increment{From: m * minuteMillis, To: m*minuteMillis + minuteMillis - 1, Good: c.Good, Total: c.Total})
		t.observe(m * minuteMillis)
	}
	return t
}

// benchLedger returns a ledger with n objectives whose traffic differs by a factor of up to a hundred, and the memory that
// one takes. Each has its own events in its own memory; what repeats is only the random history they were made from.
func benchLedger(b *testing.B, n int) (l *Ledger, bytes float64) {
	b.Helper()
	var histories []*track
	for i := range 8 {
		histories = append(histories, fill(uint64(i), 600*math.Pow(100, float64(i)/7)))
	}
	l = New(Config{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var objs []*slo.Objective
	for i := range n {
		objs = append(objs, &slo.Objective{Key: slo.Key(fmt.Sprintf("service-%d/availability", i)), Target: 999_000_000,
			Window: slo.Window{Length: benchDays * 24 * time.Hour}})
	}
	l.SetObjectives(objs)
	for i, t := range l.tracks {
		h := histories[i%len(histories)]
		t.events = h.events
		t.blocks = append(make([]block, 0, cap(h.blocks)), h.blocks...)
		t.words = append(make([]uint64, 0, cap(h.words)), h.words...)
		for k := range t.open { // nothing is yet to be saved
			t.open[k].dirty = false
		}
		for k := range t.blocks {
			t.blocks[k].dirty = false
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return l, float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
}

var objectiveCounts = []int{100, 1000, 10_000}

// BenchmarkWindows reads nine windows of every objective, one after the other on one core.
func BenchmarkWindows(b *testing.B) {
	for _, n := range objectiveCounts {
		b.Run(fmt.Sprintf("objectives=%d", n), func(b *testing.B) {
			l, bytes := benchLedger(b, n)
			var sink int64
			b.ResetTimer()
			for range b.N {
				for _, t := range l.tracks {
					end := t.Before(slo.Minute(benchEnd) + 1) // as slo.Evaluate reads windows that end together
					for _, w := range nine {
						sink += end.Good - t.Before(slo.Minute(benchEnd)-w+1).Good
					}
				}
			}
			b.StopTimer()
			if sink == 0 {
				b.Fatal("nothing was read")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/objective")
			b.ReportMetric(bytes, "bytes/objective")
			runtime.KeepAlive(l)
		})
	}
}

// BenchmarkStatuses is what a page, a scrape of our own metrics or an evaluation of alerts asks for.
func BenchmarkStatuses(b *testing.B) {
	for _, n := range objectiveCounts {
		b.Run(fmt.Sprintf("objectives=%d", n), func(b *testing.B) {
			l, _ := benchLedger(b, n)
			at := slo.Minute(benchEnd).Time()
			b.ReportAllocs()
			for b.Loop() {
				if got := l.Statuses(at); len(got) != n {
					b.Fatalf("%d statuses", len(got))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/objective")
		})
	}
}

// BenchmarkCommit books batches of one scrape: each sample adds to an objective of its own and moves its cursor, and time
// goes on by 15 seconds a batch.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("samples=%d", n), func(b *testing.B) {
			l, _ := benchLedger(b, n)
			l.now = func() time.Time { return slo.Minute(2 * benchEnd).Time() } // no matter how far the run gets
			batch := &Batch{}
			for i := range n {
				batch.Increments = append(batch.Increments, Increment{Objective: Ref(i)})
				batch.Observations = append(batch.Observations, Observation{Objective: Ref(i)})
				batch.Cursors = append(batch.Cursors, &Cursor{Key: fmt.Sprintf(`scrape\xffhttp_requests_total{instance="%d",code="200"}`, i)})
			}
			b.ReportAllocs()
			const step = 15_000
			at := benchEnd * minuteMillis
			for b.Loop() {
				at += step
				for i := range n {
					inc := &batch.Increments[i]
					inc.From, inc.To, inc.Good, inc.Total = at-step, at, 99, 100
					batch.Observations[i].At = at
					batch.Cursors[i].T, batch.Cursors[i].Value = at, float64(at)
				}
				l.Commit(batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/sample")
		})
	}
}

// BenchmarkLate books an increment that spans the two hours of an outage, which have long been closed.
func BenchmarkLate(b *testing.B) {
	l, _ := benchLedger(b, 1)
	l.now = func() time.Time { return slo.Minute(benchEnd).Time() }
	to := (benchEnd - 24*60) * minuteMillis
	batch := &Batch{Increments: []Increment{{From: to - 120*minuteMillis, To: to, Good: 999, Total: 1000}}}
	b.ReportAllocs()
	for b.Loop() {
		l.Commit(batch)
	}
}

// BenchmarkCheckpoint measures what a checkpoint of objectives costs of which each has changed, and for how long appends have to wait meanwhile.
// The append that comes as the checkpoint begins waits longest: wait-ns is how long, in the median of the checkpoints, and longest-wait-ns in the worst of
// them.
func BenchmarkCheckpoint(b *testing.B) {
	for _, n := range objectiveCounts {
		b.Run(fmt.Sprintf("objectives=%d", n), func(b *testing.B) {
			l, _ := benchLedger(b, n)
			batch := &Batch{}
			for i := range n {
				batch.Increments = append(batch.Increments, Increment{Objective: Ref(i), From: benchEnd * minuteMillis, To: benchEnd*minuteMillis + 1, Total: 1})
				batch.Cursors = append(batch.Cursors, &Cursor{Key: fmt.Sprint(i)})
			}
			l.Commit(batch)
			var hours capture
			l.checkpoint(&hours) // the first has the definitions, too
			var waits []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				l.Commit(batch)
				b.StartTimer()
				began := time.Now()
				c := l.capture(&hours)
				waits = append(waits, time.Since(began))
				hours.write()
				if len(c.Objectives) != n || len(c.Objectives[0].Blocks) != 1 {
					b.Fatalf("%d objectives are saved", len(c.Objectives))
				}
			}
			slices.Sort(waits)
			b.ReportMetric(float64(waits[len(waits)/2].Nanoseconds()), "wait-ns")
			b.ReportMetric(float64(waits[len(waits)-1].Nanoseconds()), "longest-wait-ns")
		})
	}
}

// sliced turns the objectives of a ledger into ones that are judged by slices of five minutes, and makes the slices.
func sliced(b *testing.B, l *Ledger, method slo.Method) {
	b.Helper()
	objs := l.Objectives()
	for i, o := range objs {
		c := *o
		c.Method, c.Slice = method, slo.Slice{Length: 5 * time.Minute, Target: 999_000_000}
		objs[i] = &c
	}
	l.SetObjectives(objs)
	for _, t := range l.tracks {
		t.refresh()
	}
}

// BenchmarkWindowsSliced is BenchmarkWindows for objectives that are judged by slices; bytes are those of the slices alone.
func BenchmarkWindowsSliced(b *testing.B) {
	for _, method := range []slo.Method{slo.Timeslices, slo.RatioTimeslices} {
		for _, n := range []int{100, 1000} {
			b.Run(fmt.Sprintf("method=%s/objectives=%d", method, n), func(b *testing.B) {
				l, _ := benchLedger(b, n)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				sliced(b, l, method)
				runtime.GC()
				runtime.ReadMemStats(&after)
				var sink int64
				b.ResetTimer()
				for range b.N {
					for _, t := range l.tracks {
						r := t.live(t.objective)
						for _, w := range nine {
							sink += r.Read(slo.Minute(benchEnd)-w, slo.Minute(benchEnd)).Good
						}
					}
				}
				b.StopTimer()
				if sink == 0 {
					b.Fatal("nothing was read")
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/objective")
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "bytes/objective")
				runtime.KeepAlive(l)
			})
		}
	}
}

// BenchmarkSlices is what a restart or a correction costs an objective that is judged by slices: all of them are made anew.
func BenchmarkSlices(b *testing.B) {
	l, _ := benchLedger(b, 1)
	sliced(b, l, slo.RatioTimeslices)
	for b.Loop() {
		l.tracks[0].slices.markAll()
		l.tracks[0].refresh()
	}
}

// BenchmarkRetention is the memory of an objective whose events are kept for a year and more, as calendar years need it.
func BenchmarkRetention(b *testing.B) {
	for _, days := range []int{35, 400} {
		b.Run(fmt.Sprintf("days=%d", days), func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				t := fillDays(1, 6000, days)
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(t)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc), "bytes/objective")
		})
	}
}
