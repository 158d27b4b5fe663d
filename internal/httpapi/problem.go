package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"plimsoll/internal/identity"
)

// Code is the kind of a problem, stable for machines. It decides the HTTP status.
type Code string

const (
	Invalid         Code = "invalid"         // the request can be corrected
	Unauthenticated Code = "unauthenticated" // no or bad credentials
	Forbidden       Code = "forbidden"       // known, but not allowed
	NotFound        Code = "not_found"       // no such thing
	Conflict        Code = "conflict"        // not in the present state
	Gone            Code = "gone"            // it was here and has expired
	TooLarge        Code = "too_large"       // over a stated limit
	TooMany         Code = "too_many"        // over a rate limit
	Unavailable     Code = "unavailable"     // try again later
	Internal        Code = "internal"        // our fault; the cause is in the log
)

var statuses = map[Code]int{
	Invalid:         http.StatusUnprocessableEntity,
	Unauthenticated: http.StatusUnauthorized,
	Forbidden:       http.StatusForbidden,
	NotFound:        http.StatusNotFound,
	Conflict:        http.StatusConflict,
	Gone:            http.StatusGone,
	TooLarge:        http.StatusRequestEntityTooLarge,
	TooMany:         http.StatusTooManyRequests,
	Unavailable:     http.StatusServiceUnavailable,
	Internal:        http.StatusInternalServerError,
}

// ProblemError is an RFC 9457 problem. What a caller reads stands apart from the cause, which only the log sees.
type ProblemError struct {
	Title      string        `json:"title" doc:"The kind of problem in words"`
	Status     int           `json:"status" doc:"The HTTP status"`
	Code       Code          `json:"code" doc:"The kind of problem for machines"`
	Detail     string        `json:"detail" doc:"What went wrong, where, and what to do instead"`
	Errors     []FieldError  `json:"errors,omitempty" doc:"Each thing that is wrong with the request"`
	RetryAfter time.Duration `json:"-"`
	cause      error
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty" doc:"Where, such as body.items[3].tags"`
	Value    any    `json:"value,omitempty"`
}

// Problem makes an error for a caller. The cause may be nil. One that is an [identity.Refusal] is told as what it is, whatever else a room
// would say of an error that it does not know.
func Problem(code Code, public string, cause error) error {
	if refused := (*identity.Refusal)(nil); errors.As(cause, &refused) {
		code, public = Forbidden, refused.Error()
	}
	status := cmp.Or(statuses[code], http.StatusInternalServerError)
	return &ProblemError{Title: http.StatusText(status), Status: status, Code: code, Detail: public, cause: cause}
}

// RetryLater makes a problem that tells the caller when to come back.
func RetryLater(code Code, public string, after time.Duration) error {
	p := Problem(code, public, nil).(*ProblemError)
	p.RetryAfter = after
	return p
}

// Error writes the whole story, for the log.
func (p *ProblemError) Error() string {
	s := fmt.Sprintf("%s: %s", p.Code, p.Detail)
	for _, e := range p.Errors {
		s += fmt.Sprintf("; %s: %s", e.Location, e.Message)
	}
	if p.cause != nil {
		s += ": " + p.cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (p *ProblemError) Unwrap() error { return p.cause }

// GetStatus is what huma asks for the status.
func (p *ProblemError) GetStatus() int { return p.Status }

// ContentType is what huma asks for the media type.
func (p *ProblemError) ContentType(string) string { return "application/problem+json" }

// GetHeaders is what huma asks for headers of the answer.
func (p *ProblemError) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", fmt.Sprint(int((p.RetryAfter+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// codeOf returns the code whose status this is, or the nearest kind.
func codeOf(status int) Code {
	for code, s := range statuses {
		if s == status {
			return code
		}
	}
	if status >= 500 {
		return Internal
	}
	return Invalid
}

// asProblem turns any error into one that may be shown: what is not a problem already is an internal error.
func asProblem(err error) *ProblemError {
	var p *ProblemError
	if errors.As(err, &p) {
		return p
	}
	return Problem(Internal, "something went wrong on our side; the log has the cause under this request's id", err).(*ProblemError)
}
