package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/gatetest"
)

// TestWordsOfEveryReason holds what a person reads of each decision in a terminal, and in a job of GitHub Actions.
func TestWordsOfEveryReason(t *testing.T) {
	t.Parallel()
	gatetest.Golden(t, "terminal.golden", func(d gate.Decision) string {
		var b strings.Builder
		writeDecision(&b, d)
		if strings.Contains(b.String(), "\n::") || strings.ContainsAny(b.String(), "\r\x1b\u2028") {
			t.Errorf("a name or reason is a line of its own, which a job of GitHub Actions obeys:\n%s", b.String())
		}
		return b.String()
	})
	gatetest.Golden(t, "github.golden", func(d gate.Decision) string { return annotation(d) + stepSummary(d) })
}

// TestGateCheckForGitHub runs the command as a step of a job does.
func TestGateCheckForGitHub(t *testing.T) {
	t.Parallel()
	url := dialecttest.Serve(t, &api.Handlers{Gate: dialecttest.New(t).Gate})
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tc := range []struct {
		name             string
		args             []string
		code             int
		out              string // of which this is the beginning
		summary, outputs string // which hold this
	}{
		{"allow", []string{"--service", "video-api"}, 0, "::notice title=Plimsoll gate%3A allow::ALLOW feature c0ffee of video-api to production: the budget allows it.%0AAPI availability: budget 90.0 %25: ",
			"### ✅ Plimsoll gate: allow\n\n    ALLOW feature c0ffee", "decision=allow\nseq="},
		{"deny", []string{"--service", "search"}, 2, "::error title=Plimsoll gate%3A deny::DENY feature c0ffee of search to production: an error budget is spent.%0A",
			"\n| budget | deny | Search availability: budget −38.2 %", "\nreason=BUDGET_SPENT\n"},
		{"hold", []string{"--service", "vidoe-api"}, 3, "::error title=Plimsoll gate%3A hold::HOLD", `    Service "vidoe-api" has no objective`, "reason=NO_OBJECTIVE"},
		{"nobody answers", []string{"--service", "search", "--url", gone.URL}, 3, "::error title=Plimsoll gate%3A hold::HOLD", "the gate did not answer, which is never an allow", "decision=hold\nseq=0\nreason=NO_ANSWER\n"},
		{"wrong usage", []string{"--service", "search", "--class", "feture"}, 1, `::error title=Plimsoll gate::class "feture": must be one of`, "", ""},
	} {
		dir := t.TempDir()
		summary, outputs := filepath.Join(dir, "summary"), filepath.Join(dir, "outputs")
		code, out, _ := plimsoll(append([]string{"--url", url, "--output", "github", "gate", "check", "--env", "production", "--sha", "c0ffee",
			"--summary", summary, "--outputs", outputs}, tc.args...)...)
		if code != tc.code || !strings.HasPrefix(out, tc.out) || strings.Count(out, "\n") != 1 || !holds(t, summary, tc.summary) || !holds(t, outputs, tc.outputs) {
			t.Errorf("%s: exit %d\n%s", tc.name, code, out)
		}
	}
	if code, _, errs := plimsoll("--url", url, "--output", "github", "gate", "log"); code != 1 || !strings.Contains(errs, `"plimsoll gate check" only`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// holds reports whether a file holds a text; nothing is held by none.
func holds(t *testing.T, file, text string) bool {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		return text == ""
	}
	if !strings.Contains(string(b), text) {
		t.Errorf("%s: %s", filepath.Base(file), b)
		return false
	}
	return text != ""
}
