package postmortem_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"plimsoll/incidents/postmortem"
)

// hostile is text that tries to be something else wherever it may stand.
const hostile = "<script>alert(1)</script> **bold** [x](javascript:alert(1)) | `code`\n# heading\n- list \"quoted\" 'x' & <img src=x onerror=y>"

// poisoned is a record with it everywhere.
func poisoned(t *testing.T) postmortem.Record {
	t.Helper()
	r := begun(t)
	lines := []string{hostile}
	r.Facts.Title, r.Facts.Resolution, r.Facts.Services = hostile, hostile, lines
	for n := range r.Facts.Timeline {
		r.Facts.Timeline[n].What, r.Facts.Timeline[n].Who = hostile, hostile
	}
	for n := range r.Facts.Losses {
		r.Facts.Losses[n].Name = hostile
	}
	r.Content = postmortem.Content{Summary: hostile, Impact: postmortem.Impact{Text: hostile}, Background: hostile, Trigger: postmortem.Trigger{Kind: "binary", Text: hostile},
		RootCauses: []postmortem.Cause{{Label: hostile, Text: hostile, Evidence: hostile}}, FiveWhys: lines, Detection: hostile, Gap: hostile, Response: hostile,
		Recovery: hostile, WentWell: lines, WentWrong: lines, Lucky: lines, Lessons: lines, Links: postmortem.Links{FMEA: lines, FaultTrees: lines}}
	r.Items = []postmortem.ActionItem{{ID: 7, Kind: "prevent", Text: hostile, Owner: hostile, Priority: 1, State: "closed", Tracker: "https://tracker.example/?a=<b>|\"c\"",
		Evidence: []postmortem.Evidence{{Kind: "test", Ref: hostile, Words: hostile}}}}
	return r
}

// TestHTML: the page stands alone, is well formed, and nothing that people wrote becomes markup.
func TestHTML(t *testing.T) {
	t.Parallel()
	page := postmortem.Write(poisoned(t)).HTML()
	elements := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(strings.Replace(page, "<!doctype html>", "", 1)))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		elements[start.Name.Local]++
		for _, a := range start.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "src" || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "https://") {
				t.Errorf("<%s %s=%q>", start.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
	for _, name := range []string{"script", "img", "link", "iframe", "b"} {
		if elements[name] > 0 {
			t.Errorf("the page has a <%s>", name)
		}
	}
	if elements["a"] != 1 || elements["table"] < 4 || elements["h2"] < 14 {
		t.Errorf("elements %v", elements)
	}
}

// TestMarkdownStaysText: no line of what people wrote begins a heading or a list, and no character of theirs marks up.
func TestMarkdownStaysText(t *testing.T) {
	t.Parallel()
	text := postmortem.Write(poisoned(t)).Markdown()
	for _, never := range []string{"<script", "<img", "\n# heading", "\n- list", " **bold**", "[x](", " `code`"} {
		if strings.Contains(text, never) {
			t.Errorf("%q is in the document", never)
		}
	}
	if !strings.Contains(text, "<https://tracker.example/?a=%3Cb%3E%7C\"c\">") {
		t.Error("the address of the tracker is no link")
	}
}

// TestNothingIsAskedOfAFinishedOne: a postmortem with everything asks nothing that a review needs.
func TestNothingIsAskedOfAFinishedOne(t *testing.T) {
	t.Parallel()
	users := int64(1200)
	c := whole()
	c.Impact.Users, c.Background, c.Gap, c.Lucky = &users, "The origin is one machine.", "No alert on the hit ratio.", []string{"It was night."}
	c.FiveWhys = []string{"a", "b", "c", "d", "e"}
	r, _ := apply(t, begun(t), move{"ada", postmortem.Edit{Content: c}}, move{"ada", item})
	text := postmortem.Write(r).Markdown()
	if strings.Contains(text, "**Question:**") || !strings.Contains(text, "Users affected: 1,200.") || !strings.Contains(text, "| AI-7 | detect | Alert on the hit ratio | video | P2 |") {
		t.Error(text)
	}
}
