// Package api is the gate over HTTP: checks, the record of decisions, and freezes. It owns the shape of requests and
// the meaning of errors; it decides and stores nothing.
package api
