package risk_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents/risk"
)

func content() risk.Content {
	return risk.Content{
		Title: "The only copy of the films may be lost", Description: "One disk holds every film.", Owner: "Ada", Services: []string{"films"},
		Scores: risk.Scores{Compliance: 2, Security: 1, BlastRadius: 5, Probability: 3}, Cost: risk.Cost{PersonDays: 8, People: 2, Money: ptr(risk.Money(10_000))},
		Currency: "EUR", Loss: &risk.Loss{Before: 120_000, After: 20_000, Chance: ptr(0.4)},
		Displaces: &risk.Feature{Title: "Downloads", PerWeek: 3_000, Weeks: 6},
		Links:     risk.Links{Incidents: []string{"INC-7"}, Objectives: []string{"films/availability"}},
	}
}

func TestQuadrants(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name           string
		impact, chance int
		days           float64
		want           risk.Quadrant
	}{
		{"grave and cheap", 5, 5, 1, risk.QuickWin},
		{"just grave, just cheap", 5, 2, 10, risk.QuickWin},
		{"just grave, just too costly", 2, 5, 10.5, risk.Plan},
		{"not quite grave, cheap", 3, 3, 10, risk.Schedule},
		{"not quite grave, costly", 3, 3, 10.5, risk.Accept},
	} {
		for _, s := range []risk.Scores{ // whichever of the three is the worst
			{Compliance: tc.impact, Security: 1, BlastRadius: 1, Probability: tc.chance},
			{Compliance: 1, Security: tc.impact, BlastRadius: 1, Probability: tc.chance},
			{Compliance: 1, Security: 1, BlastRadius: tc.impact, Probability: tc.chance},
		} {
			if got := risk.QuadrantOf(s, risk.Cost{PersonDays: tc.days}); got != tc.want {
				t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
			}
		}
	}
}

// TestPoisson holds the formulas against values computed by hand: ln 2 = 0.693147…, and half a year at 50 % is 1 − √½.
func TestPoisson(t *testing.T) {
	t.Parallel()
	for name, pair := range map[string][2]float64{
		"rate of 50 %":          {risk.Rate(0.5), math.Ln2},
		"half a year":           {risk.ChanceWithin(0.5, risk.WeeksPerYear/2), 1 - math.Sqrt(0.5)},
		"a year":                {risk.ChanceWithin(0.25, risk.WeeksPerYear), 0.25},
		"no time":               {risk.ChanceWithin(0.25, 0), 0},
		"annual loss":           {float64(risk.AnnualLoss(0.5, 1_000_000)), 693_147},
		"a rare one, linear":    {risk.Rate(1e-9), 1e-9},
		"rare within two years": {risk.ChanceWithin(1e-9, 2*risk.WeeksPerYear), 2e-9},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9*max(1e-6, pair[1]) {
			t.Errorf("%s: %g, want %g", name, pair[0], pair[1])
		}
	}
}

