package gate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/config"
	"plimsoll/slo"
)

// TestScenarios runs testdata/scenarios. A file names a policy, a service of a folder of policies ("policy of video-search in …"), or none, and
// tells what happens at which instant:
//
//	at day 1 10:05, budget -1 %, data 6m old, incident INC-3 severity 1, freeze by ada until day 1 13:00
//	at day 1 10:06, alert page-fast page, dependency search frozen, dependency search incident INC-9 severity 1
//	at day 1 10:07, commander ada, plan by ada, verified 2, criteria by grace, updated
//	at day 1 10:08, exempt because cause_outside by ada until day 2 10:00
//	at day 1 10:09, override 1 of aaa by ada until day 1 11:00, override 1 approved by grace
//	at day 1 10:10, plan by ada refused          a person is refused
//	  phase code_red                       the phase must be this
//	  event entered_code_red               this must have happened at this instant
//	  owed commander, overdue update       a duty of the Code Red; owed nothing
//	  feature aaa with INC-7 progressive -> deny CODE_RED, enforced hold
//
// All of them together must reach every result of every clause, every transition of the freeze and every event.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	reached := newReach()
	t.Run("all", func(t *testing.T) {
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				t.Parallel()
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				w := &world{t: t, file: file, reached: reached, service: "video-api", budgets: map[string]float64{}, coverage: 1}
				w.run(strings.Split(string(data), "\n"))
			})
		}
	})
	reached.check(t)
}

// world is what is true at one instant of a scenario.
type world struct {
	t       *testing.T
	file    string
	line    int
	policy  *Policy
	none    bool // there is no policy
	service string
	reached *reach

	at         time.Time
	budgets    map[string]float64
	good       []Figures // of when data was last fresh
	age        time.Duration
	never      bool
	unheard    string // an objective that never had a sample
	coverage   float64
	incidents  []Incident
	alerts     []Alert
	depends    []Dependency
	references []Reference
	exemptions []Exemption
	overrides  []Override
	gap        bool
	response   Response
	state      State
	freezes    int64 // how often it was Code Red
	events     []Event
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s:%d: %s", w.file, w.line, fmt.Sprintf(format, args...))
}

func (w *world) run(lines []string) {
	var inline []string
	for i, line := range lines {
		w.line = i + 1
		text := strings.TrimSpace(line)
		switch {
		case w.policy == nil && !w.none && strings.HasPrefix(line, "  "):
			inline = append(inline, strings.TrimPrefix(line, "  "))
		case text == "" || strings.HasPrefix(text, "#"):
		case strings.HasPrefix(text, "policy "):
			w.choose(strings.TrimPrefix(text, "policy "))
		case strings.HasPrefix(text, "at "):
			if w.policy == nil && !w.none {
				w.parse([]byte(strings.Join(inline, "\n")))
			}
			w.moment(strings.Split(strings.TrimPrefix(text, "at "), ", "))
		case strings.HasPrefix(text, "phase "):
			if got := "phase " + string(w.state.Phase); got != text {
				w.fail("%s, want %s", got, text)
			}
		case strings.HasPrefix(text, "event "):
			w.expectEvent(EventKind(strings.TrimPrefix(text, "event ")))
		case strings.HasPrefix(text, "owed "), strings.HasPrefix(text, "overdue "):
			w.expectDuty(strings.Fields(text))
		default:
			w.check(text)
		}
	}
}

// choose takes the policy of a file, of a service in a folder, or none; that which is inline follows.
func (w *world) choose(name string) {
	dir := filepath.Dir(w.file)
	switch {
	case name == "inline":
	case name == "none":
		w.none = true
	case strings.HasPrefix(name, "of "):
		service, folder, _ := strings.Cut(strings.TrimPrefix(name, "of "), " in ")
		files, err := config.Files(filepath.Join(dir, folder))
		if err != nil {
			w.fail("%v", err)
		}
		ps, err := ParsePolicies(files...)
		if err != nil {
			w.fail("%v", err)
		}
		w.service, w.policy = service, ps.For(service, "production")
	default:
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			w.fail("%v", err)
		}
		w.parse(data)
	}
}

func (w *world) parse(data []byte) {
	p, err := ParsePolicy("policy.yaml", data)
	if err != nil {
		w.fail("%v", err)
	}
	w.policy = p
}

func (w *world) instant(day, clock string) time.Time {
	n, err := strconv.Atoi(day)
	at, err2 := time.Parse("15:04", clock)
	if err != nil || err2 != nil {
		w.fail("day %s %s is not an instant", day, clock)
	}
	return time.Date(2026, 11, n, at.Hour(), at.Minute(), 0, 0, time.UTC)
}

