package blameless_test

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"plimsoll/incidents/postmortem/blameless"
)

// The corpus: sentences as they stand in postmortems, in our own words. The held-out parts were written without the rules, each by
// somebody else, and are never used to change them.
var (
	//go:embed testdata/bad.txt
	bad string
	//go:embed testdata/good.txt
	good string
	//go:embed testdata/heldout-bad.txt
	heldOutBad string
	//go:embed testdata/heldout-good.txt
	heldOutGood string
	//go:embed testdata/second-bad.txt
	secondBad string
	//go:embed testdata/second-good.txt
	secondGood string
)

// score is how a check did on a corpus.
type score struct {
	found, missed, wrong int
	notes                []string
}

// precision is which share of what was found is bad; recall is which share of what is bad was found.
func (s score) precision() float64 { return float64(s.found) / float64(s.found+s.wrong) }
func (s score) recall() float64    { return float64(s.found) / float64(s.found+s.missed) }

func judge(bad, good string) (s score) {
	for line := range strings.Lines(bad) {
		rule, sentence, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if len(blameless.Text(sentence, nil)) > 0 {
			s.found++
		} else {
			s.missed++
			s.notes = append(s.notes, fmt.Sprintf("missed (%s): %s", rule, sentence))
		}
	}
	for line := range strings.Lines(good) {
		if list := blameless.Text(strings.TrimSpace(line), nil); len(list) > 0 {
			s.wrong++
			s.notes = append(s.notes, fmt.Sprintf("wrong (%s %q): %s", list[0].Rule, list[0].Found, strings.TrimSpace(line)))
		}
	}
	return s
}

// TestCorpus holds what the rules reach: on the sentences that they were written with, and on those that they were not.
func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, part := range []struct {
		name                      string
		bad, good                 string
		leastPrecision, leastCall float64
	}{
		{"written with", bad, good, 0.97, 0.97},
		{"held out", heldOutBad, heldOutGood, 0.9, 0.7},
		{"second reader", secondBad, secondGood, 0.9, 0.7},
	} {
		s := judge(part.bad, part.good)
		if s.precision() < part.leastPrecision || s.recall() < part.leastCall {
			t.Errorf("%s: precision %.3f, recall %.3f\n%s", part.name, s.precision(), s.recall(), strings.Join(s.notes, "\n"))
		}
	}
	if n, m := strings.Count(bad+heldOutBad, "\n"), strings.Count(good+heldOutGood, "\n"); n < 150 || m < 150 {
		t.Errorf("the corpus has %d bad and %d good sentences", n, m)
	}
}

// TestRulesOfTheCorpus: a bad sentence is found by the rule that it is an example of, or by another one that is right as well.
func TestRulesOfTheCorpus(t *testing.T) {
	t.Parallel()
	byRule := map[blameless.Rule]int{}
	for line := range strings.Lines(bad) {
		rule, sentence, _ := strings.Cut(strings.TrimSpace(line), "\t")
		for _, f := range blameless.Text(sentence, nil) {
			if string(f.Rule) == rule {
				byRule[f.Rule]++
				break
			}
		}
	}
	for _, r := range blameless.Rules() {
		if byRule[r] < 10 && r != blameless.NoPrevention {
			t.Errorf("%d sentences are examples of %s", byRule[r], r)
		}
	}
}

// BenchmarkBlameless reads a sentence, and reports how often the rules are right on each part of the corpus.
func BenchmarkBlameless(b *testing.B) {
	for _, part := range []struct{ name, bad, good string }{
		{"corpus=written-with", bad, good}, {"corpus=held-out", heldOutBad, heldOutGood}, {"corpus=second-reader", secondBad, secondGood},
	} {
		b.Run(part.name, func(b *testing.B) {
			sentences := strings.Split(strings.TrimSpace(part.good), "\n")
			n := 0
			for b.Loop() {
				blameless.Text(sentences[n%len(sentences)], nil)
				n++
			}
			s := judge(part.bad, part.good)
			b.ReportMetric(s.precision(), "precision")
			b.ReportMetric(s.recall(), "recall")
		})
	}
}
