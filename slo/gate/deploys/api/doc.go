// Package api is the record of deploys over HTTP: telling of them, listing them and their measures. It owns the shape of requests and the
// meaning of errors; it decides and stores nothing.
package api
