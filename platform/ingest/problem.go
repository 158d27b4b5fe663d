package ingest

import (
	"errors"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
)

// retryAfter is what callers are told when object storage is away.
const retryAfter = 5 * time.Second

// codes of errors whose own text is fit for the caller.
var codes = []struct {
	is   error
	code httpapi.Code
}{
	{ErrAnonymous, httpapi.Unauthenticated},
	{ErrNoToken, httpapi.Unauthenticated},
	{ErrWrongToken, httpapi.Forbidden},
	{ErrUploaded, httpapi.Conflict},
	{ErrPartReplaced, httpapi.Conflict},
	{ErrBusy, httpapi.Conflict},
	{catalog.ErrNoUpload, httpapi.NotFound},
}

// problem translates an error of the service for its caller. What it does not know stays an internal error.
func problem(err error) error {
	var invalid *InvalidError
	var incomplete *IncompleteError
	var checksum *ChecksumError
	var closed *ClosedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid):
		return invalidProblem(invalid)
	case errors.As(err, &incomplete):
		return httpapi.Problem(httpapi.Conflict, incomplete.Error(), nil)
	case errors.As(err, &checksum):
		return httpapi.Problem(httpapi.Invalid, checksum.Error(), nil)
	case errors.As(err, &closed):
		return httpapi.Problem(httpapi.Gone, closed.Error(), nil)
	case errors.Is(err, objectstore.ErrUnavailable):
		p := describe(httpapi.Problem(httpapi.Unavailable, "object storage is unavailable; nothing is lost, try again", err))
		p.RetryAfter = retryAfter
		return p
	}
	for _, c := range codes {
		if errors.Is(err, c.is) {
			return httpapi.Problem(c.code, c.is.Error(), err)
		}
	}
	return err
}

func invalidProblem(e *InvalidError) error {
	code := httpapi.Invalid
	if e.TooLarge {
		code = httpapi.TooLarge
	}
	p := describe(httpapi.Problem(code, e.Message, nil))
	p.Errors = []httpapi.FieldError{{Message: e.Message, Location: e.Field, Value: e.Value}}
	return p
}

// describe opens what httpapi.Problem returns, to add to it.
func describe(err error) *httpapi.ProblemError {
	var p *httpapi.ProblemError
	errors.As(err, &p)
	return p
}
