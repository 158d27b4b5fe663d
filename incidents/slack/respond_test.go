package slack

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		code   int
		after  string
		cancel bool
		snooze time.Duration // 0 for none
		fail   bool
	}{
		{"taken", 200, "", false, 0, false},
		{"used up or too old", 404, "", true, 0, true},
		{"refused", 400, "", true, 0, true},
		{"a redirect", 302, "", true, 0, true},
		{"Slack is down", 503, "", false, 0, true},
		{"too many", 429, "30", false, 30 * time.Second, true},
		{"too many, and no word when", 429, "", false, time.Second, true},
		{"too many for a day", 429, "86400", false, maxRetryAfter, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := fate(classify(&http.Response{StatusCode: tc.code, Header: http.Header{"Retry-After": {tc.after}}}, "said"))
			var cancel *rivertype.JobCancelError
			var snooze *rivertype.JobSnoozeError
			errors.As(err, &snooze)
			if (err != nil) != tc.fail || errors.As(err, &cancel) != tc.cancel || (snooze != nil) != (tc.snooze != 0) {
				t.Fatalf("got %v", err)
			}
			if snooze != nil && snooze.Duration != tc.snooze {
				t.Errorf("waits %v, want %v", snooze.Duration, tc.snooze)
			}
		})
	}
}
