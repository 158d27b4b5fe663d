package httpapi

import (
	"encoding/json"
	"net/http"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
)

// WriteProblem answers a request outside the typed operations with a problem.
func WriteProblem(w http.ResponseWriter, err error) {
	p := asProblem(err)
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the status is out; a broken connection is the caller's to notice
}
