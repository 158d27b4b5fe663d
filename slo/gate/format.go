package gate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"plimsoll/slo"
)

// share writes a share of a budget as a percentage, "−38.2 %". It never rounds to 0.0 what is not 0, so that what is
// spent and what is nearly spent read differently.
func share(v float64) string {
	p, digits := v*100, 1
	for p != 0 && digits < 9 && math.Abs(p) < 0.5*math.Pow10(-digits) {
		digits++
	}
	return minus(strconv.FormatFloat(p, 'f', digits, 64)) + " %"
}

func percent(r slo.Ratio) string { return r.Percent() + " %" }

// whole writes an integer in groups of three digits.
func whole(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return sign + b.String()
}

// allowance writes a number of events that is rarely whole: whole where it is to a millionth, otherwise cut to two
// decimals, so that it never reads as more than it is.
func allowance(v float64) string {
	if r := math.Round(v); math.Abs(v-r) < 1e-6 {
		return whole(int64(r))
	}
	if v < 0.01 {
		return strconv.FormatFloat(v, 'g', 1, 64)
	}
	w, frac := math.Modf(v)
	decimals := strings.TrimRight(fmt.Sprintf("%02d", int(frac*100)), "0")
	if decimals == "" {
		return whole(int64(w))
	}
	return whole(int64(w)) + "." + decimals
}

func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// instant writes a time to the minute, "Thu 26 Nov 14:05 UTC".
func instant(t time.Time) string { return t.UTC().Format("Mon 2 Jan 15:04") + " UTC" }

// span writes a duration as people say it, "24h" or "1m30s".
func span(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return slo.ShortDuration(d)
	}
	return d.Round(time.Second).String()
}

// plural writes "1 event" or "3 events".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return whole(n) + " " + noun + "s"
}
