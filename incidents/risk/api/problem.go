package api

import (
	"errors"
	"net/http"

	"plimsoll/incidents/risk"
	"plimsoll/internal/httpapi"
)

// problem tells a caller what an error of the domain means. The fields that it names stand below location, such as "body.content.".
func problem(err error, location string) error {
	var invalid *risk.InvalidError
	var state *risk.StateError
	switch {
	case errors.As(err, &invalid):
		p := &httpapi.ProblemError{
			Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: httpapi.Invalid, Detail: invalid.Error(),
		}
		for _, f := range invalid.Problems {
			p.Errors = append(p.Errors, httpapi.FieldError{Message: "expected " + f.Want, Location: location + f.Field, Value: f.Found})
		}
		return p
	case errors.As(err, &state):
		return httpapi.Problem(httpapi.Conflict, state.Error(), err)
	case errors.Is(err, risk.ErrChanged), errors.Is(err, risk.ErrTitleTaken):
		return httpapi.Problem(httpapi.Conflict, err.Error(), nil)
	case errors.Is(err, risk.ErrNotFound):
		return httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	case errors.Is(err, risk.ErrNobody):
		return httpapi.Problem(httpapi.Unauthenticated, err.Error(), nil)
	default:
		return err
	}
}