func TestRefusedContent(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		spoil func(*risk.Content)
		want  []string
	}{
		{"nothing at all", func(c *risk.Content) { *c = risk.Content{} }, []string{
			"title is missing", "owner is missing", `scores.compliance "0" is not valid: expected 1 to 5`, "scores.security", "scores.blastRadius", "scores.probability", "cost.personDays"}},
		{"a score above", func(c *risk.Content) { c.Scores.Security = 6 }, []string{`scores.security "6" is not valid: expected 1 to 5`}},
		{"days that are no number", func(c *risk.Content) { c.Cost.PersonDays = math.NaN() }, []string{`cost.personDays "NaN"`}},
		{"no cost", func(c *risk.Content) { c.Cost.Money = ptr(risk.Money(0)) }, []string{"cost.money"}},
		{"a negative loss", func(c *risk.Content) { c.Loss.After = -1 }, []string{`loss.after "-1"`}},
		{"it makes it worse", func(c *risk.Content) { c.Loss.After = 120_001 }, []string{"at most loss.before"}},
		{"certain", func(c *risk.Content) { c.Loss.Chance = ptr(1.0) }, []string{`loss.chance "1"`}},
		{"no currency", func(c *risk.Content) { c.Currency = "" }, []string{"currency is missing: expected a code of three capital letters such as EUR"}},
		{"a sign for a currency", func(c *risk.Content) { c.Currency = "€" }, []string{`currency "€"`}},
		{"a title of two lines", func(c *risk.Content) { c.Title = "a\nb" }, []string{"one line"}},
		{"no incident", func(c *risk.Content) { c.Links.Incidents = []string{"INC-7", "7"} }, []string{`links.incidents[1] "7"`}},
		{"two words for a service", func(c *risk.Content) { c.Services = []string{"video api"} }, []string{"services[0]"}},
		{"a feature without an end", func(c *risk.Content) { c.Displaces.Weeks = 521 }, []string{"displaces.weeks"}},
		{"a long title", func(c *risk.Content) { c.Title = strings.Repeat("ä", 201) }, []string{"at most 200 letters, found 201"}},
	} {
		c := content()
		tc.spoil(&c)
		_, _, err := risk.New(1, c, risk.Author{By: "ada", At: noon})
		var invalid *risk.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != len(tc.want) {
			t.Errorf("%s: %v, want %d problems", tc.name, err, len(tc.want))
			continue
		}
		for n, want := range tc.want {
			if got := invalid.Problems[n].String(); !strings.Contains(got, want) {
				t.Errorf("%s: %q, want %q", tc.name, got, want)
			}
		}
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	i, first, err := risk.New(7, content(), risk.Author{By: "ada", At: noon})
	if err != nil || i.State != risk.Open || first.Version != 1 || len(first.Changes) < 10 {
		t.Fatalf("%+v %+v %v", i, first, err)
	}
	changed := content()
	changed.Scores.Probability, changed.Cost.Money = 4, nil
	next, e, ok, err := i.Edit(changed, risk.Author{By: "bob", At: noon.Add(time.Hour), Reason: "it broke again"})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if d := cmp.Diff(risk.Entry{Version: 2, At: noon.Add(time.Hour), By: "bob", Reason: "it broke again",
		Changes: []risk.FieldChange{{Field: "scores.probability", Was: "3", Became: "4"}, {Field: "cost.money", Was: "10000"}}}, e); d != "" {
		t.Error(d)
	}
	if same, _, ok, err := next.Edit(changed, risk.Author{By: "bob", At: noon}); ok || err != nil || same.Version != 2 {
		t.Errorf("an edit without a difference made version %d (%v)", same.Version, err)
	}
	if _, _, err := next.Move(risk.Accepted, risk.Author{By: "bob", At: noon}); err == nil || !strings.Contains(err.Error(), "reason is missing") {
		t.Errorf("accepted without a reason: %v", err)
	}
	done, _, err := next.Move(risk.Done, risk.Author{By: "bob", At: noon})
	if err != nil || !done.Changed.Equal(noon.Add(time.Hour)) {
		t.Fatalf("changed %s, before the last change (%v)", done.Changed, err)
	}
	if _, _, err := done.Move(risk.Planned, risk.Author{By: "bob", At: noon, Reason: "x"}); err == nil ||
		err.Error() != "RISK-7 is done, so it cannot become planned; possible are: open" {
		t.Error(err)
	}
	if _, _, err := next.Move("dnoe", risk.Author{By: "bob"}); err == nil || !strings.Contains(err.Error(), `did you mean "done"?`) {
		t.Error(err)
	}
}

