package web

import (
	"net/http"
	"time"
)

const (
	// maxForm bounds what a form of a page may send, in bytes: a long text and what stands beside it.
	maxForm = 128 << 10
	// formWithin is how long it may take to come.
	formWithin = 10 * time.Second
)

// parseForm reads the form that was sent, unless it is too long or too slow.
func parseForm(rw http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(rw)
	if control.SetReadDeadline(time.Now().Add(formWithin)) == nil { // there is none to set without a connection
		defer control.SetReadDeadline(time.Time{}) //nolint:errcheck // it could be set before
	}
	r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
	return r.ParseForm()
}
