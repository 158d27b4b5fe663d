package incidents

import (
	"slices"
	"time"
)

// Paired is a command that changes two incidents at once: the one it is given to and its partner.
type Paired interface {
	Command
	// Partner is the other incident.
	Partner() Ref
	pair(mine, partner *change) error
}

// Merge says that the incident is a part of another, and goes on there. Both keep their timelines; open tasks move, and
// members become members there. It ends in state Merged, from which it can be reopened.
//
// Only an incident that is not merged itself takes another, so that following MergedInto always comes to an end. An
// incident merges only with one that is as private as itself: the timeline of one would tell of the other. What is no
// drill does not merge into one: it would be gone from every figure.
type Merge struct{ Into Ref }

// Link says that two incidents have to do with each other. A private incident may be linked to one for everybody, which
// then says nothing of it; not the other way round.
type Link struct{ To Ref }

// Verb is "merge".
func (Merge) Verb() string { return "merge" }

// Verb is "link".
func (Link) Verb() string { return "link" }

// Partner is the incident that takes it.
func (m Merge) Partner() Ref { return m.Into }

// Partner is the incident that it is linked to.
func (l Link) Partner() Ref { return l.To }

func (Merge) apply(*change) error { return ErrPaired }
func (Link) apply(*change) error  { return ErrPaired }

// Pair is what a [Paired] command makes of two incidents. Partner may have no new entries: then it has not changed.
type Pair struct {
	Incident, Partner       Incident
	Entries, PartnerEntries []TimelineEntry
}

// ApplyPair carries out cmd on behalf of by at one instant for both incidents. Like [Apply], it changes neither of the
// two that are given.
//
// Errors: those of [Apply].
func ApplyPair(i, partner Incident, cmd Paired, at time.Time, by string) (Pair, error) {
	if by == "" {
		return Pair{}, ErrNobody
	}
	if err := permit(i, cmd); err != nil {
		return Pair{}, err
	}
	if i.Ref == partner.Ref {
		return Pair{}, &InputError{Field: "incident", Found: partner.Ref.String(), Want: "another one"}
	}
	if at.Before(partner.Changed) {
		at = partner.Changed
	}
	mine := begin(i, at, by)
	theirs := begin(partner, mine.at, by)
	if err := cmd.pair(&mine, &theirs); err != nil {
		return Pair{}, err
	}
	for _, c := range []*change{&mine, &theirs} {
		if len(c.entries) > 0 {
			c.Changed = c.at
		}
	}
	return Pair{mine.Incident, theirs.Incident, mine.entries, theirs.entries}, nil
}

func (m Merge) pair(mine, into *change) error {
	if !slices.Contains(permitted[m.Verb()], into.State) {
		return &InputError{Field: "into", Found: into.Ref.String(), Want: "an incident that is open or resolved: it is " + string(into.State)}
	}
	if mine.Private != into.Private {
		return &InputError{Field: "into", Found: into.Ref.String(),
			Want: "an incident that is as private as " + mine.Ref.String() + ": change the privacy of one of them first"}
	}
	if into.Drill && !mine.Drill {
		return &InputError{Field: "into", Found: into.Ref.String(), Want: "an incident that is no drill: what goes on as one counts nowhere"}
	}
	mine.State, mine.Times.Merged, mine.MergedInto = Merged, mine.at, into.Ref
	mine.record(TimelineEntry{Kind: KindMerged, Became: into.Ref.String()})
	into.record(TimelineEntry{Kind: KindAbsorbed, Was: mine.Ref.String()})
	for n := range mine.Tasks {
		t := mine.Tasks[n]
		if !t.Open() {
			continue
		}
		mine.Tasks[n].Moved = into.Ref
		t.Number = len(into.Tasks) + 1
		into.addTask(t)
	}
	for _, member := range mine.Members {
		into.join(member)
	}
	return nil
}

func (l Link) pair(mine, to *change) error {
	if slices.Contains(mine.Links, to.Ref) {
		return &InputError{Field: "to", Found: to.Ref.String(), Want: "one that it is not linked to yet"}
	}
	if to.Private && !mine.Private {
		return &InputError{Field: "to", Found: to.Ref.String(), Want: "an incident for everybody: link from " + to.Ref.String() + " to this one instead"}
	}
	mine.link(to.Ref)
	if !mine.Private || to.Private {
		to.link(mine.Ref)
	}
	return nil
}

func (c *change) link(ref Ref) {
	if at, found := slices.BinarySearch(c.Links, ref); !found {
		c.Links = slices.Insert(c.Links, at, ref)
		c.record(TimelineEntry{Kind: KindLinked, Became: ref.String()})
	}
}
