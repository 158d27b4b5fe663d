package api

import (
	"errors"
	"net/http"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

// problem tells a caller what an error means. What is not the caller's doing is answered with 500.
func problem(err error) error {
	var input *gate.InputError
	var transition *deploys.TransitionError
	switch {
	case errors.As(err, &input):
		return &httpapi.ProblemError{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: httpapi.Invalid,
			Detail: input.Error(), Errors: []httpapi.FieldError{{Message: input.Message, Location: "body." + input.Field, Value: input.Found}},
		}
	case errors.As(err, &transition):
		return httpapi.Problem(httpapi.Conflict, transition.Error(), nil)
	case errors.Is(err, identity.ErrForbidden):
		return httpapi.Problem(httpapi.Forbidden, err.Error(), nil)
	case errors.Is(err, deploys.ErrNotFound):
		return httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	default:
		return err
	}
}