func TestJustificationReads(t *testing.T) {
	t.Parallel()
	i, _, err := risk.New(7, content(), risk.Author{By: "ada", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	page := risk.Justify(i)
	text := page.Text()
	for _, want := range []string{
		"8 days of work: about 0.8 weeks with 2 people on it. All of it costs EUR 10,000.",
		"How many people would notice: 5 of 5, nearly every customer.",
		"lose about EUR 120,000 a year. Once this is put right, EUR 20,000 a year are left, so it spares us EUR 100,000 each year.",
		"Each EUR that we spend on it spares us EUR 10 a year.",
		"“Downloads” comes 0.8 weeks later. Each week of that costs EUR 3,000, in all EUR 2,400.",
		"this waits 6 weeks, and we must expect to lose EUR 11,499 meanwhile. The odds that it happens in that time are 6 %.",
		"Putting this right first costs less.", "see INC-7.", "it is serious and takes little",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	i.Title, i.Description = "<b>#1</b>", "[x](javascript:y)\n# big\n1. list"
	page = risk.Justify(i)
	if md := page.Markdown(); strings.Contains(md, "<b>") || !strings.Contains(md, `\[x\](javascript:y) \# big 1. list`) || strings.Contains(md, "\n# big") {
		t.Errorf("what somebody wrote became markup:\n%s", md)
	}
	if h := page.HTML(); strings.Contains(h, "<b>") || !strings.Contains(h, "&lt;b&gt;#1&lt;/b&gt;") || strings.Count(h, "<h2>") != len(page.Sections) {
		t.Errorf("what somebody wrote became markup:\n%s", h)
	}
}

// TestAdvice: the page advises what its figures say.
func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		spoil func(*risk.Item)
		want  string
	}{
		{"grave, and waiting costs more", func(*risk.Item) {}, "Do it now"},
		{"grave, but the feature costs more", func(i *risk.Item) { i.Displaces.PerWeek = 100_000 }, "Do “Downloads” first"},
		{"slight, but waiting costs more", func(i *risk.Item) { i.Scores.Probability = 1 }, "Put this right before “Downloads”"},
		{"slight, without money", func(i *risk.Item) { i.Scores.Probability, i.Loss = 1, nil }, "Do it along the way"},
	} {
		i, _, err := risk.New(7, content(), risk.Author{By: "ada", At: noon})
		if err != nil {
			t.Fatal(err)
		}
		tc.spoil(&i)
		page := risk.Justify(i)
		if got := page.Sections[len(page.Sections)-1].Paragraphs[0]; !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestJargon(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"The database's replicas need a failover, and CI/CD too": {"ci/cd", "database", "failover", "replica"},
		"Nobody can watch films in the sale":                     nil,
		"Technical  debt raises latency; APIs, too.":             {"api", "latency", "technical debt"},
	} {
		if d := cmp.Diff(want, risk.Jargon(text)); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
	for _, s := range risk.Scales() {
		for _, level := range append(s.Levels[:], s.Question) {
			if found := risk.Jargon(level); found != nil {
				t.Errorf("%q has %q", level, found)
			}
		}
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	item, _, err := risk.New(1, content(), risk.Author{By: "ada", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	with := func(s risk.State) []risk.Item { i := item; i.State = s; return []risk.Item{i} }
	for _, tc := range []struct {
		name  string
		left  []float64
		items []risk.Item
		want  risk.Reason
	}{
		{"three of four", []float64{-0.2, 0.5, 0, 0.09}, nil, risk.ReasonChronic},
		{"at the line is not below it", []float64{-0.2, 0.5, 0, 0.10}, nil, risk.ReasonHealthy},
		{"it was bad long ago", []float64{-1, -1, 0, 1, 1, 1}, nil, risk.ReasonHealthy},
		{"it is new", []float64{0, 0, 0}, nil, risk.ReasonFew},
		{"nothing is known", nil, nil, risk.ReasonFew},
		{"an item says so", []float64{0, 0, 0, 0}, with(risk.Open), risk.ReasonKnown},
		{"it was done, and is back", []float64{0, 0, 0, 0}, with(risk.Done), risk.ReasonChronic},
		{"it was accepted", []float64{0, 0, 0, 0}, with(risk.Accepted), risk.ReasonSettled},
	} {
		s := risk.Spender{Objective: "films/availability", Title: "films start", Service: "films"}
		for n, left := range tc.left {
			s.Weeks = append(s.Weeks, risk.Week{Ends: noon.AddDate(0, 0, 7*n), Remaining: left})
		}
		got, why := risk.Suggest(s, tc.items)
		if why != tc.want || (got.Title != "") != (why == risk.ReasonChronic) {
			t.Errorf("%s: %q %+v, want %q", tc.name, why, got, tc.want)
		}
		if tc.name == "three of four" && got.Because != "films/availability ended 3 of its last 4 weeks with less than 10 % of its budget left: -20 %, 50 %, 0 %, 9 %" {
			t.Errorf("because %q", got.Because)
		}
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]risk.Ref{"RISK-7": 7, "risk-7": 7, "7": 7, "INC-7": 0, "0": 0, "-1": 0, "+7": 0, "RISK-": 0, "": 0, "RISK--7": 0, "99999999999999999999": 0} {
		if got, err := risk.ParseRef(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}

// FuzzParseRef: what is read is written so that it reads the same.
func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"RISK-7", "risk-1", "12", "RISK--1", "+3", "", "RISK-9223372036854775808"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := risk.ParseRef(s)
		if err != nil {
			return
		}
		if again, err := risk.ParseRef(r.String()); r < 1 || again != r || err != nil {
			t.Errorf("%q is %d, and then %d (%v)", s, r, again, err)
		}
	})
}

// FuzzMarkdown: whatever somebody writes in a title or a description stays in its line and brings no markup.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"# x", "- x", "1. x", "<script>", "a\n# b", "[x](y)", "***", "\\`", "=", "+ x", "| x |"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := risk.Document{Title: s, Sections: []risk.Section{{Heading: s, Paragraphs: []string{s}, Points: []string{s}}}}
		md := d.Markdown()
		if got, want := strings.Count(md, "\n"), 7; got != want {
			t.Errorf("%q takes %d lines, want %d:\n%s", s, got, want, md)
		}
		if strings.ContainsAny(md, "<>") {
			t.Errorf("%q brings HTML:\n%s", s, md)
		}
	})
}
