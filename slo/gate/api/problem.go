package api

import (
	"errors"
	"net/http"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// problem tells a caller what an error means. What is not the caller's doing is answered with 503 and the text otherwise.
func problem(err error, otherwise string) error {
	var input *gate.InputError
	switch {
	case errors.As(err, &input):
		return &httpapi.ProblemError{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: httpapi.Invalid,
			Detail: input.Error(), Errors: []httpapi.FieldError{{Message: input.Message, Location: "body." + input.Field, Value: input.Found}},
		}
	case errors.Is(err, identity.ErrForbidden):
		return httpapi.Problem(httpapi.Forbidden, err.Error(), nil)
	case errors.Is(err, gate.ErrUnknownService), errors.Is(err, gate.ErrNoPolicy):
		return httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	default:
		return httpapi.Problem(httpapi.Unavailable, otherwise, err)
	}
}
