package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

// methods are objectives of every kind beside plain ones: slices in a calendar window, with children and a correction, and a composite.
func methods() []*slo.Objective {
	sliced := slotest.Objective("encoder", "minutes", "Minutes in which encoding keeps up", 950_000_000, month)
	sliced.Method, sliced.Slice = slo.RatioTimeslices, slo.Slice{Length: 5 * time.Minute}
	sliced.Window.Calendar = &slo.Calendar{Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("Europe/Berlin", 3600)), Unit: slo.Month, Count: 1}
	sliced.NoData.Gate = slo.GapHold
	all := []*slo.Objective{sliced}
	for _, codec := range []string{"av1", "h264"} {
		child := *sliced
		child.Group = `{codec="` + codec + `"}`
		child.Key, child.Parent, child.Name = sliced.Key+slo.Key(child.Group), sliced.Key, sliced.Name+child.Group
		all = append(all, &child)
	}
	journey := slotest.Objective("encoder", "journey", "From upload to playback", 990_000_000, month)
	journey.Method, journey.Indicator = slo.Composite, slo.Indicator{}
	journey.Components = []slo.Component{{Key: sliced.Key, Weight: slo.One}, {Key: "playback/availability", Weight: 2 * slo.One}}
	return append(all, journey)
}

// methodHistory books the last week of what methods lists.
func methodHistory(l *slotest.Ledger) {
	for age := 7 * 24 * time.Hour; age > 0; age -= time.Minute {
		at := now.Add(time.Minute - age)
		good := int64(98)
		if age < 60*time.Hour && age > 57*time.Hour {
			good = 20
		}
		l.Add("encoder/minutes", at, good, 100)
		l.Add(`encoder/minutes{codec="av1"}`, at, good/2, 50)
		l.Add(`encoder/minutes{codec="h264"}`, at, 50, 50)
	}
	l.Correct(slo.Correction{
		ID: 12, Objective: "encoder/minutes", Effect: slo.Exclude, Reason: "move to the new hall",
		From: now.Add(-60 * time.Hour).Truncate(time.Minute), To: now.Add(-58 * time.Hour).Truncate(time.Minute),
	})
}

func TestMethods(t *testing.T) {
	t.Parallel()
	address := serve(t, fleet(), incidentShelf())
	for _, tc := range []struct {
		name, path string
		says       []string // in this order
	}{
		{"overview", "/?q=encoder", []string{"From upload to playback", "2 components by weight", "Minutes in which encoding keeps up", "minutes · 2 children", `title="17 Nov 2026 12:01 UTC">since 17 Nov<`}},
		{"slices", "/objectives/encoder/minutes", []string{
			"target 95 % over this calendar month in Europe/Berlin", "<span class=\"tile-name\">slices</span><b>1,992</b>", "measured since 17 Nov 2026 12:01 UTC",
			"What spent the budget", "correction", "12 move to the new hall", "corrected away", "Children", "{codec=&#34;av1&#34;}",
			"mean over the slices of 5m with events of good ÷ all events (RatioTimeslices)", "calendar month in Europe/Berlin: 31 Oct 2026 23:00 UTC until 24 Nov 2026 12:01 UTC",
			"Corrections</dt><dd>12", "at least 10 bad slices before the budget is judged", "gate: hold", `id="f-remaining"`, `id="f-burn-1h"`, `id="f-forecast"`}},
		{"child", "/objectives/encoder/minutes?" + url.Values{"group": {`{codec="av1"}`}}.Encode(), []string{`<a href="/objectives/encoder/minutes">`, "codec=", "av1"}},
		{"composite", "/objectives/encoder/journey", []string{"Components", "If the last hour goes on, the budget", "Segments are delivered", "<td class=\"n\">2</td>", "(1 × ", " &#43; 2 × ", ") ÷ 3"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			resp, body := fetch(t, address+tc.path)
			if resp.StatusCode != 200 {
				t.Fatalf("status %d", resp.StatusCode)
			}
			rest := body
			for _, s := range tc.says {
				_, after, ok := strings.Cut(rest, s)
				if !ok {
					t.Fatalf("does not say %q (in this order):\n%s", s, body)
				}
				rest = after
			}
		})
	}
}
