package openslo_test

import (
	"cmp"
	"strings"
	"testing"

	"plimsoll/slo/openslo"
)

const slipText = `apiVersion: openslo/v1
kind: SLO
metadata: {name: a}
spec:
  service: s
  indicator:
    spec:
      ratioMetric:
        counter: COUNTER
        good: {metricSource: {type: Prometheus, spec: {query: good_total}}}
        total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
  timeWindow: [WINDOW]
  budgetingMethod: Occurrences
  objectives: [{TARGET}]
`

// What is nearly right is told with what was probably meant, and what is not is told without a guess.
func TestSlipsAreUnderstood(t *testing.T) {
	t.Parallel()
	rolling := func(duration string) string { return "{duration: " + duration + ", isRolling: true}" }
	calendar := func(duration, zone string) string {
		return "{duration: " + duration + ", isRolling: false, calendar: {startTime: 2026-01-01 00:00:00, timeZone: " + zone + "}}"
	}
	for _, tc := range []struct{ name, counter, window, target, meant string }{
		{"hours and minutes", "", rolling("1h30m"), "", `"90m"`},
		{"half an hour", "", rolling("0.5h"), "", `"30m"`},
		{"ISO 8601 days", "", rolling("P30D"), "", `"30d"`},
		{"ISO 8601 minutes", "", rolling("PT90M"), "", `"90m"`},
		{"ISO 8601 months", "", rolling("P1M"), "", ""},
		{"another case", "", rolling("4W"), "", `"4w"`},
		{"words", "", rolling("30 days"), "", `"30d"`},
		{"a word for months", "", rolling("1month"), "", ""},
		{"negative", "", rolling("-1d"), "", `"1d"`},
		{"seconds", "", rolling("30s"), "", ""},
		{"a number alone", "", rolling("30"), "", ""},
		{"another digit", "", rolling("٣d"), "", ""},
		{"calendar months", "", calendar("1 month", "UTC"), "", `"1M"`},
		{"calendar years", "", calendar("1y", "UTC"), "", `"1Y"`},
		{"calendar minutes", "", calendar("90 minutes", "UTC"), "", ""},
		{"a zone without region", "", calendar("1d", "new york"), "", `"America/New_York"`},
		{"a zone in lower case", "", calendar("1d", "europe/berlin"), "", `"Europe/Berlin"`},
		{"UTC in lower case", "", calendar("1d", "utc"), "", `"UTC"`},
		{"a path instead of a zone", "", calendar("1d", "../../etc/passwd"), "", ""},
		{"yes", "yes", "", "", "true"},
		{"off", "off", "", "", "false"},
		{"a text instead of true", "maybe", "", "", ""},
		{"a percentage instead of a fraction", "", "", "target: 99.9", `"targetPercent: 99.9"`},
		{"an exponent", "", "", "target: 1e-3", ""},
		{"hexadecimal", "", "", "target: 0x1", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			text := strings.NewReplacer("COUNTER", cmp.Or(tc.counter, "true"), "WINDOW", cmp.Or(tc.window, rolling("28d")), "TARGET", cmp.Or(tc.target, "target: 0.99")).Replace(slipText)
			_, err := openslo.Parse(openslo.Config{}, openslo.File{Name: "a.yaml", Data: []byte(text)})
			problems, _ := err.(openslo.Problems)
			if len(problems) != 1 {
				t.Fatalf("got %v", err)
			}
			_, meant, _ := strings.Cut(problems[0].Message, "(did you mean ")
			if meant, _, _ = strings.Cut(meant, "?)"); meant != tc.meant {
				t.Errorf("meant %s, want %s: %s", meant, tc.meant, problems[0])
			}
		})
	}
}

// A percentage below one is hardly ever meant.
func TestFractionAsPercentage(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("COUNTER", "true", "WINDOW", "{duration: 28d, isRolling: true}", "TARGET", "targetPercent: 0.999").Replace(slipText)
	d, err := openslo.Read(openslo.Config{}, openslo.File{Name: "a.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.Warnings.Error(), `a.yaml:14:32: spec.objectives[0].targetPercent: warning: is 0.999 of a hundred (did you mean "target: 0.999"?)`) {
		t.Errorf("warnings: %v", d.Warnings)
	}
}
