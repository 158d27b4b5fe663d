package ingest

import (
	"errors"
	"fmt"
	"strings"

	"plimsoll/platform/catalog"
)

var (
	// ErrAnonymous is returned when nobody is named as the owner of a new upload.
	ErrAnonymous = errors.New("an upload needs an owner")
	// ErrNoToken is returned when the Upload-Token is missing.
	ErrNoToken = errors.New("this needs the token that came with the upload: send it as the Upload-Token header")
	// ErrWrongToken is returned when the Upload-Token is that of no or another upload.
	ErrWrongToken = errors.New("the Upload-Token is not the one of this upload")
	// ErrUploaded is returned when an upload that has become a video is aborted.
	ErrUploaded = errors.New("the upload is complete and has become a video; it cannot be aborted")
	// ErrBusy is returned when two requests for one upload get in each other's way.
	ErrBusy = errors.New("another request is changing this upload; try again")
	// ErrPartReplaced is returned when a part was sent again while the upload was being completed.
	ErrPartReplaced = errors.New("a part was sent again while the upload was being completed; complete it once more")
)

// InvalidError is a promise of a file that is not accepted.
type InvalidError struct {
	Field    string // such as "body.size"
	Message  string
	Value    any
	TooLarge bool
}

func (e *InvalidError) Error() string { return e.Message }

// IncompleteError is a completion of an upload whose bytes are not all there. The upload stays open.
type IncompleteError struct {
	Missing  []MissingPart
	Received int64 // bytes in parts that are whole
	Size     int64 // bytes that were promised
	Parts    int   // that the promised size takes
}

// MissingPart is a part that is absent or has the wrong size.
type MissingPart struct {
	Number int
	Size   int64 // bytes it must have
	Have   int64 // bytes it has; -1 if it is absent
}

func (p MissingPart) String() string {
	if p.Have < 0 {
		return fmt.Sprintf("part %d (%d bytes) has not arrived", p.Number, p.Size)
	}
	return fmt.Sprintf("part %d has %d bytes instead of %d", p.Number, p.Have, p.Size)
}

// namedParts bounds how many parts a message names.
const namedParts = 5

func (e *IncompleteError) Error() string {
	var names []string
	for _, p := range e.Missing[:min(len(e.Missing), namedParts)] {
		names = append(names, p.String())
	}
	if more := len(e.Missing) - namedParts; more > 0 {
		names = append(names, fmt.Sprintf("and %d more parts", more))
	}
	return fmt.Sprintf("the file is not complete: %d of %d bytes arrived in whole parts, %d of %d parts are missing: %s; "+
		"send them to the URLs that GET on this upload lists, then complete it again",
		e.Received, e.Size, len(e.Missing), e.Parts, strings.Join(names, ", "))
}

// ChecksumError is a completion of an upload whose bytes are not the ones that were promised. The upload stays open.
type ChecksumError struct {
	Declared  catalog.Checksum
	Found     string // base64
	Restarted bool   // the parts are gone: all have to be sent again
}

func (e *ChecksumError) Error() string {
	next := "compare the checksums of the parts that GET on this upload lists with yours, send the parts that differ again"
	if e.Restarted {
		next = "send all parts again to the URLs that GET on this upload lists"
	}
	return fmt.Sprintf("the file that arrived has the %s checksum %s, but %s was declared; %s, then complete it again, "+
		"or begin a new upload if the declared checksum was wrong", e.Declared.Algorithm, e.Found, e.Declared.Value, next)
}

// ClosedError is an operation on an upload that has ended.
type ClosedError struct{ Status catalog.UploadStatus }

func (e *ClosedError) Error() string {
	return fmt.Sprintf("the upload is %s and its parts are gone; begin a new one", e.Status)
}
