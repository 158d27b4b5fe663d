package postmortem_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/blameless"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	r := begun(t)
	r.Content = whole()
	r.Content.RootCauses[0].Evidence = ""
	r.Content.WentWrong = []string{"The canary had no traffic.", "bob should have looked."}
	r.Content.Lucky = []string{"It would have been worse on a Saturday."}
	r.Items = []postmortem.ActionItem{{ID: 7, Kind: postmortem.Process, Text: "Be more careful"}}
	var got []string
	for _, f := range postmortem.Check(r, postmortem.People(stalls(t).Incident, stalls(t).Timeline)) {
		got = append(got, fmt.Sprintf("%s %s %q", f.Field, f.Rule, f.Found))
	}
	if d := cmp.Diff([]string{
		`wentWrong[1] name "bob"`, `wentWrong[1] should_have "should have"`, `AI-7 careful "Be more careful"`,
		`rootCauses[0].evidence unsupported "The release emptied the cache."`, `items no_prevention ""`,
	}, got); d != "" {
		t.Error(d)
	}
}

// TestShippedTemplates: nothing that Plimsoll writes itself is what it advises against: the drafts with all their questions, the
// finished document, and every message to stakeholders.
func TestShippedTemplates(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	codeRed, timeline := run(t, step{0, "gate", incidents.Declare{Title: "Releases are frozen: video-api", Severity: 2, Source: incidents.SourceCodeRed, Services: []string{"video-api"}}})
	for name, in := range map[string]postmortem.Input{"stalls": stalls(t), "code red": {Incident: codeRed, Timeline: timeline, At: at(90)}} {
		text, err := postmortem.Sketch(in)
		if err != nil {
			t.Fatal(err)
		}
		texts["draft of "+name] = text
	}
	done, _ := apply(t, begun(t), move{"ada", postmortem.Edit{Content: whole()}}, move{"ada", item})
	texts["finished"] = postmortem.Write(done).Markdown()
	for _, s := range append(incidents.Severities(), incidents.Unset) {
		for _, state := range incidents.States() {
			for _, a := range incidents.Audiences() {
				i := incidents.Incident{Ref: 7, Title: "Playback stalls", Severity: s, State: state, Services: []string{"video-api"}, Drill: s == 5}
				texts[fmt.Sprint("message to ", a, " ", s, " ", state)] = incidents.Template(a, i, noon)
			}
		}
	}
	for name, text := range texts {
		for _, f := range blameless.Text(text, nil) {
			t.Errorf("%s: %s %q in %q", name, f.Rule, f.Found, strings.Split(text, "\n")[f.Line-1])
		}
	}
	if len(texts) < 100 {
		t.Errorf("%d texts", len(texts))
	}
}
