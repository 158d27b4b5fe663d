package oracle_test

import (
	"math"
	"slices"

	"plimsoll/slo"
)

// raw is a sample as it was sent.
type raw struct {
	series series
	st, t  int64
	v      float64
}

// transaction is what was committed at once.
type transaction struct {
	now     int64 // by the clock of the process
	delta   bool  // the samples are increases
	samples []raw
	wanted  []promise // the objectives of the time
}

// book is what was counted for one objective, by minute since the beginning of the history.
type book struct {
	counts   []slo.Counts
	observed []bool
	newest   int // minute; −1 before the first
	last     int64
	revision uint64
	dropped  map[int64]int64 // samples by the hour in which they came
}

// before and after are how many minutes a history may reach before its beginning and after its end: samples are late, and time leaps.
const before, after = 4 * 60, 14 * 60

func newBook(length int) *book {
	return &book{counts: make([]slo.Counts, length), observed: make([]bool, length), newest: -1, dropped: map[int64]int64{}}
}

// replay counts the samples of a log, in the plainest way: what each adds to each objective, spread minute by minute.
func replay(log []transaction, origin slo.Minute, length int) map[slo.Key]*book {
	books := map[slo.Key]*book{}
	last := map[series]raw{}
	sum := map[series]float64{} // of the increases
	for _, tx := range log {
		for _, p := range tx.wanted {
			for _, key := range append([]slo.Key{p.key}, p.childKeys()...) {
				if books[key] == nil {
					books[key] = newBook(length)
				}
			}
		}
		commit := committed{origin: origin, late: map[slo.Key]bool{}, books: books}
		for _, s := range tx.samples {
			commit.sample(tx, s, last, sum)
		}
		for _, observe := range commit.seen {
			observe()
		}
		for key := range commit.late {
			books[key].revision++
		}
	}
	return books
}

// committed is one transaction under way.
type committed struct {
	origin slo.Minute
	books  map[slo.Key]*book
	late   map[slo.Key]bool // a settled minute has changed
	seen   []func()         // observations are booked after all increments
}

// sample counts one sample for every objective that wants it.
func (c *committed) sample(tx transaction, s raw, last map[series]raw, sum map[series]float64) {
	wants := map[slo.Key]weight{}
	gauge := false
	for _, p := range tx.wanted {
		if w, ok := p.weigh(s.series); ok {
			wants[p.key] = w
			gauge = gauge || p.kind == slo.Thresholds
			if child := p.child(s.series); child != "" {
				wants[child] = w
			}
		}
	}
	if len(wants) == 0 {
		return
	}
	prev, known := last[s.series]
	switch {
	case math.IsNaN(s.v) || !gauge && s.v < 0:
		return
	case s.t > tx.now+10*60_000:
		return
	case known && s.t <= prev.t:
		return
	case s.t < tx.now-horizon.Milliseconds():
		for key := range wants {
			c.books[key].dropped[floor(tx.now, 3_600_000)]++
		}
		return
	}
	kept := s
	var from, events int64
	switch {
	case gauge:
		from, events = s.t-1, 1 // its last millisecond, as everything that lies before a sample
	case tx.delta:
		events = int64(math.Floor(sum[s.series]+s.v)) - int64(math.Floor(sum[s.series]))
		sum[s.series] += s.v
		switch from = s.t - 1; {
		case s.st > 0 && s.st < s.t && known:
			from = max(s.st, prev.t)
		case s.st > 0 && s.st < s.t:
			from = s.st
		case known:
			from = prev.t
		}
	default:
		anew := known && (s.v < prev.v || prev.st > 0 && s.st > prev.st+1 || prev.st == 0 && s.st > prev.t)
		if known && !anew && s.st == 0 {
			kept.st = prev.st
		}
		whole := int64(math.Floor(s.v))
		switch {
		case anew && s.st > prev.t && s.st <= s.t:
			from, events = s.st, whole
		case anew:
			from, events = prev.t, whole
		case known:
			from, events = prev.t, whole-int64(math.Floor(prev.v))
		case s.st > 0 && s.st <= s.t:
			from, events = s.st, whole
		case s.st > 0:
			from, events = s.t-1, whole
		default:
			from, events = s.t, 0 // of unknown age: counting begins here
		}
	}
	last[s.series] = kept
	for key, w := range wants {
		good, total := w.of(s.v)
		c.add(key, from, s.t, events*good, events*total, events != 0)
		c.seen = append(c.seen, func() { c.observe(key, s.t) })
	}
}

// add books events in (from, to], spread evenly: up to x there were n·(x−from)/(to−from), rounded towards zero.
func (c *committed) add(key slo.Key, from, to, good, total int64, counted bool) {
	if !counted {
		return
	}
	b := c.books[key]
	b.newest, b.last = max(b.newest, c.minute(to)), max(b.last, to)
	by := func(n, x int64) int64 {
		switch {
		case x >= to:
			return n
		case x <= from:
			return 0
		}
		return n * (x - from) / (to - from) // the events of a history times its length are far below 2⁶³
	}
	first, final := floor(from, 60_000), floor(to-1, 60_000)
	if from == to {
		final = first
	}
	for m := first; m <= final; m++ {
		n := slo.Counts{
			Good:  by(good, (m+1)*60_000) - by(good, m*60_000),
			Total: by(total, (m+1)*60_000) - by(total, m*60_000),
		}
		if from == to {
			n = slo.Counts{Good: good, Total: total}
		}
		if n != (slo.Counts{}) {
			c.change(key, int(m-int64(c.origin)), func(b *book, i int) { b.counts[i] = b.counts[i].Add(n) })
		}
	}
}

func (c *committed) observe(key slo.Key, at int64) {
	b, i := c.books[key], c.minute(at)
	b.newest, b.last = max(b.newest, i), max(b.last, at)
	if !b.observed[i] {
		c.change(key, i, func(b *book, i int) { b.observed[i] = true })
	}
}

// change changes a minute. One that is more than five minutes older than the newest was settled.
func (c *committed) change(key slo.Key, i int, f func(*book, int)) {
	b := c.books[key]
	if f(b, i); i < b.newest-5 {
		c.late[key] = true
	}
}

func (c *committed) minute(at int64) int { return int(floor(at, 60_000) - int64(c.origin)) }

// read adds up the minutes (from, to].
func (b *book) read(from, to int) slo.Reading {
	r := slo.Reading{Minutes: int64(max(0, to-from))}
	for i := max(0, from+1); i <= min(to, len(b.counts)-1); i++ {
		r.Counts = r.Counts.Add(b.counts[i])
		if b.observed[i] {
			r.Observed++
		}
	}
	return r
}

func (b *book) clone() *book {
	c := *b
	c.counts, c.observed = slices.Clone(b.counts), slices.Clone(b.observed)
	return &c
}

func floor(n, d int64) int64 {
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}
