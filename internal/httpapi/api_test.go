package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

type greetRequest struct {
	Body struct {
		Name string `json:"name" minLength:"2"`
	}
}

type greetResponse struct {
	Body struct {
		By string `json:"by"`
	}
}

func greet(ctx context.Context, in *greetRequest) (*greetResponse, error) {
	switch in.Body.Name {
	case "nobody":
		return nil, httpapi.Problem(httpapi.NotFound, "nobody is not here; somebody is", nil)
	case "crash":
		return nil, errors.New("disk /dev/secret is full")
	case "panic":
		panic("at the disco")
	case "flood":
		return nil, httpapi.RetryLater(httpapi.TooMany, "slower, please", 1500*time.Millisecond)
	}
	out := &greetResponse{}
	out.Body.By = identity.From(ctx).Subject
	return out, nil
}

func newAPI(log *strings.Builder) http.Handler {
	tokens := identity.NewTokens(map[string]identity.Principal{"s3cret": {Subject: "ada"}})
	api := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate,
		Logger: slog.New(slog.NewTextHandler(log, nil))})
	huma.Register(api.Huma, huma.Operation{OperationID: "greet", Method: http.MethodPost, Path: "/greet",
		Summary: "Greet somebody", Security: httpapi.Bearer}, greet)
	return api.Mux
}

