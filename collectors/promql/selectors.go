package promql

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// healthMetric is the metric of every scrape that says whether the target was up.
const healthMetric = "up"

// selector is a set of matchers that a series must all meet.
type selector []*labels.Matcher

// plan returns what is asked for to get all that is wanted: selectors that another covers are left out.
func plan(wanted []selector) []selector {
	all := make([]selector, len(wanted))
	for i, s := range wanted {
		all[i] = widen(s)
	}
	slices.SortStableFunc(all, func(a, b selector) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a.String(), b.String()))
	})
	var asked []selector
	for _, s := range all {
		if !slices.ContainsFunc(asked, func(other selector) bool { return other.covers(s) }) {
			asked = append(asked, s)
		}
	}
	return asked
}

// covers reports whether every series of other is one of s, as far as the matchers show: those of s are among those of other.
func (s selector) covers(other selector) bool {
	for _, m := range s {
		if !slices.ContainsFunc(other, func(o *labels.Matcher) bool { return m.String() == o.String() }) {
			return false
		}
	}
	return true
}

// String writes the selector as PromQL.
func (s selector) String() string {
	texts := make([]string, len(s))
	for i, m := range s {
		texts[i] = m.String()
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// widen makes a bucket's bound match however it is written: the collector compares bounds as numbers, a server as texts.
func widen(s selector) selector {
	var wide selector
	for _, m := range s {
		bound, err := strconv.ParseFloat(m.Value, 64)
		switch {
		case m.Name != model.BucketLabel || err != nil || (m.Type != labels.MatchEqual && m.Type != labels.MatchNotEqual):
			wide = append(wide, m)
		case m.Type == labels.MatchEqual:
			wide = append(wide, labels.MustNewMatcher(labels.MatchRegexp, m.Name, anyOf(spellings(m.Value, bound))))
		}
	}
	return wide
}

// spellings returns the ways in which a bound is written.
func spellings(written string, bound float64) []string {
	set := map[string]bool{written: true}
	for _, format := range []byte{'f', 'g', 'e'} {
		text := strconv.FormatFloat(bound, format, -1, 64)
		set[text] = true
		if !strings.ContainsAny(text, ".eIN") {
			set[text+".0"] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func anyOf(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return strings.Join(quoted, "|")
}

// healthOf returns the selectors of the health of the targets behind the wanted series: of the jobs that are known by name, and of those that
// a selector matches.
func healthOf(wanted []selector, jobs map[string]bool) []selector {
	name := labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, healthMetric)
	known := maps.Clone(jobs)
	var all []selector
	for _, s := range wanted {
		var matched selector
		for _, m := range s {
			switch {
			case m.Name != model.JobLabel:
			case m.Type == labels.MatchEqual:
				known[m.Value] = true
			case m.Type == labels.MatchRegexp:
				matched = append(matched, m)
			}
		}
		if matched != nil {
			all = append(all, append(selector{name}, matched...))
		}
	}
	if len(known) > 0 {
		all = append(all, selector{name, labels.MustNewMatcher(labels.MatchRegexp, model.JobLabel, anyOf(slices.Sorted(maps.Keys(known))))})
	}
	return plan(all)
}
