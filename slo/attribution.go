package slo

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"time"
)

// CauseKind is what can have spent a budget, or have been taken for it.
type CauseKind string

// The kinds of causes. Where several had a hand in a minute, it belongs to the first kind in this order.
const (
	ByCorrection CauseKind = "correction" // not to be judged: maintenance, or a false measurement
	ByIncident   CauseKind = "incident"
	ByDeploy     CauseKind = "deploy"
	ByNobody     CauseKind = "nobody" // no cause is known
)

var causeOrder = map[CauseKind]int{ByCorrection: 0, ByIncident: 1, ByDeploy: 2, ByNobody: 3}

// Cause is something that went on for a time and may have spent a budget.
type Cause struct {
	Kind  CauseKind `json:"kind" enum:"correction,incident,deploy,nobody"`
	Ref   string    `json:"ref,omitempty"` // such as "INC-7", or a commit
	Title string    `json:"title,omitempty"`
	From  time.Time `json:"from,omitzero"`
	To    time.Time `json:"to,omitzero"` // exclusive; zero while it goes on
}

// minutes returns the first and the last minute in which the cause went on.
func (c Cause) minutes() (first, last Minute) {
	if c.To.IsZero() {
		return MinuteOf(c.From), math.MaxInt64
	}
	return MinuteOf(c.From), MinuteOf(c.To.Add(-1))
}

// Spend is what one cause has spent.
type Spend struct {
	Cause
	Bad   int64   // in counts, see [Measure]; 0 of a composite, which has none
	Share float64 // of the budget: bad ÷ allowed; 0 if nothing is allowed
	// NeedsPostmortem: more than a fifth of the budget, and not corrected away. What nobody has caused needs one if a single spell
	// spent that much: a trickle of unrelated failures over a month is no incident.
	// Source: Google SRE Workbook, "Example Error Budget Policy": a single incident that consumes more than 20 % of the budget.
	NeedsPostmortem bool
}

// Spell is a time in which budget was spent without a longer pause.
type Spell struct {
	From, To Minute // from the first minute with bad events, or of the first bad slice, to the last, both in it
	Bad      int64
	Share    float64
	Spends   []Spend // by cause; the sum of their Bad is Bad
}

// Attribution says what spent a budget. Bad is the sum over Causes, and the sum over Spells, of theirs.
type Attribution struct {
	Bad    int64
	Causes []Spend // the one that spent the most first
	Spells []Spell // the earliest first
}

// postmortemShare is one in how many parts of the budget demands a postmortem.
const postmortemShare = 5

// Attribute divides the bad events of the status's window among causes. view is what the objective is judged by. The bad events of each minute,
// or slice, belong to one of the causes that went on in it: by kind as they are ordered, and among those of one kind to the one that began last.
// Those that corrections have taken away, and only those, belong to a correction, so that the others are the bad events of the window, and Bad is
// what was measured. Minutes with bad events are one spell unless more than quiet minutes without lie between them.
func Attribute(s Status, view Reader, causes []Cause, quiet int64) Attribution {
	causes = slices.Clone(causes)
	slices.SortStableFunc(causes, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(causeOrder[a.Kind], causeOrder[b.Kind]), b.From.Compare(a.From), cmp.Compare(a.Ref, b.Ref))
	})
	a := attributing{
		causes: append(causes, Cause{Kind: ByNobody}, Cause{Kind: ByCorrection}), total: make([]int64, len(causes)+2),
		length: max(1, Minute(s.Objective.Slice.Length/time.Minute)), quiet: Minute(quiet),
	}
	for _, c := range causes {
		first, last := c.minutes()
		a.during = append(a.during, interval{first - 1, last})
	}
	measured := badMinutes(Uncorrected(s.Objective, view), s.From, s.To)
	for _, judged := range badMinutes(view, s.From, s.To) {
		for len(measured) > 0 && measured[0].minute < judged.minute {
			a.minute(measured[0].minute, 0, measured[0].bad)
			measured = measured[1:]
		}
		taken := -judged.bad
		if len(measured) > 0 && measured[0].minute == judged.minute {
			taken += measured[0].bad
			measured = measured[1:]
		}
		a.minute(judged.minute, judged.bad, taken)
	}
	for _, m := range measured {
		a.minute(m.minute, 0, m.bad)
	}
	return a.result(s)
}

// badMinute is a minute, or a slice at its last, with bad events.
type badMinute struct {
	minute Minute
	bad    int64
}

func badMinutes(r Reader, from, to Minute) (list []badMinute) {
	r.Each(from, to, func(m MinuteCounts) bool {
		if bad := m.Bad(); bad != 0 {
			list = append(list, badMinute{m.Minute, bad})
		}
		return true
	})
	return list
}

