package slo

import (
	"fmt"
	"strconv"
	"strings"
)

// Ratio is a decimal fraction between 0 and 1 in parts per billion, so that 0.999 is exactly 999,000,000.
type Ratio int64

// One is the ratio 1, that is 100 %.
const One Ratio = 1_000_000_000

// ratioDigits is the number of decimal places that a Ratio holds.
const ratioDigits = 9

// ParseRatio reads a decimal fraction such as "0.999" exactly, or says why it cannot.
// At most nine decimal places are held; a value outside 0 to 1 is an error.
func ParseRatio(s string) (Ratio, error) {
	return parseDecimal(s, ratioDigits, "a fraction between 0 and 1")
}

// ParsePercent reads a percentage such as "99.9" exactly.
// At most seven decimal places are held; a value outside 0 to 100 is an error.
func ParsePercent(s string) (Ratio, error) {
	return parseDecimal(s, ratioDigits-2, "a percentage between 0 and 100")
}

// parseDecimal reads s as units of 10^-digits and checks that the result is between 0 and One.
func parseDecimal(s string, digits int, want string) (Ratio, error) {
	whole, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > digits {
		return 0, fmt.Errorf("%q has more than %d decimal places", s, digits)
	}
	n, err := strconv.ParseUint(whole+frac+strings.Repeat("0", digits-len(frac)), 10, 63)
	if err != nil || whole == "" {
		return 0, fmt.Errorf("%q is not %s", s, want)
	}
	if Ratio(n) > One {
		return 0, fmt.Errorf("%s is not %s", s, want)
	}
	return Ratio(n), nil
}

// Float returns the ratio as a floating-point fraction.
func (r Ratio) Float() float64 { return float64(r) / float64(One) }

// String writes the fraction with as many decimals as it needs, such as "0.999".
func (r Ratio) String() string {
	return decimal(int64(r), ratioDigits)
}

// Percent writes the ratio as a percentage with as many decimals as it needs, such as "99.9".
func (r Ratio) Percent() string {
	return decimal(int64(r), ratioDigits-2)
}

// MarshalText writes the ratio as its decimal fraction.
func (r Ratio) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a decimal fraction.
func (r *Ratio) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRatio(string(b))
	return err
}

func decimal(n int64, digits int) string {
	s := fmt.Sprintf("%0*d", digits+1, n)
	whole, frac := s[:len(s)-digits], strings.TrimRight(s[len(s)-digits:], "0")
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}
