// Package api offers backfills over HTTP: ask for one, see how far it has come, give it up. It owns their wire format and decides nothing.
package api