func TestRequests(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, path, token, body string
		status                          int
		code                            httpapi.Code
		says                            string
	}{
		{"known caller", "POST", "/greet", "s3cret", `{"name":"bob"}`, 200, "", "ada"},
		{"no token", "POST", "/greet", "", `{"name":"bob"}`, 401, httpapi.Unauthenticated, "Bearer TOKEN"},
		{"wrong token", "POST", "/greet", "guess", `{"name":"bob"}`, 401, httpapi.Unauthenticated, "not valid"},
		{"invalid field", "POST", "/greet", "s3cret", `{"name":"b"}`, 422, httpapi.Invalid, "body.name"},
		{"unknown field", "POST", "/greet", "s3cret", `{"name":"bob","nmae":1}`, 422, httpapi.Invalid, "nmae"},
		{"broken JSON", "POST", "/greet", "s3cret", `{"name":`, 400, httpapi.Invalid, ""},
		{"unknown query parameter", "POST", "/greet?x=1", "s3cret", `{"name":"bob"}`, 422, httpapi.Invalid, "x"},
		{"a parameter that is no text", "POST", "/greet?x=%ff", "s3cret", `{"name":"bob"}`, 422, httpapi.Invalid, "is not valid: expected text in UTF-8"},
		{"a null character in a parameter", "POST", "/greet?x=%00", "s3cret", `{"name":"bob"}`, 422, httpapi.Invalid, "without null characters"},
		{"a path that is no text", "POST", "/gr%ffeet", "s3cret", `{"name":"bob"}`, 422, httpapi.Invalid, "the path is not valid"},
		{"our own problem", "POST", "/greet", "s3cret", `{"name":"nobody"}`, 404, httpapi.NotFound, "somebody is"},
		{"retry later", "POST", "/greet", "s3cret", `{"name":"flood"}`, 429, httpapi.TooMany, "slower"},
		{"internal", "POST", "/greet", "s3cret", `{"name":"crash"}`, 500, httpapi.Internal, "our side"},
		{"panic", "POST", "/greet", "s3cret", `{"name":"panic"}`, 500, httpapi.Internal, "our side"},
		{"unknown path", "GET", "/nowhere", "", "", 404, httpapi.NotFound, "/nowhere"},
		{"wrong method", "GET", "/greet", "", "", 405, httpapi.Invalid, "GET is not allowed"},
		{"docs", "GET", "/docs", "", "", 200, "", "Greet somebody"},
		{"openapi", "GET", "/openapi.json", "", "", 200, "", `"greet"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			r := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
			if tc.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			if tc.token != "" {
				r.Header.Set("Authorization", "Bearer "+tc.token)
			}
			w := httptest.NewRecorder()
			newAPI(&log).ServeHTTP(w, r)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
				t.Fatalf("%d %s, want %d with %q", w.Code, w.Body, tc.status, tc.says)
			}
			if h := w.Header(); h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("a browser is let do as it likes with the answer: %v", h)
			}
			if strings.Contains(w.Body.String(), "/dev/secret") {
				t.Error("the cause was shown to the caller")
			}
			if tc.status >= 500 && !strings.Contains(log.String(), "request=") {
				t.Errorf("the cause is not in the log: %q", log.String())
			}
			if tc.status < 400 {
				return
			}
			var p httpapi.ProblemError
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != tc.code || p.Status != tc.status {
				t.Errorf("problem %+v (%v), want code %s", p, err, tc.code)
			}
			if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("Content-Type %q", ct)
			}
			if tc.code == httpapi.TooMany && w.Header().Get("Retry-After") != "2" {
				t.Errorf("Retry-After %q, want whole seconds rounded up", w.Header().Get("Retry-After"))
			}
		})
	}
}

// TestSameNames registers types of one name from two packages, as rooms do that meet on one API.
func TestSameNames(t *testing.T) {
	t.Parallel()
	type Principal struct {
		Name string `json:"name"`
	}
	type ours struct{ Body Principal }
	type theirs struct{ Body identity.Principal }
	api := httpapi.New(httpapi.Config{Title: "T", Version: "1", Logger: slog.New(slog.DiscardHandler)})
	huma.Register(api.Huma, huma.Operation{OperationID: "a", Method: http.MethodGet, Path: "/a"},
		func(context.Context, *struct{}) (*ours, error) { return &ours{}, nil })
	huma.Register(api.Huma, huma.Operation{OperationID: "b", Method: http.MethodGet, Path: "/b"},
		func(context.Context, *struct{}) (*theirs, error) { return &theirs{}, nil })
	w := httptest.NewRecorder()
	api.Mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	for _, name := range []string{`"InternalIdentityPrincipal":`, `"ProblemError":`} {
		if !strings.Contains(w.Body.String(), name) {
			t.Errorf("no schema %s in %s", name, w.Body)
		}
	}
}

// TestSameNamesWithoutTypes does the same with bodies that have no type of their own.
func TestSameNamesWithoutTypes(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Config{Title: "T", Version: "1", Logger: slog.New(slog.DiscardHandler)})
	registerLists(api.Huma)
	type ListResponse struct {
		Body struct {
			Others []int `json:"others"`
		}
	}
	huma.Register(api.Huma, huma.Operation{OperationID: "b", Method: http.MethodGet, Path: "/b"},
		func(context.Context, *struct{}) (*ListResponse, error) { return &ListResponse{}, nil })
	w := httptest.NewRecorder()
	api.Mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	for _, name := range []string{`"ListResponseBody":`, `"ListResponseBody2":`, `"others"`, `"names"`} {
		if !strings.Contains(w.Body.String(), name) {
			t.Errorf("no %s in %s", name, w.Body)
		}
	}
}

func registerLists(api huma.API) {
	type ListResponse struct {
		Body struct {
			Names []string `json:"names"`
		}
	}
	huma.Register(api, huma.Operation{OperationID: "a", Method: http.MethodGet, Path: "/a"},
		func(context.Context, *struct{}) (*ListResponse, error) { return &ListResponse{}, nil })
}

// TestRefusals proves that a caller learns whether the token is bad, may not, or cannot be looked at now, and that a deployer is let in where
// deployers are named.
func TestRefusals(t *testing.T) {
	t.Parallel()
	callers := map[string]error{
		"bad": identity.ErrBadToken, "stranger": fmt.Errorf("%w: no rule", identity.ErrForbidden), "later": fmt.Errorf("%w: down", identity.ErrUnavailable),
	}
	api := httpapi.New(httpapi.Config{Title: "T", Version: "1", Logger: slog.New(slog.DiscardHandler), Authenticate: func(r *http.Request) (identity.Principal, error) {
		who := r.Header.Get("Authorization")
		return identity.Principal{Subject: who, Roles: []string{identity.Deployer}}, callers[who]
	}})
	type request struct {
		Body struct {
			Name string `json:"name"`
		}
	}
	for path, security := range map[string][]map[string][]string{"/members": httpapi.Bearer, "/deployers": httpapi.Deployers} {
		huma.Register(api.Huma, huma.Operation{OperationID: path, Method: http.MethodPost, Path: path, Security: security},
			func(context.Context, *request) (*struct{}, error) { return nil, nil })
	}
	for _, tc := range []struct {
		who, path string
		status    int
	}{
		{"bad", "/deployers", 401}, {"stranger", "/deployers", 403}, {"later", "/deployers", 503}, {"", "/deployers", 401},
		{"ci", "/deployers", 204}, {"ci", "/members", 403},
	} {
		r := httptest.NewRequest(http.MethodPost, tc.path, strings.NewReader(`{"name":"a"}`))
		r.Header.Set("Authorization", tc.who)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.Mux.ServeHTTP(w, r)
		if w.Code != tc.status || (w.Code == 503) != (w.Header().Get("Retry-After") == "5") || (w.Code == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%q at %s: %d %s %v, want %d", tc.who, tc.path, w.Code, w.Body, w.Header(), tc.status)
		}
	}
}
