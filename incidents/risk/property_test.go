package risk_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/incidents/risk"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// item draws one of every shape, with few distinct values so that ties are frequent.
func item(t *rapid.T, ref risk.Ref) risk.Item {
	score := rapid.IntRange(1, 5)
	money := rapid.Int64Range(0, 3_000_000)
	c := risk.Content{
		Title: "Films may stop for everybody", Description: "The only disk may break.", Owner: "Ada", Currency: "EUR",
		Scores: risk.Scores{Compliance: score.Draw(t, "compliance"), Security: score.Draw(t, "security"),
			BlastRadius: score.Draw(t, "blast"), Probability: score.Draw(t, "probability")},
		Cost: risk.Cost{PersonDays: rapid.SampledFrom([]float64{0.5, 1, 5, 10, 10.5, 30}).Draw(t, "days"), People: rapid.IntRange(0, 3).Draw(t, "people")},
	}
	if rapid.Bool().Draw(t, "has a cost") {
		c.Cost.Money = ptr(risk.Money(1 + money.Draw(t, "cost")))
	}
	if rapid.Bool().Draw(t, "has a loss") {
		before := money.Draw(t, "before")
		c.Loss = &risk.Loss{Before: risk.Money(before), After: risk.Money(rapid.Int64Range(0, before).Draw(t, "after"))}
		if rapid.Bool().Draw(t, "has a chance") {
			c.Loss.Chance = ptr(rapid.Float64Range(0.001, 0.999).Draw(t, "chance"))
		}
	}
	if rapid.Bool().Draw(t, "has a feature") {
		c.Displaces = &risk.Feature{Title: "Downloads", PerWeek: risk.Money(money.Draw(t, "per week")), Weeks: rapid.SampledFrom([]float64{0.5, 1, 4, 12}).Draw(t, "weeks")}
	}
	i, _, err := risk.New(ref, c, risk.Author{By: "ada", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func items(t *rapid.T) []risk.Item {
	var out []risk.Item
	for n := range rapid.IntRange(1, 12).Draw(t, "items") {
		out = append(out, item(t, risk.Ref(n+1)))
	}
	return out
}

func refs(list []risk.Item) (out []risk.Ref) {
	for _, i := range list {
		out = append(out, i.Ref)
	}
	return out
}

// TestRankIsTotal: the order does not depend on that of the input.
func TestRankIsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := items(t)
		want := refs(risk.Rank(list))
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
		before := refs(list)
		if d := cmp.Diff(want, refs(risk.Rank(list))); d != "" {
			t.Fatalf("another order of the input gives another ranking (-want +got):\n%s", d)
		}
		if d := cmp.Diff(before, refs(list)); d != "" {
			t.Fatalf("the input was changed:\n%s", d)
		}
	})
}

// TestRankIsMonotone: with a higher score, or a smaller cost, an item never ranks lower.
func TestRankIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := items(t)
		n := rapid.IntRange(0, len(list)-1).Draw(t, "which")
		was := slices.Index(refs(risk.Rank(list)), list[n].Ref)
		s := &list[n].Scores
		switch f := rapid.IntRange(0, 4).Draw(t, "field"); f {
		case 4:
			list[n].Cost.PersonDays /= 2
		default:
			score := []*int{&s.Compliance, &s.Security, &s.BlastRadius, &s.Probability}[f]
			*score = rapid.IntRange(*score, 5).Draw(t, "raised")
		}
		if is := slices.Index(refs(risk.Rank(list)), list[n].Ref); is > was {
			t.Fatalf("it fell from %d to %d", was, is)
		}
	})
}

// TestMoneyIsNeverNegative also holds the comparison of the two orders against its definition.
func TestMoneyIsNeverNegative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := item(t, 1)
		if s, ok := i.Saved(); ok != (i.Loss != nil) || s < 0 {
			t.Fatalf("saved %d %v", s, ok)
		}
		if l, ok := i.Leverage(); ok != (i.Loss != nil && i.Cost.Money != nil) || l < 0 {
			t.Fatalf("leverage %v %v", l, ok)
		}
		d, ok := i.Delay()
		if ok != (i.Loss != nil && i.Displaces != nil) || d.OfFeature < 0 || d.OfItem < 0 {
			t.Fatalf("delay %+v %v", d, ok)
		}
		if !ok {
			return
		}
		people := float64(max(i.Cost.People, 1))
		feature := float64(i.Displaces.PerWeek) * i.Cost.PersonDays / people / 5
		waits := float64(i.Loss.Before-i.Loss.After) * i.Displaces.Weeks * 7 / 365.25
		if math.Abs(float64(d.OfFeature)-feature) > 0.51 || math.Abs(float64(d.OfItem)-waits) > 0.51 {
			t.Fatalf("%+v, want %g and %g", d, feature, waits)
		}
		if math.Abs(waits-feature) > 1e-6 && d.ItemFirst != (waits > feature) {
			t.Fatalf("the dearer one waits: %+v", d)
		}
	})
}

