package risk

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Justify explains an item on one page to somebody who plans a product: what is asked for, what may go wrong, what waiting costs and what going
// first costs. Its words are plain; those of the item itself are taken as they are (see [Jargon]). Every figure is one of the item's or
// follows from them by [Content.Saved], [Content.Delay] and [Cost.Weeks].
func Justify(i Item) Document {
	d := Document{Title: "Why we should put this right: " + i.Title}
	d.Sections = append(d.Sections, ask(i), wrong(i), worst(i))
	if s, ok := leaving(i); ok {
		d.Sections = append(d.Sections, s)
	}
	if s, ok := weighing(i); ok {
		d.Sections = append(d.Sections, s)
	}
	return d.with("What we advise", []string{advise(i)})
}

func (d Document) with(heading string, paragraphs []string) Document {
	d.Sections = append(d.Sections, Section{Heading: heading, Paragraphs: paragraphs})
	return d
}

func ask(i Item) Section {
	people := max(i.Cost.People, 1)
	text := fmt.Sprintf("%s of work: about %s with %s on it.", count(i.Cost.PersonDays, "day"), count(i.Cost.Weeks(), "week"),
		cmp.Or(map[bool]string{true: "one person"}[people == 1], fmt.Sprintf("%d people", people)))
	if m := i.Cost.Money; m != nil {
		text += fmt.Sprintf(" All of it costs %s.", i.amount(*m))
	}
	return Section{Heading: "What we ask for", Paragraphs: []string{text, i.Owner + " answers for it."}}
}

func wrong(i Item) Section {
	s := Section{Heading: "What may go wrong", Paragraphs: []string{cmp.Or(strings.TrimSpace(i.Description), sentence(i.Title))}}
	if len(i.Services) > 0 {
		s.Paragraphs = append(s.Paragraphs, "It touches "+listed(i.Services)+".")
	}
	if n := len(i.Links.Incidents); n > 0 {
		s.Paragraphs = append(s.Paragraphs, "It has hurt already: see "+listed(i.Links.Incidents)+".")
	}
	return s
}

func worst(i Item) Section {
	s := Section{Heading: "How bad, and how soon", Paragraphs: []string{"Each is rated from 1 (least) to 5 (worst)."}}
	scores := i.Scores.named()
	for n, scale := range Scales() {
		score := scores[n].value
		s.Points = append(s.Points, fmt.Sprintf("%s: %d of 5, %s.", scale.Question, score, scale.Levels[min(max(score, 1), 5)-1]))
	}
	return s
}

func leaving(i Item) (Section, bool) {
	saved, ok := i.Saved()
	if !ok {
		return Section{}, false
	}
	text := fmt.Sprintf("As things are, we must expect to lose about %s a year. ", i.amount(i.Loss.Before))
	if i.Loss.After == 0 {
		text += "Once this is put right, nothing of that is left."
	} else {
		text += fmt.Sprintf("Once this is put right, %s a year are left, so it spares us %s each year.", i.amount(i.Loss.After), i.amount(saved))
	}
	s := Section{Heading: "What it costs to leave it", Paragraphs: []string{text}}
	if l, ok := i.Leverage(); ok {
		s.Paragraphs = append(s.Paragraphs, fmt.Sprintf("Each %s that we spend on it spares us %s %s a year.", i.Currency, i.Currency, rounded(l)))
	}
	if c := i.Loss.Chance; c != nil {
		s.Paragraphs = append(s.Paragraphs, fmt.Sprintf("The odds that it happens at least once within a year are %s.", percent(*c)))
	}
	return s, true
}

func weighing(i Item) (Section, bool) {
	d, ok := i.Delay()
	if !ok {
		return Section{}, false
	}
	f := i.Displaces
	first := fmt.Sprintf("If this goes first, “%s” comes %s later. Each week of that costs %s, in all %s.",
		f.Title, count(d.ItemWeeks, "week"), i.amount(f.PerWeek), i.amount(d.OfFeature))
	second := fmt.Sprintf("If “%s” goes first, this waits %s, and we must expect to lose %s meanwhile.",
		f.Title, count(d.FeatureWeeks, "week"), i.amount(d.OfItem))
	if d.Chance != nil {
		second += fmt.Sprintf(" The odds that it happens in that time are %s.", percent(*d.Chance))
	}
	verdict := fmt.Sprintf("Going first with “%s” costs less. This should follow it.", f.Title)
	if d.ItemFirst {
		verdict = "Putting this right first costs less."
	}
	return Section{Heading: "What should go first", Points: []string{first, second}, Paragraphs: []string{verdict}}, true
}

// advise goes by the figures where both waits are known in money, and by the matrix otherwise, so that the page does not contradict itself.
func advise(i Item) string {
	row := place(i.Scores, i.Cost)
	d, ok := i.Delay()
	switch {
	case !ok || d.ItemFirst && row.LeastExposure == GraveExposure:
		return row.Advice
	case d.ItemFirst:
		return fmt.Sprintf("Put this right before “%s”: the ratings are low, but waiting costs more than going first.", i.Displaces.Title)
	default:
		return fmt.Sprintf("Do “%s” first, then look at this again: waiting costs less than going first.", i.Displaces.Title)
	}
}

// amount writes money with its currency, such as EUR 120,000.
func (t *Content) amount(m Money) string { return t.Currency + " " + grouped(int64(m)) }

func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// rounded writes a number with one decimal, or with two digits that count where it is smaller.
func rounded(f float64) string {
	if f >= 1 {
		return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
	}
	v, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 2, 64), 64)
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func count(f float64, unit string) string {
	s := rounded(f)
	if s != "1" {
		unit += "s"
	}
	return s + " " + unit
}

// percent writes a probability, and what is nearly certain or nearly impossible as such.
func percent(p float64) string {
	switch {
	case p < 0.01:
		return "below 1 %"
	case p > 0.99:
		return "above 99 %"
	default:
		return strconv.Itoa(int(math.Round(p*100))) + " %"
	}
}

func listed(s []string) string {
	if len(s) == 1 {
		return s[0]
	}
	return strings.Join(s[:len(s)-1], ", ") + " and " + s[len(s)-1]
}

func sentence(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
