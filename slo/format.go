package slo

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Figures for people are written in one way everywhere (pages, command line, report, gate, Slack, alerts): thousands are grouped, a minus is a
// minus sign, and what is rounded is rounded against the reader's hopes. What is good to have (what is left, what is allowed, good events, an
// SLI, coverage) is rounded down, and what is bad (bad events, what is spent, a burn rate) is rounded up, so that what is left and what is spent
// add up. Rounding never crosses a line: only what is whole reads "100.0 %", only what is nothing "0.0 %", and what is left of a budget
// that is not spent is at least "<0.1 %".

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
func FormatAmount(f float64) string { return amount(f, math.Floor, +noise) }

// FormatBadAmount writes a number of bad events as [FormatAmount] does, but rounded up.
func FormatBadAmount(f float64) string { return amount(f, math.Ceil, -noise) }

// noise is how much of the last digit that is shown a float64 may not be able to hold.
const noise = 1e-6

// amount rounds f after it has been moved by so much that what is nearly whole is.
func amount(f float64, round func(float64) float64, move float64) string {
	decimals, abs := 0, math.Abs(f)
	switch {
	case abs >= 1e-6 && abs < 0.1:
		decimals = min(6, int(math.Ceil(-math.Log10(abs)))+1)
	case abs < 100 && f != math.Trunc(f):
		decimals = 1
	}
	scale := math.Pow10(decimals)
	rounded := round(f*scale+move) / scale
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(math.Abs(rounded), 'f', decimals, 64), ".")
	if decimals > 1 {
		fraction = strings.TrimRight(fraction, "0")
	}
	text := groupThousands(whole)
	if fraction != "" {
		text += "." + fraction
	}
	if rounded < 0 {
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

// FormatPercent writes a share that is good to have as a percentage with one decimal, rounded down: 0.7849 is "78.4 %". Only 0 is "0.0 %", a
// little more is "<0.1 %"; and only a whole is "100.0 %".
func FormatPercent(share float64) string {
	tenths := math.Floor(share*1000 + 1e-9)
	switch {
	case share > 0 && tenths <= 0:
		return "<0.1 %"
	case share < 1:
		tenths = min(tenths, 999)
	}
	return percentage(tenths)
}

// FormatBadPercent writes the share of something bad, such as what is spent of a budget, rounded up: 0.2151 is "21.6 %", and where
// [FormatPercent] of the rest is "<0.1 %" it is ">99.9 %".
func FormatBadPercent(share float64) string {
	tenths := math.Ceil(share*1000 - 1e-9)
	switch {
	case share < 1 && tenths >= 1000:
		return ">99.9 %"
	case share > 1:
		tenths = max(tenths, 1001)
	case share > 0:
		tenths = max(tenths, 1)
	}
	return percentage(tenths)
}

func percentage(tenths float64) string {
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
	q, _ := bits.Div64(hi, lo, uint64(c.Total)) // hi is less, for good is at most total and scale far below 2⁶⁴
	s := fmt.Sprintf("%0*d", decimals+1, q)
	return s[:len(s)-decimals] + "." + s[len(s)-decimals:] + " %"
}

// FormatRatio writes an SLI of which only the quotient is known as [FormatSLI] does.
func FormatRatio(target Ratio, sli float64) string {
	c := Counts{Good: int64(math.Floor(sli*float64(One) + noise)), Total: int64(One)}
	if sli < 1 {
		c.Good = min(c.Good, c.Total-1)
	}
	return FormatSLI(target, c)
}

// FormatRate writes a burn rate, rounded up, such as "0.3×", "14.4×" or "120×", so that none above 1 reads as if the budget lasted.
func FormatRate(rate float64) string {
	if rate > 0 && rate < 0.1-1e-9 {
		return "<0.1×"
	}
	tenths := math.Ceil(rate*10 - 1e-9)
	switch abs := math.Abs(rate); {
	case abs < 10:
		return strings.TrimSuffix(percentage(tenths), " %") + "×"
	case abs < 100:
		return FormatBadAmount(tenths/10) + "×"
	}
	return FormatBadAmount(math.Ceil(rate-1e-9)) + "×"
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
