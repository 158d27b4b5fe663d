package e2e

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

// events are what a sender said of one series: n events in (from, to], in Unix milliseconds, by a sample at to.
type events struct {
	code, route string
	from, to, n int64
}

// correction is one that was made.
type correction struct {
	ID        int64
	Objective string
	Service   string
	From, To  time.Time
	Effect    string
	undone    bool
}

// sum is what was counted in one minute, and whether anything was.
type sum struct {
	good, total int64
	seen        bool
}

// books are the minutes of one objective or child.
type books map[int64]sum

// replay adds up what was sent, minute by minute, for all groups and for each.
func replay(sent []events, divided bool) map[string]books {
	all := map[string]books{"": {}}
	for _, e := range sent {
		groups := []string{""}
		if divided {
			groups = append(groups, fmt.Sprintf("{route=%q}", e.route))
		}
		by := func(x int64) int64 { return e.n * max(0, min(x, e.to)-e.from) / (e.to - e.from) } // up to x, rounded down
		for _, group := range groups {
			b := all[group]
			if b == nil {
				b = books{}
				all[group] = b
			}
			for m := e.from / 60_000; m*60_000 < e.to; m++ {
				n := by((m+1)*60_000) - by(m*60_000)
				s := b[m]
				s.total += n
				if e.code == "200" {
					s.good += n
				}
				b[m] = s
			}
		}
	}
	// The minutes of the whole are those of its children.
	for _, e := range sent {
		for _, b := range all {
			s := b[e.to/60_000]
			s.seen = true
			b[e.to/60_000] = s
		}
	}
	return all
}

// verdict is what is expected of an objective.
type verdict struct {
	Good, Total                 float64
	MeasuredTotal               float64
	Remaining, SLI              float64
	Spent                       bool
	Observed, Minutes           int64
	Corrections                 []int64
	LookbackGood, LookbackTotal []float64
}

// judge says what an objective must show as of an instant.
func (p promised) judge(b books, key string, cs []correction, at time.Time) verdict {
	b = maps.Clone(b)
	to := at.Unix() / 60
	from := to - int64(p.window/time.Minute)
	if p.daily {
		y, m, d := at.In(berlin).Date()
		from = time.Date(y, m, d, 0, 0, 0, 0, berlin).Unix()/60 - 1
	}
	var v verdict
	for m := range minutesIn(b, from, to) {
		v.MeasuredTotal += float64(b[m].total)
	}
	excluded := map[int64]bool{}
	for _, c := range cs {
		if c.undone || c.Service == "" && c.Objective != key && !strings.HasPrefix(key, c.Objective+"{") {
			continue
		}
		first, last := c.From.Unix()/60, c.To.Unix()/60-1
		if first <= to && last > from {
			v.Corrections = append(v.Corrections, c.ID)
		}
		for m := first; m <= last; m++ {
			s := b[m]
			if c.Effect == "exclude" {
				excluded[m] = true
			} else if s.good = s.total; s != (sum{}) {
				b[m] = s
			}
		}
	}
	maps.DeleteFunc(b, func(m int64, _ sum) bool { return excluded[m] })
	unit := 1.0
	if p.slice > 0 {
		b = p.sliced(b)
	}
	if p.method == "RatioTimeslices" {
		unit = 1_000_000
	}
	read := func(from int64) (good, total, observed int64) {
		for m := range minutesIn(b, from, to) {
			s := b[m]
			good, total = good+s.good, total+s.total
			if s.seen {
				observed++
			}
		}
		return good, total, observed
	}
	good, total, observed := read(from)
	v.Good, v.Total, v.Observed, v.Minutes = float64(good)/unit, float64(total)/unit, observed, to-from
	for m := range excluded {
		if m > from && m <= to {
			v.Minutes--
		}
	}
	v.SLI, v.Remaining = 1, 1
	if total > 0 {
		v.SLI = float64(good) / float64(total)
		spent := new(big.Rat).Quo(big.NewRat(total-good, total), big.NewRat(1000-p.permille, 1000))
		share, _ := spent.Float64()
		v.Remaining, v.Spent = 1-share, spent.Cmp(big.NewRat(1, 1)) >= 0
	}
	for _, l := range lookbacks {
		good, total, _ := read(to - l)
		v.LookbackGood, v.LookbackTotal = append(v.LookbackGood, float64(good)/unit), append(v.LookbackTotal, float64(total)/unit)
	}
	return v
}

// lookbacks of every objective, in minutes.
var lookbacks = []int64{5, 30, 60, 120, 360, 1440, 4320}

func minutesIn(b books, from, to int64) map[int64]bool {
	in := map[int64]bool{}
	for m := range b {
		if m > from && m <= to {
			in[m] = true
		}
	}
	return in
}

// sliced puts in the place of events what their slices count, each at its last minute.
func (p promised) sliced(b books) books {
	sums, size := map[int64]sum{}, int64(p.slice/time.Minute)
	out := books{}
	for m, s := range b {
		end := m/size*size + size - 1
		sums[end] = sum{good: sums[end].good + s.good, total: sums[end].total + s.total}
		if s.seen {
			out[m] = sum{seen: true}
		}
	}
	for _, end := range slices.Sorted(maps.Keys(sums)) {
		s, n := sums[end], out[end]
		switch {
		case s.total == 0:
			continue
		case p.method == "RatioTimeslices":
			n.good, n.total = s.good*1_000_000/s.total, 1_000_000
		case s.good*1000 >= s.total*p.slicePermille:
			n.good, n.total = 1, 1
		default:
			n.total = 1
		}
		out[end] = n
	}
	return out
}
