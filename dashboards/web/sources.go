package web

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"plimsoll/slo"
)

// SourceHealth says whether a source gave what it was last asked for.
type SourceHealth string

const (
	// SourceDown: it did not.
	SourceDown SourceHealth = "down"
	// SourceUnknown: it was not asked yet.
	SourceUnknown SourceHealth = "unknown"
	// SourceUp: it did.
	SourceUp SourceHealth = "up"
)

// rank orders sources: those that need a person first.
var rank = map[SourceHealth]int{SourceDown: 0, SourceUnknown: 1, SourceUp: 2}

// Source is one place that samples come from.
type Source struct {
	Kind   string // such as "target" or "probe"
	Name   string
	Where  string // such as its address, without credentials; may be empty
	Health SourceHealth
	At     time.Time // when it last gave samples, or was asked for them; zero if never
	Detail string    // in words; may be empty
	Error  string    // why it is down; empty if it is not
}

// Sources are where samples come from, and what that means for objectives.
type Sources struct {
	// Elsewhere says who reads the sources if this process does not, in words; empty if it does.
	Elsewhere string
	List      []Source
	// Problems are what keeps the events of an objective from being counted as its queries say; Notes, that they are estimated, and how.
	Problems, Notes map[slo.Key][]string
}

// sourceList is the body of the page "/sources".
type sourceList struct {
	Headline, Elsewhere string
	Groups              []sourceGroup
	Problems, Notes     []objectiveNotes
}

// sourceGroup are the sources of one kind, those that are down first.
type sourceGroup struct {
	Kind string
	Rows []sourceRow
}

type sourceRow struct {
	Source
	Now time.Time
}

// Ago is how long ago it gave samples.
func (s sourceRow) Ago() time.Duration { return max(0, s.Now.Sub(s.At)) }

// Tone is the colour of its health.
func (s sourceRow) Tone() string {
	return map[SourceHealth]string{SourceDown: "spent", SourceUnknown: "unknown", SourceUp: "healthy"}[s.Health]
}

// objectiveNotes are what is to be said of one objective.
type objectiveNotes struct {
	Key   slo.Key
	Texts []string
}

// URL is the page of the objective.
func (o objectiveNotes) URL() string { return "/objectives/" + string(o.Key) }

// sources shows each source of samples and how it is doing.
func (w *Web) sources(rw http.ResponseWriter, r *http.Request) {
	var s Sources
	if w.cfg.Sources != nil {
		s = w.cfg.Sources()
	}
	v := sourceList{Elsewhere: s.Elsewhere, Headline: sourceHeadline(s), Problems: notesOf(s.Problems), Notes: notesOf(s.Notes)}
	now := w.cfg.Now()
	for _, one := range s.List {
		if n := len(v.Groups); n == 0 || v.Groups[n-1].Kind != one.Kind {
			v.Groups = append(v.Groups, sourceGroup{Kind: one.Kind})
		}
		group := &v.Groups[len(v.Groups)-1]
		group.Rows = append(group.Rows, sourceRow{one, now})
	}
	for _, g := range v.Groups {
		slices.SortStableFunc(g.Rows, func(a, b sourceRow) int { return cmp.Compare(rank[a.Health], rank[b.Health]) })
	}
	w.render(rw, r, http.StatusOK, "sources", page{Title: "Sources", Nav: "sources", Body: v})
}

func sourceHeadline(s Sources) string {
	down, unknown := 0, 0
	for _, one := range s.List {
		switch one.Health {
		case SourceDown:
			down++
		case SourceUnknown:
			unknown++
		}
	}
	switch {
	case s.Elsewhere != "":
		return "Sources are read elsewhere"
	case len(s.List) == 0:
		return "No source is configured; samples may still be pushed"
	case down == 0 && unknown > 0:
		return fmt.Sprintf("%d of %s not asked yet", unknown, plural(len(s.List), "source"))
	case down == 0:
		return "All sources are heard"
	case down == 1:
		return fmt.Sprintf("1 of %s is down", plural(len(s.List), "source"))
	}
	return fmt.Sprintf("%d of %s are down", down, plural(len(s.List), "source"))
}

func notesOf(of map[slo.Key][]string) (all []objectiveNotes) {
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if len(of[key]) > 0 {
			all = append(all, objectiveNotes{key, of[key]})
		}
	}
	return all
}
