package gate_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/gatetest"
)

// TestMessagesOfEveryReason holds the words in which each decision is told, as text, in Markdown and in Slack.
func TestMessagesOfEveryReason(t *testing.T) {
	t.Parallel()
	gatetest.Golden(t, "text.golden", gate.Decision.Text)
	gatetest.Golden(t, "markdown.golden", gate.Decision.Markdown)
	gatetest.Golden(t, "mrkdwn.golden", gate.Decision.Mrkdwn)
}

// TestEveryReasonHasACase keeps the cases whole, and true to their names.
func TestEveryReasonHasACase(t *testing.T) {
	t.Parallel()
	seen := map[gate.Reason]bool{}
	for _, c := range gatetest.Cases(t) {
		d := c.Decision
		seen[d.Reason] = true
		if want, _, _ := strings.Cut(c.Name, " "); want != "a" && string(d.Reason) != want {
			t.Errorf("%s is decided by %s", c.Name, d.Reason)
		}
		if d.Outcome != gate.Allow && !strings.HasPrefix(d.Lines()[2], "Next: ") {
			t.Errorf("%s does not say what to do next: %q", c.Name, d.Lines()[2])
		}
	}
	for _, r := range gate.ReasonsWithWords() {
		if !seen[r] {
			t.Errorf("no case is decided by %s", r)
		}
	}
}

// TestThreeLines tells of decisions whose messages were made of anything.
func TestThreeLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := gate.Decision{Message: rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "message")}
		for _, text := range []string{d.Text(), d.Markdown(), d.Mrkdwn()} {
			lines := strings.Split(text, "\n")
			if len(lines) != 3 {
				t.Fatalf("%d lines: %q", len(lines), text)
			}
			for _, line := range lines {
				if strings.ContainsFunc(line, unicode.IsControl) {
					t.Fatalf("%q", line)
				}
			}
		}
		if strings.ContainsAny(d.Mrkdwn(), "<>") || strings.Count(d.Markdown(), "@") != strings.Count(d.Markdown(), "@&#8203;") {
			t.Fatalf("%q, %q", d.Mrkdwn(), d.Markdown())
		}
	})
}
