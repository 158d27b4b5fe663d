package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestOddValues: what cannot be kept or found is said, and is never an error of ours.
func TestOddValues(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const of = "/incidents/1/postmortem"
	s.must("a", "POST", of, "", "Playback stalls")
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"a date behind the last year", "POST", of + "/due", `{"due":"9999-12-31T23:59:59-01:00"}`, http.StatusUnprocessableEntity, "body.due"},
		{"a date before the first year", "POST", of + "/due", `{"due":"0000-01-01T00:00:00+01:00"}`, http.StatusUnprocessableEntity, "years 1 to 9999"},
		{"such a date of an item", "POST", of + "/items", `{"kind":"detect","text":"x","owner":"v","priority":1,"due":"9999-12-31T23:59:59-01:00"}`, http.StatusUnprocessableEntity, "body.due"},
		{"a version beyond all", "GET", of + "/versions/3000000000", "", http.StatusNotFound, "no such version"},
		{"a change from there", "PUT", of, `{"version":3000000000,"content":{"impact":{},"trigger":{},"links":{}}}`, http.StatusNotFound, "no such version"},
	} {
		code, answer := s.call("a", tc.method, tc.path, tc.body)
		if code != tc.status || !strings.Contains(answer, tc.says) {
			t.Errorf("%s: %d %s, want %d with %q", tc.name, code, answer, tc.status, tc.says)
		}
	}
}
