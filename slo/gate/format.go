package gate

import (
	"time"

	"plimsoll/slo"
)

// instant writes a time to the minute, "Thu 26 Nov 14:05 UTC".
func instant(t time.Time) string { return t.UTC().Format("Mon 2 Jan 15:04") + " UTC" }

// percent writes a share that a policy states, "10 %".
func percent(r slo.Ratio) string { return r.Percent() + " %" }

// plural writes "1 event" or "3 events".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return slo.FormatCount(n) + " " + noun + "s"
}