// attributing is an attribution in the making.
type attributing struct {
	causes        []Cause    // by precedence; the last two are nobody and a correction that is not known
	during        []interval // in which each but those two went on
	total         []int64    // bad events of each
	length, quiet Minute
	spells        []Spell
	parts         []map[int]int64 // of each spell: bad events by cause
}

// minute adds the bad events of a minute, or of the slice that ends with it: those that are judged, and those that corrections have taken away.
func (a *attributing) minute(m Minute, judged, taken int64) {
	if judged != 0 {
		a.add(m, a.cause(m, len(a.during), func(k CauseKind) bool { return k != ByCorrection }), judged)
	}
	if taken != 0 {
		a.add(m, a.cause(m, len(a.during)+1, func(k CauseKind) bool { return k == ByCorrection }), taken)
	}
}

// cause returns which cause of some kinds a minute, or the slice that ends with it, belongs to.
func (a *attributing) cause(m Minute, otherwise int, may func(CauseKind) bool) int {
	for i, d := range a.during {
		if may(a.causes[i].Kind) && d.from < m && d.to > m-a.length {
			return i
		}
	}
	return otherwise
}

func (a *attributing) add(m Minute, cause int, bad int64) {
	n, from := len(a.spells)-1, m-a.length+1
	if n < 0 || from-a.spells[n].To > a.quiet+1 {
		a.spells, a.parts, n = append(a.spells, Spell{From: from}), append(a.parts, map[int]int64{}), n+1
	}
	a.spells[n].To = m
	a.spells[n].Bad += bad
	a.parts[n][cause] += bad
	a.total[cause] += bad
}

func (a *attributing) result(s Status) Attribution {
	out := Attribution{Spells: a.spells}
	for i, c := range a.causes {
		if a.total[i] != 0 {
			out.Causes = append(out.Causes, spend(s, c, a.total[i]))
			out.Bad += a.total[i]
		}
	}
	most := func(a, b Spend) int { return cmp.Compare(b.Bad, a.Bad) }
	slices.SortStableFunc(out.Causes, most)
	for n := range out.Spells {
		spell := &out.Spells[n]
		spell.Share = shareOf(s, spell.Bad)
		for i, c := range a.causes {
			if bad, ok := a.parts[n][i]; ok {
				spell.Spends = append(spell.Spends, spend(s, c, bad))
			}
		}
		slices.SortStableFunc(spell.Spends, most)
	}
	out.needForNobody()
	return out
}

// needForNobody asks for a postmortem of what nobody has caused if one spell of it is that large.
func (a *Attribution) needForNobody() {
	for i := range a.Causes {
		if c := &a.Causes[i]; c.Kind == ByNobody {
			c.NeedsPostmortem = slices.ContainsFunc(a.Spells, func(spell Spell) bool {
				return slices.ContainsFunc(spell.Spends, func(part Spend) bool { return part.Kind == ByNobody && part.NeedsPostmortem })
			})
		}
	}
}

func spend(s Status, c Cause, bad int64) Spend {
	return Spend{Cause: c, Bad: bad, Share: shareOf(s, bad), NeedsPostmortem: c.Kind != ByCorrection && demandsPostmortem(s, bad)}
}

func shareOf(s Status, bad int64) float64 {
	if s.Budget.Allowed <= 0 {
		return 0
	}
	return float64(bad) / s.Budget.Allowed
}

// demandsPostmortem reports bad > (1 − target) × total / 5, exactly.
func demandsPostmortem(s Status, bad int64) bool {
	if bad <= 0 {
		return false
	}
	badHigh, badLow := bits.Mul64(uint64(bad), postmortemShare*uint64(One))
	allowedHigh, allowedLow := bits.Mul64(uint64(max(0, s.Budget.Total)), uint64(s.Objective.Budget()))
	return badHigh > allowedHigh || badHigh == allowedHigh && badLow > allowedLow
}

// QuietMinutes is the usual length of the pause that ends a spell: two checks of a service that fails every quarter of an hour are one.
const QuietMinutes = 15

// Largest returns the n spells that spent the most, the earliest first.
func (a Attribution) Largest(n int) []Spell {
	if len(a.Spells) <= n {
		return a.Spells
	}
	kept := slices.Clone(a.Spells)
	slices.SortStableFunc(kept, func(a, b Spell) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Bad, a.Bad)) })
	kept = kept[:n]
	slices.SortFunc(kept, func(a, b Spell) int { return cmp.Compare(a.From, b.From) })
	return kept
}
