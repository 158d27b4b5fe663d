package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// line is a connection that is told until when to read.
type line struct {
	*httptest.ResponseRecorder
	until []time.Time
}

func (l *line) SetReadDeadline(at time.Time) error {
	l.until = append(l.until, at)
	return nil
}

// TestParseForm: nobody holds a connection with a form that never ends, and what is done with one takes its time.
func TestParseForm(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		body string
		ok   bool
	}{{"title=x", true}, {"title=" + strings.Repeat("x", maxForm), false}} {
		l := &line{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodPost, "/login", io.NopCloser(strings.NewReader(tc.body)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if err := parseForm(l, r); (err == nil) != tc.ok {
			t.Errorf("%d bytes: %v", len(tc.body), err)
		}
		if len(l.until) != 2 || l.until[0].IsZero() || !l.until[1].IsZero() {
			t.Errorf("it is read until %v", l.until)
		}
	}
}
