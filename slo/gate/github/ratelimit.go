package github

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// secondaryPause is how long GitHub wants to be left alone after a secondary limit, where it does not say so.
	secondaryPause = time.Minute
	// maxPause bounds a wait; the primary limit is over after an hour.
	maxPause = time.Hour
)

// pause says how long GitHub wants to be left alone; false if it answered for another reason. Limits come as 403 or 429: with
// Retry-After in seconds, with the instant at which the primary limit is over, or with nothing but a message.
func (a answer) pause(message string, now time.Time) (time.Duration, bool) {
	if a.status != http.StatusForbidden && a.status != http.StatusTooManyRequests {
		return 0, false
	}
	if seconds, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil {
		return bounded(time.Duration(seconds) * time.Second), true
	}
	if a.header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(a.header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return bounded(time.Unix(reset, 0).Sub(now)), true
		}
	}
	if a.status == http.StatusTooManyRequests || strings.Contains(strings.ToLower(message), "rate limit") {
		return secondaryPause, true
	}
	return 0, false
}

func bounded(d time.Duration) time.Duration { return min(max(d, time.Second), maxPause) }
