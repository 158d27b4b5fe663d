package ledger

import (
	"slices"
	"time"

	"plimsoll/slo"
)

// judged is what an objective is judged by: its events after the corrections, and as slices if that is its method. It reads the same as
// [slo.View] of the events, and in constant time for slices too.
type judged struct {
	slo.Reader             // the events after the corrections
	raw        *events     // before them
	layers     slo.Layered // of the corrections; nil if there are none
	sliced     *sliceView  // the slices; nil if the objective is judged by events
	changes    uint64      // of the corrections
}

// Read implements [slo.Reader].
func (j *judged) Read(from, to slo.Minute) slo.Reading {
	switch {
	case j.sliced == nil:
		return j.Reader.Read(from, to)
	case j.layers == nil && from < to: // of the events themselves only what was observed is asked for
		return slo.Reading{Counts: j.sliced.counts(from, to), Observed: j.raw.seenUpTo(to+1) - j.raw.seenUpTo(from+1), Minutes: int64(to - from)}
	}
	r := j.Reader.Read(from, to)
	r.Counts = j.sliced.counts(from, to)
	return r
}

// Each implements [slo.Reader].
func (j *judged) Each(from, to slo.Minute, f func(slo.MinuteCounts) bool) {
	if j.sliced == nil {
		j.Reader.Each(from, to, f)
		return
	}
	var minutes [hourMinutes]slo.MinuteCounts
	for start := from + 1; start <= to; start += hourMinutes {
		last := min(start+hourMinutes-1, to)
		clear(minutes[:])
		j.Reader.Each(start-1, last, func(m slo.MinuteCounts) bool { minutes[m.Minute-start].Observed = m.Observed; return true })
		j.sliced.each(start-1, last, func(end slo.Minute, c slo.Counts) { minutes[end-start].Counts = c })
		for i, m := range minutes[:last-start+1] {
			if m.Minute = start + slo.Minute(i); (m.Observed || m.Counts != (slo.Counts{})) && !f(m) {
				return
			}
		}
	}
}

// Revision implements [slo.Reader]. It grows with the corrections too.
func (j *judged) Revision() uint64 { return j.raw.Revision() + j.changes }

// Raw implements [slo.Layered].
func (j *judged) Raw() slo.Reader { return j.raw }

// Touching implements [slo.Layered].
func (j *judged) Touching(from, to slo.Minute) []slo.CorrectionID {
	if j.layers == nil {
		return nil
	}
	return j.layers.Touching(from, to)
}

// EffectAt implements [slo.Layered].
func (j *judged) EffectAt(m slo.Minute) slo.Effect {
	if j.layers == nil {
		return ""
	}
	return j.layers.EffectAt(m)
}

// compose makes what t is judged by, after its objective or its corrections have changed. Slices that are the same are kept.
func (t *track) compose(corrected bool) {
	kept := t.slices
	t.judged, t.slices = nil, nil
	if t.objective == nil {
		return
	}
	if t.slices = newSliceTrack(t.objective, t.retention); t.slices != nil {
		if kept != nil && kept.slice == t.slices.slice && kept.method == t.slices.method {
			t.slices = kept
		}
		if corrected {
			t.slices.markAll()
		}
	}
	if t.slices == nil && t.correctionChanges == 0 {
		return
	}
	t.judged = t.judge(&t.events, t.corrections)
	if t.slices != nil {
		t.judged.sliced = &sliceView{&t.slices.events, t.slices.length}
	}
}

// judge returns what is judged by events: those in e, which are those of t or a copy, after corrections.
func (t *track) judge(e *events, cs []slo.Correction) *judged {
	j := &judged{Reader: e, raw: e, changes: t.correctionChanges}
	if len(cs) > 0 {
		j.layers = slo.Corrected(e, cs).(slo.Layered)
		j.Reader = j.layers
	}
	return j
}

// present reports whether o, which is a version of the objective of t, is judged by what [track.compose] has made.
func (t *track) present(o *slo.Objective) bool {
	return o.Method == t.objective.Method && o.Slice == t.objective.Slice
}

// live returns what t is judged by under o, which is a version of its objective. Later commits change what it reads.
func (t *track) live(o *slo.Objective) slo.Reader {
	switch {
	case !t.present(o):
		return t.plain(o, &t.events, t.corrections)
	case t.judged == nil:
		return &t.events
	}
	t.refresh()
	return t.judged
}

// plain returns what e is judged by under another version of the objective or other corrections. It is rarely asked for, and so not kept.
func (t *track) plain(o *slo.Objective, e *events, cs []slo.Correction) slo.Reader {
	j := t.judge(e, cs)
	if o.Method == slo.Timeslices || o.Method == slo.RatioTimeslices {
		j.Reader = slo.Sliced(j.Reader, o.Slice, o.Method)
	}
	return j
}

// refresh brings the slices up to date.
func (t *track) refresh() {
	if t.slices != nil {
		t.slices.refresh(t.judged.Reader, slo.Minute(t.first*hourMinutes), slo.Minute((t.head()+1)*hourMinutes-1))
	}
}

// view returns what t is judged by under the definition that is in force at an instant. Later commits do not change what it reads.
func (l *Ledger) view(t *track, at time.Time) slo.Reader {
	o, _ := t.at(at)
	if o.Method == slo.Composite {
		return l.combine(o, at)
	}
	switch e := t.copy(); {
	case !t.present(o):
		return t.plain(o, e, t.corrections)
	case t.judged == nil:
		return e
	default:
		t.refresh()
		j := t.judge(e, t.corrections)
		if t.slices != nil {
			j.sliced = &sliceView{t.slices.copy(), t.slices.length}
		}
		return j
	}
}

// combine returns the reader of a composite.
func (l *Ledger) combine(o *slo.Objective, at time.Time) slo.Reader {
	s := slo.EvaluateComposite(o, l.parts(o, at, nil), at)
	views := make(map[slo.Key]slo.Reader, len(s.Parts))
	for _, p := range s.Parts {
		views[p.Key] = l.view(l.find(p.Key), at)
	}
	return slo.Combined(s, views)
}

// evaluate returns the status of an objective under the definition that was in force at an instant, with a correction that is not made yet,
// if it is for the objective, or without any if that is nil. Burn rates are also over lookbacks that somebody else asks for.
func (l *Ledger) evaluate(t *track, at time.Time, also *slo.Correction, lookbacks ...time.Duration) slo.Status {
	o, number := t.at(at)
	var s slo.Status
	switch {
	case o.Method == slo.Composite:
		s = slo.EvaluateComposite(o, l.parts(o, at, also), at)
	case also != nil && also.Applies(o):
		s = slo.Evaluate(o, t.plain(o, &t.events, append(slices.Clip(t.corrections), *also)), at, lookbacks...)
	default:
		s = slo.Evaluate(o, t.live(o), at, lookbacks...)
	}
	s.Version = number
	s.Dropped = t.drops.between(s.From, s.To)
	for _, p := range s.Parts {
		s.Dropped += p.Status.Dropped
	}
	return s
}

// parts returns the statuses of a composite's components, but for those that are not defined or are composites themselves.
func (l *Ledger) parts(o *slo.Objective, at time.Time, also *slo.Correction) []slo.Status {
	parts := make([]slo.Status, 0, len(o.Components))
	for _, c := range o.Components {
		t := l.find(c.Key)
		if t == nil {
			continue
		}
		if now, _ := t.at(at); now.Method != slo.Composite {
			parts = append(parts, l.evaluate(t, at, also, o.Lookbacks()...))
		}
	}
	return parts
}
