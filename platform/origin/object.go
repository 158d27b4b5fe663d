// Package origin is what the edge and playback agree on: how an object of a published video is asked for, in the same
// process or over HTTP. It owns the type, the two ways to fail, and both ends of the HTTP form; it caches nothing and
// decides nothing about what may be read.
package origin

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"
)

var (
	// ErrAbsent is returned for a path under which nothing is published.
	ErrAbsent = errors.New("nothing is published here")
	// ErrUnavailable is returned when what is behind the origin cannot answer now.
	ErrUnavailable = errors.New("the origin cannot answer now")
)

// MaxObject is the largest object that is handed out, in bytes. Segments are a few seconds long.
const MaxObject = 64 << 20

// maxPath is the longest path that is asked for, in bytes. Those of published objects have half of it.
const maxPath = 128

// Valid tells whether an object may be published at a path. One object has one path: other spellings of it would be
// cached beside it. What cannot be a path is not asked for at all: anybody can send it, and a database or a store that
// refuses its bytes would look like one that is broken.
func Valid(at string) bool {
	return strings.HasPrefix(at, "/v/") && len(at) <= maxPath && path.Clean(at) == at && !strings.ContainsFunc(at, foreign)
}

func foreign(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && !strings.ContainsRune("/._-", r)
}

// Object is a whole manifest, segment or picture. It is shared: nobody may change its body.
type Object struct {
	Body        []byte
	ContentType string
	ETag        string        // without quotes; changes whenever the body does
	Fresh       time.Duration // how long it may be served without asking again
	Immutable   bool          // the path will never hold anything else
}

// Fetch reads the object at a path such as /v/ID/GENERATION/ATTEMPT/master.m3u8. Errors: ErrAbsent, ErrUnavailable.
type Fetch func(ctx context.Context, path string) (*Object, error)
