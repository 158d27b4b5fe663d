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

// hashLength is that of a commit's hash from which on it is abbreviated.
const hashLength = 40

// ShortCommit abbreviates a commit's hash, as git does; what is no hash stays as it is.
func ShortCommit(commit string) string {
	if len(commit) < hashLength {
		return commit
	}
	return commit[:12]
}
