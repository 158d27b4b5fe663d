package apiclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/httpapi"
)

// serve answers every request with handle.
func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDo(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, `{"said": %q}`, strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}, "|"))
	})
	type answer struct{ Said string }
	for _, tc := range []struct {
		name, token string
		in          any
		want        string
	}{
		{"nothing", "", nil, "POST|/x?y=1|||"},
		{"a token", "t", nil, "POST|/x?y=1|Bearer t||"},
		{"a body", "", map[string]int{"n": 1}, `POST|/x?y=1||application/json|{"n":1}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			client := apiclient.New(url+"/", tc.token)
			var got answer
			if err := client.Do(t.Context(), http.MethodPost, "/x?y=1", tc.in, &got); err != nil || got.Said != tc.want {
				t.Errorf("%q, %v; want %q", got.Said, err, tc.want)
			}
			var text string
			var raw []byte
			err := errors.Join(client.Do(t.Context(), http.MethodPost, "/x?y=1", tc.in, &text),
				client.Do(t.Context(), http.MethodPost, "/x?y=1", tc.in, &raw), client.Do(t.Context(), http.MethodPost, "/x", tc.in, nil))
			if err != nil || text != string(raw) || !strings.HasPrefix(text, `{"said"`) {
				t.Errorf("as it is: %q and %q, %v", text, raw, err)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		status int
		body   string
		code   httpapi.Code // none for what is no problem of ours
		says   string
	}{
		{"with fields", 422, `{"title": "T", "code": "invalid", "detail": "no", "errors": [
			{"message": "is bad", "location": "body.a", "value": 1}, {"message": "is worse"}]}`,
			httpapi.Invalid, "no\n  body.a: is bad (found 1)\n  request: is worse"},
		{"with a field of which the detail speaks", 422, `{"title": "T", "code": "invalid", "detail": "from \"x\": is no time", "errors": [
			{"message": "is no time", "location": "body.from", "value": "x"}, {"message": "is missing", "location": "body.to", "value": ""}]}`,
			httpapi.Invalid, "from \"x\": is no time\n  body.to: is missing"},
		{"without a detail", 404, `{"title": "Not Found", "code": "not_found"}`, httpapi.NotFound, "Not Found"},
		{"of a proxy", 502, "<html>bad gateway</html>\n", "", "the server answered 502 Bad Gateway: <html>bad gateway</html>"},
		{"JSON of another kind", 500, `{"error": "x"}`, "", `the server answered 500 Internal Server Error: {"error": "x"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				io.WriteString(w, tc.body)
			})
			err := apiclient.New(url, "").Do(t.Context(), http.MethodGet, "/", nil, nil)
			var p *httpapi.ProblemError
			if errors.As(err, &p) != (tc.code != "") || p != nil && p.Code != tc.code {
				t.Errorf("%#v, want code %q", err, tc.code)
			}
			if diff := cmp.Diff(tc.says, apiclient.Message(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	err := apiclient.New(server.URL, "").Do(t.Context(), http.MethodGet, "/v1/x", nil, nil)
	if !errors.Is(err, apiclient.ErrUnreachable) || strings.Count(err.Error(), server.URL) != 1 {
		t.Errorf("%v, want %v, and the address once", err, apiclient.ErrUnreachable)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := apiclient.New(server.URL, "").Do(ctx, http.MethodGet, "/", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	broken := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "{")
	})
	if err := apiclient.New(broken, "").Do(t.Context(), http.MethodGet, "/", nil, nil); !errors.Is(err, apiclient.ErrUnreachable) {
		t.Errorf("an answer that broke off: %v, want %v", err, apiclient.ErrUnreachable)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:8080", "localhost:8080", "ftp://localhost", "http://", "http://[::1", "/"} {
		err := apiclient.New(address, "").Do(t.Context(), http.MethodGet, "/v1/x", nil, nil)
		if !errors.Is(err, apiclient.ErrAddress) {
			t.Errorf("%q: %v, want %v", address, err, apiclient.ErrAddress)
		}
	}
}

func TestAnswerThatIsNotJSON(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	var into struct{}
	if err := apiclient.New(url, "").Do(t.Context(), http.MethodGet, "/", nil, &into); err == nil || !strings.Contains(err.Error(), "decode answer") {
		t.Errorf("%v, want that it cannot be decoded", err)
	}
}
