package api

import (
	"errors"
	"net/http"

	"plimsoll/incidents"
	"plimsoll/internal/httpapi"
)

// problem tells a caller what an error of the domain means. The location says where the value stands in the request;
// if it is empty, the value is the field of the body that the error names.
func problem(err error, location string) error {
	var input *incidents.InputError
	var state *incidents.StateError
	switch {
	case errors.As(err, &input):
		if location == "" {
			location = "body." + input.Field
		}
		return &httpapi.ProblemError{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: httpapi.Invalid,
			Detail: input.Error(), Errors: []httpapi.FieldError{{Message: "expected " + input.Want, Location: location, Value: input.Found}},
		}
	case errors.As(err, &state):
		return httpapi.Problem(httpapi.Conflict, state.Error(), err)
	case errors.Is(err, incidents.ErrNotFound), errors.Is(err, incidents.ErrNoEntry):
		return httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	case errors.Is(err, incidents.ErrNoMember):
		return httpapi.Problem(httpapi.Forbidden, err.Error(), nil)
	case errors.Is(err, incidents.ErrNobody):
		return httpapi.Problem(httpapi.Unauthenticated, err.Error(), nil)
	default:
		return err
	}
}
