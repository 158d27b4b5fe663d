package postmortem_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

type step struct {
	minute int
	by     string
	cmd    incidents.Command
}

func run(t *testing.T, steps ...step) (incidents.Incident, []incidents.TimelineEntry) {
	t.Helper()
	i, timeline := incidents.Incident{Ref: 7}, []incidents.TimelineEntry(nil)
	for _, s := range steps {
		next, made, err := incidents.Apply(i, s.cmd, at(s.minute), s.by)
		if err != nil {
			t.Fatal(err)
		}
		i, timeline = next, append(timeline, made...)
	}
	return i, timeline
}

// stalls is an incident with everything: hand-offs, names in texts, text that looks like HTML and tables.
func stalls(t *testing.T) postmortem.Input {
	t.Helper()
	availability := slotest.Objective("video-api", "availability", "API availability", slo.One/1000*999, 30*24*time.Hour)
	ledger := slotest.New(availability)
	for m := -600; m < 120; m++ {
		bad := int64(0)
		if m >= -10 && m < 20 {
			bad = 30
		}
		ledger.Add(availability.Key, at(m), 1000-bad, 1000)
	}
	i, timeline := run(t,
		step{0, "ada@example.com", incidents.Declare{Title: "Playback stalls in Europe", Severity: 2, Source: incidents.SourceAPI,
			Objectives: []slo.Key{availability.Key}, Started: at(-10), Detected: at(-4)}},
		step{2, "bob", incidents.Assign{Role: incidents.Commander}},
		step{3, "bob", incidents.Assign{Role: incidents.Scribe, To: "cy"}},
		step{5, "cy", incidents.Note{Text: "bob sees <b>503</b> from origin | ada confirms\nand @bob rolls back"}},
		step{6, "bob", incidents.Update{Text: "Some viewers see stalls. We know the cause.", NextIn: 20 * time.Minute}},
		step{8, "bob", incidents.SetSeverity{Severity: 1, Reason: "bobsled is unaffected, all of Europe is"}},
		step{12, "bob", incidents.Assign{Role: incidents.Commander, To: "dee"}},
		step{20, "dee", incidents.Mitigate{How: "rolled the release back"}},
		step{50, "dee", incidents.Resolve{How: "cache rebuilt"}},
	)
	reader, _ := ledger.Reader(availability.Key)
	from, to := postmortem.Hurt(i.Times, at(60))
	return postmortem.Input{Incident: i, Timeline: timeline, At: at(60),
		Spent: []postmortem.Spent{postmortem.Measure(availability, reader, from, to)}}
}

func TestDraft(t *testing.T) {
	t.Parallel()
	codeRed, codeRedTimeline := run(t, step{0, "gate", incidents.Declare{Title: "Code Red: video-api", Severity: 2,
		Source: incidents.SourceCodeRed, Services: []string{"video-api"}}})
	for name, in := range map[string]postmortem.Input{
		"stalls":  stalls(t),
		"codered": {Incident: codeRed, Timeline: codeRedTimeline, At: at(90)},
	} {
		got, err := postmortem.Sketch(in)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".md")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got; go test -update rewrites it):\n%s", file, d)
		}
	}
}

// TestNobodyIsNamed: no subject and no part of one that people use as a name is in a draft.
func TestNobodyIsNamed(t *testing.T) {
	t.Parallel()
	got, err := postmortem.Sketch(stalls(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.FieldsFunc(got, func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') }) {
		switch word {
		case "ada", "bob", "cy", "dee":
			t.Errorf("%q is named", word)
		}
	}
	if !strings.Contains(got, "bobsled") {
		t.Error("a word that only begins like a name was taken for one")
	}
	if strings.Contains(got, "<b>") {
		t.Error("a note became HTML")
	}
}

// TestNamesThatAreRoles: a subject that is named like a role does not send the search for names in circles.
func TestNamesThatAreRoles(t *testing.T) {
	t.Parallel()
	i, timeline := run(t,
		step{0, "commander", incidents.Declare{Title: "x", Severity: 3, Source: incidents.SourceAPI}},
		step{1, "commander", incidents.Assign{Role: incidents.Commander}},
		step{2, "commander", incidents.Note{Text: "commander commander @commander"}})
	got, err := postmortem.Sketch(postmortem.Input{Incident: i, Timeline: timeline, At: at(3)})
	if err != nil {
		t.Fatal(err)
	}
	if want := "note: the incident commander the incident commander the incident commander |"; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

// TestNamesInOtherCapitals: people write names as at the beginning of a sentence, or as they like.
func TestNamesInOtherCapitals(t *testing.T) {
	t.Parallel()
	i, timeline := run(t,
		step{0, "ada", incidents.Declare{Title: "Ada saw errors", Severity: 3, Source: incidents.SourceAPI}},
		step{1, "ada", incidents.Assign{Role: incidents.Commander}},
		step{2, "Bob.Miller@example.com", incidents.Note{Text: "ADA asked bob.miller; Adas graph"}})
	got, err := postmortem.Sketch(postmortem.Input{Incident: i, Timeline: timeline, At: at(3)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Postmortem of INC-7: the incident commander saw errors", "the incident commander asked the first responder; Adas graph"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	s := stalls(t).Spent[0]
	// 31 minutes, the first and the last included, of which 30 have 30 bad events each.
	if s.Reading.Total != 31_000 || s.Reading.Bad() != 900 || s.Reading.Minutes != 31 {
		t.Errorf("reading %+v", s.Reading)
	}
	// 621 minutes with 1000 events each are in the window, and one in a thousand may be bad.
	if share, ok := s.Share(); !ok || share < 900.0/621-1e-9 || share > 900.0/621+1e-9 {
		t.Errorf("share %v, %v", share, ok)
	}
	if _, ok := (postmortem.Spent{}).Share(); ok {
		t.Error("a share of nothing")
	}
}

func TestEmptyTimeline(t *testing.T) {
	t.Parallel()
	if _, err := postmortem.Sketch(postmortem.Input{}); err == nil {
		t.Error("a draft of nothing")
	}
}