// moment takes the facts of an instant and lets the freeze move.
func (w *world) moment(facts []string) {
	at := strings.Fields(facts[0])
	w.at = w.instant(at[1], at[2])
	var command *Command
	for _, fact := range facts[1:] {
		if c := w.fact(fact, strings.Fields(fact)); c != nil {
			command = c
		}
	}
	if w.policy == nil {
		return
	}
	if w.age == 0 && !w.never {
		w.good = w.figures()
	}
	in := w.input()
	if in.Command = command; command != nil && !w.permitted(in) {
		in.Command = nil
	}
	before := w.state
	w.state, w.events = Transition(w.state, in)
	if slices.ContainsFunc(w.events, func(e Event) bool { return e.Kind == EnteredCodeRed }) {
		w.freezes++
		w.state.Freeze = w.freezes // of the audit log
	}
	w.reached.moved(before, w.state, w.events)
}

func (w *world) input() Input {
	return Input{At: w.at, Watched: w.policy.Watch(w.figures()), Thaw: w.policy.Thaw, MaxAge: w.policy.MaxAge(), Response: &w.response}
}

// permitted reports whether a freeze takes a command, and holds that to what the scenario says.
func (w *world) permitted(in Input) bool {
	c := in.Command
	reason, refused := strings.CutSuffix(c.Reason, " refused")
	c.Reason = reason
	err := c.Validate(w.at)
	if err == nil {
		err = w.state.Permits(in)
	}
	if (err != nil) != refused {
		w.fail("%s by %s: %v", c.Kind, c.By, err)
	}
	return err == nil
}

func (w *world) figures() []Figures {
	var figures []Figures
	for _, name := range []string{"availability", "latency"} {
		left, ok := w.budgets[name]
		if !ok {
			continue
		}
		f := figuresOf(name, int64(1000-10*left), 1_000_000)
		if w.gap {
			f.Hold = slo.HoldSilent
		}
		f.Coverage, f.LastSample = w.coverage, w.at.Add(-w.age)
		if w.never {
			f.LastSample = time.Time{}
		}
		if name == w.unheard {
			f = figuresOf(name, 0, 0)
		}
		figures = append(figures, f)
	}
	return figures
}

// lastGood are the figures of when data was last fresh, if the policy asks for them.
func (w *world) lastGood() []Figures {
	if w.age == 0 || w.never || w.policy.StaleAfter() == 0 {
		return nil
	}
	good := slices.Clone(w.good)
	for i := range good {
		good[i].LastSample = w.at.Add(-w.age)
	}
	return good
}

// figuresOf makes the figures of an objective of video-api with a target of 99.9 %.
func figuresOf(name string, bad, total int64) Figures {
	c := slo.Counts{Good: total - bad, Total: total}
	o := &slo.Objective{Key: slo.Key("video-api/" + name), DisplayName: name, Target: slo.One - slo.One/1000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
	return FiguresOf(slo.Status{Objective: o, Window: slo.Reading{Counts: c}, Budget: slo.BudgetOf(o.Target, c)}, slo.Forecast{})
}

func (w *world) expectEvent(kind EventKind) {
	for _, e := range w.events {
		if e.Kind == kind {
			return
		}
	}
	w.fail("no event %s, only %+v", kind, w.events)
}

func (w *world) check(text string) {
	question, want, ok := strings.Cut(text, "->")
	if !ok {
		w.fail("not understood: %q", text)
	}
	words := strings.Fields(question)
	c := Change{Service: w.service, Environment: "production", Commit: "c0ffee", Class: Class(words[0])}
	withRefs := false
	for _, word := range words[1:] {
		switch {
		case word == "progressive":
			c.Progressive = true
		case word == "with":
			withRefs = true
		case withRefs:
			c.Refs = append(c.Refs, word)
		default:
			c.Commit = word
		}
	}
	override := w.overrideOf(c)
	d := Decide(w.policy, Snapshot{At: w.at, Objectives: w.figures(), LastGood: w.lastGood(), Freeze: w.state, Incidents: w.incidents,
		Alerts: w.alerts, Dependencies: w.depends, References: w.references, Exemptions: w.inForce(), Override: override}, c)
	w.reached.decided(d)
	got := fmt.Sprintf("%s %s", d.Outcome, d.Reason)
	if d.Would != "" && d.Would != d.Outcome {
		got += ", enforced " + string(d.Would)
	}
	if got != strings.TrimSpace(want) {
		w.fail("%s-> %s, want%s\n%s", question, got, want, strings.Join(d.Message, "\n"))
	}
	w.replay(d)
	w.state = w.state.Admit(d)
	if d.Reason == Overridden {
		*override = override.Use(17, w.at)
	}
}

// replay writes the decision down, reads it, and decides again: every decision of every scenario must come out the same.
func (w *world) replay(d Decision) {
	d.Seq, d.By = 17, "ci"
	b, err := json.Marshal(d)
	if err != nil {
		w.fail("%v", err)
	}
	var recorded Decision
	if err := json.Unmarshal(b, &recorded); err != nil {
		w.fail("%v", err)
	}
	if differ, err := Replay(w.policy, recorded); err != nil || len(differ) > 0 {
		w.fail("replayed: %+v, %v", differ, err)
	}
	recorded.Objectives = nil
	if differ, err := Replay(w.policy, recorded); err != nil || w.policy != nil && len(d.Objectives) > 0 && len(differ) == 0 {
		w.fail("a record without its figures replays as if nothing was missing: %v", err)
	}
}
