package github

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"plimsoll/slo/gate"
)

// TestSigned uses the values by which GitHub documents its signature.
func TestSigned(t *testing.T) {
	t.Parallel()
	const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if !signed([]byte("It's a Secret to Everybody"), []byte("Hello, World!"), signature) {
		t.Error("the documented signature is refused")
	}
	for name, s := range map[string]string{"another": strings.Replace(signature, "7", "8", 1), "none": "", "no scheme": signature[7:], "short": signature[:30]} {
		if signed([]byte("It's a Secret to Everybody"), []byte("Hello, World!"), s) {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i+1 < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, tc := range []struct {
		name    string
		answer  answer
		after   time.Duration // 0 for none
		settled bool
		fails   bool
	}{
		{"taken", answer{204, nil, nil}, 0, false, false},
		{"retry after", answer{429, header("Retry-After", "30"), nil}, 30 * time.Second, false, true},
		{"secondary with retry after", answer{403, header("Retry-After", "60"), []byte(`{"message":"secondary rate limit"}`)}, time.Minute, false, true},
		{"secondary without", answer{403, nil, []byte(`{"message":"You have exceeded a secondary rate limit"}`)}, time.Minute, false, true},
		{"primary", answer{403, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1700000120"), nil}, 2 * time.Minute, false, true},
		{"primary, over by now", answer{429, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1600000000"), nil}, time.Second, false, true},
		{"for a day", answer{429, header("Retry-After", "86400"), nil}, maxPause, false, true},
		{"forbidden", answer{403, header("X-RateLimit-Remaining", "4999"), []byte(`{"message":"Resource not accessible by integration"}`)}, 0, false, true},
		{"not found", answer{404, nil, nil}, 0, false, true},
		{"settled", answer{422, nil, nil}, 0, true, true},
		{"gone", answer{410, nil, nil}, 0, true, true},
		{"down", answer{503, header("Retry-After", "5"), nil}, 0, false, true},
		{"not JSON", answer{500, nil, []byte("<html>")}, 0, false, true},
	} {
		err := tc.answer.err(now)
		var later *Later
		errors.As(err, &later)
		if (err != nil) != tc.fails || errors.Is(err, ErrSettled) != tc.settled || (later != nil) != (tc.after > 0) || later != nil && later.After != tc.after {
			t.Errorf("%s: %v %+v", tc.name, err, later)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	held := gate.Decision{Outcome: gate.Hold, Reason: gate.DataStale}
	p, say := progress{}.report(held)
	if !say || p.Reports != 1 {
		t.Errorf("%+v %t", p, say)
	}
	if _, say := p.report(held); say {
		t.Error("the same reason is reported again")
	}
	reasons := []gate.Reason{gate.CodeRedInForce, gate.DataStale}
	n := 1
	for i := range 100 {
		if p, say = p.report(gate.Decision{Outcome: gate.Hold, Reason: reasons[i%2]}); say {
			n++
		}
	}
	if n != maxReports {
		t.Errorf("%d reports, of which GitHub takes ten", n)
	}
}

func TestComment(t *testing.T) {
	t.Parallel()
	d := gate.Decision{Message: []string{strings.Repeat("ü", 600), strings.Repeat("x", 600), "Next: wait."}}
	if c := comment(d); utf8.RuneCountInString(c) != maxComment || !strings.HasSuffix(c, "…") {
		t.Errorf("%d characters", utf8.RuneCountInString(c))
	}
}

func TestReviewOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		outcome gate.Outcome
		onDeny  OnDeny
		state   string
	}{
		{gate.Allow, "", approved}, {gate.Allow, Wait, approved}, {gate.Deny, "", rejected}, {gate.Deny, Reject, rejected},
		{gate.Deny, Wait, ""}, {gate.Hold, "", ""}, {gate.Hold, Reject, ""}, {"", "", ""},
	} {
		r, verdict := reviewOf(ReviewArgs{Environment: "production"}, gate.Decision{Outcome: tc.outcome}, tc.onDeny)
		if r.State != tc.state || verdict != (tc.state != "") || r.Environment != "production" {
			t.Errorf("%+v: %+v", tc, r)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	_, err := NewTargets([]Target{
		{Repository: "octo-org/a", Environment: "production", Service: "a", Classes: []RefClass{{Ref: "[", Class: gate.Rollback}, {Ref: "x", Class: "feture"}}},
		{Repository: "Octo-Org/A", Environment: "production", Service: "b", OnDeny: "maybe"},
		{Repository: "a", Environment: "", Service: ""},
		{Repository: "a/b/c", Environment: "e", Service: "s"},
	})
	for _, want := range []string{"targets[0].classes[0].ref", "targets[0].classes[1].class", "targets[1].environment: production of Octo-Org/A is targets[0] already",
		"targets[1].on_deny", "targets[2].repository", "targets[2].environment", "targets[2].service", "targets[3].repository"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"action":"requested","environment":"e","deployment_callback_url":"https://api.github.com/repos/a/b/actions/runs/1/deployment_protection_rule","deployment":{"sha":"1"},"repository":{"full_name":"a/b"},"installation":{"id":1}}`))
	f.Add([]byte(`{"action":"requested","sha":"1","deployment":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parse(body)
		if err != nil || p == nil {
			return
		}
		if a := p.args("d"); a.Environment == "" || a.Callback == "" || a.Repository == "" || a.Commit == "" || a.Installation == 0 {
			t.Errorf("%+v", a)
		}
	})
}

// A deployment of which nothing is known any more is told what to do about it, whether or not the repository has other environments.
func TestUntargeted(t *testing.T) {
	t.Parallel()
	a := ReviewArgs{Repository: "octo-org/video-api", Environment: "prod", Commit: "0d1a26e67d8f"}
	for want, known := range map[string][]string{
		"Next: add it to gate.github.targets of Plimsoll's configuration.":                             nil,
		"Next: add it to gate.github.targets of Plimsoll's configuration, or deploy to one of a, prd.": {"a", "prd"},
	} {
		if lines := untargeted(a, known).Message; lines[len(lines)-1] != want {
			t.Errorf("%v: %q", known, lines)
		}
	}
}