var digits = regexp.MustCompile(`[0-9][0-9,.]*`)

// TestJustification: the page has no technical word, and each figure in it is one of the item's or follows from it.
func TestJustification(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := item(t, 1)
		i.Links.Incidents = []string{"INC-7"}
		i.Services = []string{"films"}
		text := risk.Justify(i).Text()
		if found := risk.Jargon(text); found != nil {
			t.Fatalf("%q in\n%s", found, text)
		}
		allowed := figures(i)
		for _, f := range digits.FindAllString(text, -1) {
			f = strings.ReplaceAll(strings.TrimRight(f, ".,"), ",", "")
			v, err := strconv.ParseFloat(f, 64)
			if err != nil || !slices.ContainsFunc(allowed, func(a float64) bool { return near(a, v) }) {
				t.Fatalf("%q is no figure of the item (%v) in\n%s", f, allowed, text)
			}
		}
		if words := len(strings.Fields(text)); words > 450 {
			t.Fatalf("%d words are more than a page", words)
		}
	})
}

// near allows for rounding to one decimal, or to two digits that count.
func near(a, v float64) bool { return math.Abs(a-v) <= 0.0501 && (a >= 1 || math.Abs(a-v) <= 0.0501*a) }

// figures are computed from the fields alone, apart from the code under test. 1 and 5 are the ends of the scales, 7 the incident's number.
func figures(i risk.Item) []float64 {
	s := i.Scores
	people := max(float64(i.Cost.People), 1)
	out := []float64{1, 5, 7, float64(s.Compliance), float64(s.Security), float64(s.BlastRadius), float64(s.Probability),
		i.Cost.PersonDays, people, i.Cost.PersonDays / people / 5}
	if i.Cost.Money != nil {
		out = append(out, float64(*i.Cost.Money))
	}
	if i.Loss != nil {
		saved := float64(i.Loss.Before - i.Loss.After)
		out = append(out, float64(i.Loss.Before), float64(i.Loss.After), saved)
		if i.Cost.Money != nil {
			out = append(out, saved/float64(*i.Cost.Money))
		}
		if f := i.Displaces; f != nil {
			out = append(out, f.Weeks, float64(f.PerWeek), math.Round(float64(f.PerWeek)*i.Cost.PersonDays/people/5), math.Round(saved*f.Weeks*7/365.25))
		}
		if c := i.Loss.Chance; c != nil {
			out = append(out, math.Round(*c*100), 99)
			if i.Displaces != nil {
				out = append(out, math.Round(100*(1-math.Pow(1-*c, i.Displaces.Weeks*7/365.25))))
			}
		}
	}
	return out
}

// TestHistory: whatever is tried, versions count up by one, each refused change leaves the item as it was, and the states follow the lifecycle.
func TestHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := item(t, 1)
		for n := range rapid.IntRange(1, 12).Draw(t, "changes") {
			by := risk.Author{By: rapid.SampledFrom([]string{"ada", "bob", ""}).Draw(t, "by"), At: noon.Add(time.Duration(n) * time.Minute),
				Reason: rapid.SampledFrom([]string{"", "because"}).Draw(t, "reason")}
			to := rapid.SampledFrom(append(risk.States(), "gone")).Draw(t, "to")
			next, e, err := i.Move(to, by)
			if err != nil {
				if d := cmp.Diff(i, next); d != "" {
					t.Fatalf("a refused change left:\n%s", d)
				}
				continue
			}
			if next.Version != i.Version+1 || e.Version != next.Version || e.By == "" || next.State != to || to == i.State {
				t.Fatalf("%+v after %+v: %+v", next, i, e)
			}
			if (to == risk.Accepted || i.State == risk.Accepted || i.State == risk.Done) && e.Reason == "" {
				t.Fatalf("%s became %s without a reason", i.State, to)
			}
			i = next
		}
	})
}

func ExampleContent_Delay() {
	c := risk.Content{Currency: "EUR", Cost: risk.Cost{PersonDays: 10, People: 2}, Loss: &risk.Loss{Before: 365_250, After: 0},
		Displaces: &risk.Feature{Title: "Downloads", PerWeek: 2_000, Weeks: 4}}
	d, _ := c.Delay()
	fmt.Println(d.ItemWeeks, d.OfFeature, d.FeatureWeeks, d.OfItem, d.ItemFirst)
	// Output: 1 2000 4 28000 true
}
