package api

import (
	"errors"
	"net/http"
	"strings"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/internal/httpapi"
)

// problem tells a caller what an error of the domain means. The location says where the value stands in the request; if it
// is empty or ends with a full stop, the field that the error names stands below it or the body.
func problem(err error, location string) error {
	var input *incidents.InputError
	var state *postmortem.StateError
	var missing *postmortem.MissingError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &input):
		if location == "" {
			location = "body."
		}
		if strings.HasSuffix(location, ".") {
			location += input.Field
		}
		return &httpapi.ProblemError{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: httpapi.Invalid,
			Detail: input.Error(), Errors: []httpapi.FieldError{{Message: "expected " + input.Want, Location: location, Value: input.Found}},
		}
	case errors.As(err, &state):
		return httpapi.Problem(httpapi.Conflict, state.Error(), err)
	case errors.As(err, &missing):
		return httpapi.Problem(httpapi.Conflict, missing.Error(), err)
	case errors.Is(err, postmortem.ErrChanged), errors.Is(err, postmortem.ErrNoIncident):
		return httpapi.Problem(httpapi.Conflict, err.Error(), nil)
	case errors.Is(err, postmortem.ErrOwnWork):
		return httpapi.Problem(httpapi.Forbidden, err.Error(), nil)
	case errors.Is(err, postmortem.ErrNotFound), errors.Is(err, postmortem.ErrNoItem), errors.Is(err, postmortem.ErrNoVersion), errors.Is(err, incidents.ErrNotFound):
		return httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	case errors.Is(err, incidents.ErrNobody):
		return httpapi.Problem(httpapi.Unauthenticated, err.Error(), nil)
	default:
		return err
	}
}
