package oracle_test

import (
	"math/big"
	"slices"
	"time"

	"plimsoll/slo"
)

// book is what was counted for one objective, by minute since the beginning of the history.
type book struct {
	counts   []slo.Counts
	observed []bool
	newest   int // minute; −1 before the first
	last     int64
	revision uint64
	dropped  map[int64]int64 // samples by the hour in which they came
	sum      slo.Counts
	idle     map[int]bool // minutes of a child that were observed when it had no events yet; see observe
}

// before and after are how many minutes a history may reach before its beginning and after its end: samples are late, and time leaps.
const before, after = 4 * 60, 14 * 60

func newBook(length int) *book {
	return &book{counts: make([]slo.Counts, length), observed: make([]bool, length), newest: -1, dropped: map[int64]int64{}}
}

// add books events in (from, to], spread evenly: up to x there were n·(x−from)/(to−from), rounded towards zero.
func (c *committed) add(key slo.Key, from, to, good, total int64) {
	if good == 0 && total == 0 {
		return
	}
	b := c.book(key)
	b.newest, b.last, b.sum = max(b.newest, c.minute(to)), max(b.last, to), b.sum.Add(slo.Counts{Good: good, Total: total})
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

// observe books after all increments that the minutes after that of from were observed, up to that of to, or that minute if it is the same: for an
// objective, and for the children that it has. A child without events is observed only while Plimsoll has a series of it in memory, so
// whether it was is not judged.
func (c *committed) observe(p promise, from, to int64) {
	for n, key := range append([]slo.Key{p.key}, c.tx.children[p.key]...) {
		c.seen = append(c.seen, func() {
			idle := n > 0 && c.book(key).sum == slo.Counts{}
			c.observeMinute(key, to, idle)
			for at := to - 60_000; floor(at, 60_000) > floor(from, 60_000); at -= 60_000 {
				c.observeMinute(key, at, idle)
			}
		})
	}
}

func (c *committed) observeMinute(key slo.Key, at int64, idle bool) {
	b, i := c.book(key), c.minute(at)
	b.newest, b.last = max(b.newest, i), max(b.last, at)
	switch {
	case !idle:
		delete(b.idle, i)
	case !b.observed[i]:
		if b.idle == nil {
			b.idle = map[int]bool{}
		}
		b.idle[i] = true
	}
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

// slice puts in the place of the events what their slices count, each at its last minute.
func (b *book) slice(o *slo.Objective, origin slo.Minute) {
	size := slo.Minute(o.Slice.Length / time.Minute)
	var events slo.Counts
	for m, n := range b.counts {
		events, b.counts[m] = events.Add(n), slo.Counts{}
		if (origin+slo.Minute(m)+1)%size == 0 {
			b.counts[m], events = sliced(o, events), slo.Counts{}
		}
	}
}

// sliced is what a slice with some events counts.
func sliced(o *slo.Objective, n slo.Counts) slo.Counts {
	if n.Total <= 0 {
		return slo.Counts{}
	}
	ratio := big.NewRat(n.Good, n.Total)
	switch {
	case o.Method == slo.Timeslices && ratio.Cmp(big.NewRat(int64(o.Slice.Target), int64(slo.One))) >= 0:
		return slo.Counts{Good: 1, Total: 1}
	case o.Method == slo.Timeslices:
		return slo.Counts{Total: 1}
	case ratio.Sign() < 0:
		return slo.Counts{Total: slo.RatioWeight}
	case ratio.Cmp(big.NewRat(1, 1)) > 0:
		return slo.Counts{Good: slo.RatioWeight, Total: slo.RatioWeight}
	}
	ratio.Mul(ratio, big.NewRat(slo.RatioWeight, 1))
	return slo.Counts{Good: new(big.Int).Quo(ratio.Num(), ratio.Denom()).Int64(), Total: slo.RatioWeight}
}
