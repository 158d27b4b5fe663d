package slack

import (
	"testing"
	"unicode/utf8"

	slackapi "github.com/slack-go/slack"
)

// filled is a value that a field of any form takes.
func (in input) filled() string {
	switch {
	case len(in.options) > 0:
		return in.options[0]
	case in.kind == who:
		return "U2"
	}
	return map[string]string{"started": "11:00", "at": "11:00", "in": "30m", "incident": "INC-2", "action item": "AI-1"}[in.name] + map[bool]string{true: "svc:x"}[in.name == "services"]
}

// TestForms: every form is one that Slack takes, and makes a request of what is filled in; each verb that needs words has one.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, v := range verbs() {
		if v.form == nil {
			if v.parse != nil {
				if _, err := v.parse("", ada); err != nil {
					t.Errorf("%s needs words and has no form: %v", v.name, err)
				}
			}
			continue
		}
		view, err := v.view(origin{Verb: v.name, Command: "/incident"})
		if err != nil || utf8.RuneCountInString(v.form.title) > 24 {
			t.Errorf("%s: title %q (%v)", v.name, v.form.title, err)
		}
		blocks := map[string]bool{}
		values := map[string]string{}
		for n, b := range view.Blocks.BlockSet {
			id := b.(*slackapi.InputBlock).BlockID
			if blocks[id] {
				t.Errorf("%s has two fields %q", v.name, id)
			}
			blocks[id] = true
			in := v.form.fields[n]
			if values[in.name] = in.filled(); values[in.name] == "" {
				values[in.name] = "TestX"
			}
		}
		req, err := v.read(values, ada)
		if err != nil || req == nil {
			t.Errorf("%s: %v of %v", v.name, err, values)
		}
		if field, problem := v.fault(&fieldError{"nothing", "x"}); !blocks[field] || problem != "X." {
			t.Errorf("%s shows an error at %q: %q", v.name, field, problem)
		}
	}
}
