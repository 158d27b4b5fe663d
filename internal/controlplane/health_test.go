package controlplane

import (
	"errors"
	"strings"
	"testing"
	"time"

	"plimsoll/slo/ledger/replica"
)

func TestReason(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	away := errors.New("connection refused")
	for _, tc := range []struct {
		name  string
		role  replica.Role
		since time.Time
		saved time.Time
		err   error
		says  string // nothing if it is ready
	}{
		{"starting", replica.Starting, ago(time.Hour), ago(time.Second), nil, "not known yet"},
		{"leading", replica.Leading, ago(time.Hour), ago(5 * time.Second), nil, ""},
		{"leading, nothing saved yet", replica.Leading, ago(time.Second), time.Time{}, nil, ""},
		{"leading on what is old", replica.Leading, ago(time.Second), ago(time.Hour), nil, ""},
		{"leading, and a checkpoint hangs", replica.Leading, ago(time.Hour), ago(time.Minute), nil, "newest checkpoint is 1m0s old"},
		{"leading, and the last checkpoint was not saved", replica.Leading, ago(time.Hour), ago(5 * time.Second), away, "not being saved: connection refused"},
		{"suspended", replica.Suspended, ago(time.Second), ago(time.Second), nil, "lock of the leader is lost"},
		{"following", replica.Following, ago(time.Hour), ago(5 * time.Second), nil, ""},
		{"following nobody", replica.Following, ago(time.Hour), ago(2 * time.Minute), nil, "newest checkpoint is 2m0s old"},
		{"following, cut off", replica.Following, ago(time.Hour), ago(5 * time.Second), away, "cannot be followed: connection refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := &App{cfg: Default()}
			got := a.reason(replica.Status{Role: tc.role, Since: tc.since}, tc.saved, tc.err, now)
			if (got == "") != (tc.says == "") || !strings.Contains(got, tc.says) {
				t.Errorf("%q, want %q", got, tc.says)
			}
		})
	}
}
