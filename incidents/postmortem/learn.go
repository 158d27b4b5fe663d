package postmortem

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
)

// Learning is what many postmortems teach together.
type Learning struct {
	Postmortems int       `json:"postmortems" doc:"That were looked at; drills, and incidents that were cancelled or merged since, are left out"`
	From        time.Time `json:"from,omitzero" doc:"When the first of their incidents began"`
	Triggers    []Tally   `json:"triggers" nullable:"false" doc:"Incidents by what set them off, the most frequent first"`
	Causes      []Repeat  `json:"repeatedCauses" nullable:"false" doc:"Causes that more than one incident had, the most frequent first"`
	Kinds       []Tally   `json:"itemsByKind" nullable:"false"`
	Close       Spread    `json:"timeToClose" doc:"Of action items, from when they were added until there was evidence"`
	Review      Spread    `json:"timeToReview" doc:"Of postmortems, from the end of the response until they were reviewed"`
	Overdue     []ItemRef `json:"overdueItems" nullable:"false" doc:"The one that has waited longest first"`
}

// Tally is how often something was there.
type Tally struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Open  int    `json:"open,omitempty" doc:"Of action items: how many are open"`
}

// Repeat is a cause that came back.
type Repeat struct {
	Cause     string          `json:"cause" doc:"Its label, or its words where it has none"`
	Incidents []incidents.Ref `json:"incidents" nullable:"false"`
	Open      []ItemRef       `json:"openItems" nullable:"false" doc:"Action items of these incidents that are still open"`
}

// Spread is how a length of time is distributed. Days are of 24 hours; the percentiles are of the nearest rank.
type Spread struct {
	Count  int     `json:"count"`
	Mean   float64 `json:"meanDays"`
	Median float64 `json:"medianDays"`
	P90    float64 `json:"p90Days"`
}

// Learn sums up postmortems of incidents that began at since or later; of all where it is zero.
func Learn(list []Record, since, now time.Time) Learning {
	l := Learning{Triggers: []Tally{}, Causes: []Repeat{}, Kinds: []Tally{}, Overdue: []ItemRef{}}
	triggers, kinds, open := map[string]int{}, map[string]int{}, map[string]int{}
	var used []Record
	var closing, reviewing []time.Duration
	var overdue []ActionItem
	for _, r := range list {
		if r.Facts.Drill || void(r.Facts.State) || r.Facts.From.Before(since) {
			continue
		}
		used = append(used, r)
		if l.From.IsZero() || r.Facts.From.Before(l.From) {
			l.From = r.Facts.From
		}
		triggers[cmp.Or(string(r.Content.Trigger.Kind), "not known")]++
		if over := cmp.Or(r.Facts.Times.Resolved, r.Facts.Times.Mitigated); !over.IsZero() && !r.Agreed.IsZero() {
			reviewing = append(reviewing, r.Agreed.Sub(over))
		}
		for _, i := range r.Items {
			kinds[string(i.Kind)]++
			if i.Done() {
				closing = append(closing, i.Closed.Sub(i.Added))
			} else {
				open[string(i.Kind)]++
			}
			if i.Overdue(now) {
				overdue = append(overdue, i)
			}
		}
	}
	l.Postmortems, l.Triggers, l.Kinds = len(used), tallies(triggers, nil), tallies(kinds, open)
	l.Causes, l.Close, l.Review = repeats(used), spread(closing), spread(reviewing)
	slices.SortStableFunc(overdue, func(a, b ActionItem) int { return cmp.Or(a.Due.Compare(b.Due), byNumber(a, b)) })
	for _, i := range overdue {
		l.Overdue = append(l.Overdue, i.ID)
	}
	return l
}

func tallies(counts, open map[string]int) []Tally {
	list := []Tally{}
	for name, n := range counts {
		list = append(list, Tally{Name: name, Count: n, Open: open[name]})
	}
	slices.SortFunc(list, func(a, b Tally) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	return list
}

func spread(list []time.Duration) Spread {
	if len(list) == 0 {
		return Spread{}
	}
	slices.Sort(list)
	var sum time.Duration
	for _, d := range list {
		sum += d
	}
	rank := func(p int) float64 { return days(list[(len(list)*p+99)/100-1]) }
	return Spread{Count: len(list), Mean: days(sum) / float64(len(list)), Median: rank(50), P90: rank(90)}
}

func days(d time.Duration) float64 { return d.Hours() / 24 }

// alike is from which share of common words two causes without a common label are one. The value is our choice.
const alike = 0.5

// cause is one with the words that tell it from others.
type cause struct {
	name  string
	label string
	words []string
	refs  []incidents.Ref
}

// repeats groups root causes and contributing factors: by their labels, and where one has none, by the words that they share.
func repeats(list []Record) []Repeat {
	var groups []cause
	byNumber := slices.Clone(list)
	slices.SortFunc(byNumber, func(a, b Record) int { return cmp.Compare(a.Incident, b.Incident) })
	for _, r := range byNumber {
		for _, c := range append(append([]Cause{}, r.Content.RootCauses...), r.Content.Contributing...) {
			next := cause{name: cmp.Or(c.Label, c.Text), label: strings.Join(significant(c.Label), " "), words: significant(c.Label + " " + c.Text)}
			n := slices.IndexFunc(groups, next.same)
			if n < 0 {
				groups, n = append(groups, next), len(groups)
			}
			if !slices.Contains(groups[n].refs, r.Incident) {
				groups[n].refs = append(groups[n].refs, r.Incident)
			}
		}
	}
	out := []Repeat{}
	for _, g := range groups {
		if len(g.refs) > 1 {
			out = append(out, Repeat{Cause: g.name, Incidents: g.refs, Open: openItems(list, g.refs)})
		}
	}
	slices.SortStableFunc(out, func(a, b Repeat) int { return len(b.Incidents) - len(a.Incidents) })
	return out
}

func openItems(list []Record, refs []incidents.Ref) []ItemRef {
	open := []ItemRef{}
	for _, r := range list {
		for _, i := range r.Items {
			if i.State == ItemOpen && slices.Contains(refs, r.Incident) {
				open = append(open, i.ID)
			}
		}
	}
	slices.Sort(open)
	return open
}

// same reports whether two causes are one.
func (c cause) same(d cause) bool {
	if c.label != "" && d.label != "" {
		return c.label == d.label
	}
	common := 0
	for _, w := range c.words {
		if _, found := slices.BinarySearch(d.words, w); found {
			common++
		}
	}
	all := len(c.words) + len(d.words) - common
	return all > 0 && float64(common) >= alike*float64(all)
}

// significant are the words of a text that say something, each once, sorted and without an ending of the plural.
func significant(text string) []string {
	var list []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 127) }) {
		if len(w) > 2 && !slices.Contains(common, w) {
			if len(w) > 4 {
				w = strings.TrimSuffix(w, "s")
			}
			list = append(list, w)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// common are words that say nothing of a cause.
var common = []string{"and", "are", "because", "been", "but", "can", "did", "does", "for", "from", "had", "has", "have", "into", "its", "not", "that", "the", "their",
	"them", "there", "this", "too", "was", "were", "when", "which", "while", "with"}
