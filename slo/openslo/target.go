package openslo

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"

	"plimsoll/slo"
)

// target is one entry of an SLO's objectives.
type target struct {
	displayName string
	ratio       slo.Ratio
	slice       slo.Slice
	op, value   node              // zero where they do not stand
	indicator   func() *indicator // its own, of a composite
	weight      slo.Ratio
	at          node
	ok          bool // all of it could be read
}

func (s *set) readObjectives(p *promise, n node) []target {
	items := n.List()
	if n.IsList() && len(items) == 0 {
		n.Fail("is empty; at least one objective is needed")
	}
	p.several = len(items) > 1
	var targets []target
	for _, item := range items {
		targets = append(targets, s.readObjective(p.method, item, p.several))
	}
	return targets
}

func (s *set) readObjective(method slo.Method, n node, named bool) target {
	o := n.Object(field{Name: "displayName", Required: named, Hint: "; each of several objectives is called by it"}, may("target"), may("targetPercent"), may("op"), may("value"),
		may("timeSliceTarget"), may("timeSliceWindow"), may("indicator"), may("indicatorRef"), may("compositeWeight"))
	t := target{displayName: o.Text("displayName"), at: n, indicator: s.readIndicator(o)}
	t.op, _ = o.Get("op")
	t.value, _ = o.Get("value")
	sliced := readSlice(method, o, &t.slice)
	weighed := readWeight(o, named && t.indicator != nil, &t.weight)
	if named && slug(t.displayName) == "" {
		if d, ok := o.Get("displayName"); ok {
			d.Fail("found %q; a name needs a letter or a digit, because it identifies the objective", t.displayName)
		}
		return t
	}
	t.ok = readTargetRatio(o, &t.ratio) && sliced && weighed
	return t
}

func readTargetRatio(o object, r *slo.Ratio) bool {
	fraction, hasFraction := o.Get("target")
	percent, hasPercent := o.Get("targetPercent")
	switch {
	case hasFraction && hasPercent:
		percent.Fail("target and targetPercent both stand; allowed: one of them")
		return false
	case hasFraction:
		return readRatioInto(r, fraction, slo.ParseRatio, fractionRule)
	case hasPercent:
		ok := readRatioInto(r, percent, slo.ParsePercent, percentRule)
		if ok && *r < slo.One/100 {
			percent.Warn("is %s of a hundred (did you mean \"target: %s\"?)", r.Percent(), r.Percent())
		}
		return ok
	case o.Lacks("target") && o.Lacks("targetPercent"):
		o.Fail("target or targetPercent is missing, such as target: 0.999")
	}
	return false
}

const (
	fractionRule = "a decimal fraction below 1 with at most nine decimal places, such as 0.999"
	percentRule  = "a decimal number below 100 with at most seven decimal places, such as 99.9"
)

// readRatioInto reads a target from the text of its scalar, so that 99.9 is exactly that.
func readRatioInto(r *slo.Ratio, n node, parse func(string) (slo.Ratio, error), rule string) bool {
	text, ok := n.Number()
	if !ok {
		return false
	}
	v, err := parse(text)
	_, percentErr := slo.ParsePercent(text)
	switch {
	case err != nil && percentErr == nil:
		n.Fail("found %q (did you mean \"targetPercent: %s\"?); allowed: %s", text, text, rule)
	case err != nil:
		n.Fail("found %q; allowed: %s", text, rule)
	case v == slo.One:
		n.Fail("a target of 100 %% leaves no error budget; allowed: less than 100 %%")
	case v == 0:
		n.Fail("a target of 0 %% promises nothing; allowed: more than 0 %%")
	default:
		*r = v
		return true
	}
	return false
}

// readSlice reads the slices that the budgeting method needs, and reports those that it does not.
func readSlice(method slo.Method, o object, slice *slo.Slice) bool {
	window, hasWindow := o.Get("timeSliceWindow")
	share, hasShare := o.Get("timeSliceTarget")
	if hasWindow && method == slo.Occurrences {
		window.Assume("has no meaning with the budgeting method Occurrences; allowed with: Timeslices, RatioTimeslices", "left out")
	}
	if hasShare && (method == slo.Occurrences || method == slo.RatioTimeslices) {
		share.Assume(fmt.Sprintf("has no meaning with the budgeting method %s; allowed with: Timeslices", method), "left out")
	}
	if method == slo.Occurrences || method == "" || !o.IsMapping() {
		return true
	}
	ok := true
	if !hasWindow {
		o.Fail("timeSliceWindow is missing; the budgeting method %s needs it", method)
		ok = false
	} else if slice.Length = readSliceLength(window); slice.Length == 0 {
		ok = false
	}
	if method != slo.Timeslices {
		return ok
	}
	if !hasShare {
		o.Fail("timeSliceTarget is missing; the budgeting method Timeslices needs it")
		return false
	}
	text, fine := share.Number()
	if !fine {
		return false
	}
	v, err := slo.ParseRatio(text)
	if err != nil || v == 0 {
		hint := ""
		if percent, err := slo.ParsePercent(text); err == nil && percent > 0 {
			hint = fmt.Sprintf(" (did you mean %s?)", percent)
		}
		share.Fail("found %q%s; allowed: a fraction above 0, up to 1", text, hint)
		return false
	}
	slice.Target = v
	return ok
}

// readSliceLength reads a number of minutes, or a duration.
func readSliceLength(n node) time.Duration {
	if !n.IsScalar() || (n.Tag != "!!int" && n.Tag != "!!float") {
		return readDuration(n, "a slice")
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || v < 1 || v > int64(longestWindow/time.Minute) {
		n.Fail("found %s; allowed: a whole number of minutes, at least 1, or a duration such as 5m", n.Value)
		return 0
	}
	return time.Duration(v) * time.Minute
}

// maxWeight bounds the weight of a component.
const maxWeight = 1_000_000

func readWeight(o object, component bool, weight *slo.Ratio) bool {
	*weight = slo.One
	n, ok := o.Get("compositeWeight")
	if !ok {
		return true
	}
	if !component {
		return n.Assume("has no meaning here; allowed: on each of several objectives with an indicator of its own", "left out")
	}
	text, ok := n.Number()
	if !ok {
		return false
	}
	exact, ok := new(big.Rat), readable(text)
	if ok {
		exact, ok = exact.SetString(text)
	}
	if ok {
		exact.Mul(exact, big.NewRat(int64(slo.One), 1))
	}
	if !ok || exact.Sign() <= 0 || !exact.IsInt() || exact.Cmp(big.NewRat(maxWeight*int64(slo.One), 1)) > 0 {
		n.Fail("found %q; allowed: a number above 0, up to %d, with at most nine decimal places", text, maxWeight)
		return false
	}
	*weight = slo.Ratio(exact.Num().Int64())
	return true
}

// readable reports whether a text is a decimal fraction without exponent, of a length that can be handled exactly.
func readable(text string) bool {
	return len(text) <= 32 && strings.Trim(text, "0123456789.-+") == ""
}

// slug writes a display name as an identifier: its letters and digits in lower case, a hyphen between words.
func slug(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}
