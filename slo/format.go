package slo

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Figures for people are written in one way everywhere: thousands are grouped, a minus is a minus sign, and a share is
// rounded down, so that neither an SLI below its target nor an overspent budget ever reads as if it were not.

const minus = "−"

// FormatCount writes n with its thousands grouped, such as "1,250,000".
func FormatCount(n int64) string {
	if n < 0 {
		return minus + groupThousands(strconv.FormatUint(-uint64(n), 10))
	}
	return groupThousands(strconv.FormatInt(n, 10))
}

// FormatAmount writes a number of events that may be a fraction, rounded down, with one decimal where it is below 100 and not whole, and two
// digits where it is below a tenth: "999" of an allowance of 999.6, so that nobody counts on an event that is not allowed.
func FormatAmount(f float64) string {
	decimals, abs := 0, math.Abs(f)
	switch {
	case abs >= 1e-6 && abs < 0.1:
		decimals = min(6, int(math.Ceil(-math.Log10(abs)))+1)
	case abs < 100 && f != math.Trunc(f):
		decimals = 1
	}
	scale := math.Pow10(decimals)
	down := math.Floor(f*scale+1e-6) / scale // but not by what a float64 cannot hold
	if decimals == 0 {
		return FormatCount(int64(down))
	}
	text := strconv.FormatFloat(math.Abs(down), 'f', decimals, 64)
	if decimals > 1 {
		text = strings.TrimRight(text, "0.")
	}
	if down < 0 {
		return minus + text
	}
	return text
}

func groupThousands(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// FormatPercent writes a share as a percentage with one decimal, rounded down: 0.7849 is "78.4 %".
func FormatPercent(share float64) string {
	tenths := math.Floor(share*1000 + 1e-9)
	s := strconv.FormatFloat(math.Abs(tenths)/10, 'f', 1, 64) + " %"
	if tenths < 0 {
		return minus + s
	}
	return s
}

// FormatSLI writes good / total as a percentage, rounded down from the exact quotient, with two decimals more than the
// target has. Without events it is a dash.
func FormatSLI(target Ratio, c Counts) string {
	if c.Total <= 0 {
		return "–"
	}
	_, frac, _ := strings.Cut(target.Percent(), ".")
	decimals := min(len(frac)+2, ratioDigits-2)
	if c.Good < 0 || c.Good > c.Total {
		return strconv.FormatFloat(100*float64(c.Good)/float64(c.Total), 'f', decimals, 64) + " %"
	}
	scale := uint64(100)
	for range decimals {
		scale *= 10
	}
	hi, lo := bits.Mul64(uint64(c.Good), scale)
	if hi >= uint64(c.Total) { // more events than a uint64 can divide; no service has them
		return strconv.FormatFloat(100*float64(c.Good)/float64(c.Total), 'f', decimals, 64) + " %"
	}
	q, _ := bits.Div64(hi, lo, uint64(c.Total))
	s := fmt.Sprintf("%0*d", decimals+1, q)
	return s[:len(s)-decimals] + "." + s[len(s)-decimals:] + " %"
}

// FormatRate writes a burn rate, such as "0.3×" or "14×".
func FormatRate(rate float64) string {
	switch {
	case rate > 0 && rate < 0.05:
		return "<0.1×"
	case math.Abs(rate) < 10:
		return strings.Replace(strconv.FormatFloat(rate, 'f', 1, 64), "-", minus, 1) + "×"
	default:
		return FormatCount(int64(math.Round(rate))) + "×"
	}
}

// FormatSpan writes a length of time in its two largest units, such as "3 d 4 h", "2 h 5 min", "40 s".
func FormatSpan(d time.Duration) string {
	units := []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	d = d.Abs()
	for i, u := range units {
		if d < u.of && i < len(units)-1 {
			continue
		}
		s := strconv.FormatInt(int64(d/u.of), 10) + " " + u.name
		if i+1 < len(units) && d%u.of >= units[i+1].of && u.of > time.Minute {
			next := units[i+1]
			s += " " + strconv.FormatInt(int64(d%u.of/next.of), 10) + " " + next.name
		}
		return s
	}
	return "0 s"
}
