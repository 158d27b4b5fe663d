// Package apiclient is how the command lines talk to a server: JSON over HTTP, with the server's problems as typed errors.
package apiclient

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"plimsoll/internal/httpapi"
)

// ErrUnreachable is returned when no server answers at the address.
var ErrUnreachable = errors.New("no server answers")

// Client of one server.
type Client struct {
	url   string
	token string
	http  *http.Client
}

// timeout bounds a call whose context has no deadline.
const timeout = 30 * time.Second

// New makes a client for the server at url. The token may be empty.
func New(url, token string) *Client {
	return &Client{url: strings.TrimRight(url, "/"), token: token, http: &http.Client{Timeout: timeout}}
}

// Using returns the client with another HTTP client, for its transport and timeout.
func (c *Client) Using(h *http.Client) *Client { return &Client{url: c.url, token: c.token, http: h} }

// URL of the server.
func (c *Client) URL() string { return c.url }

// Do sends in as JSON (nil for no body) and decodes the answer into out (nil to ignore it, *string or *[]byte for the
// body as it is). A refusal is an *httpapi.ProblemError; a server that cannot be reached is ErrUnreachable.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, c.url, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%w at %s: read answer: %w", ErrUnreachable, c.url, err)
	}
	if resp.StatusCode >= 400 {
		return problem(resp, data)
	}
	return decode(data, out)
}

func decode(data []byte, out any) error {
	switch out := out.(type) {
	case nil:
		return nil
	case *string:
		*out = string(data)
		return nil
	case *[]byte:
		*out = data
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

func problem(resp *http.Response, data []byte) error {
	var p httpapi.ProblemError
	if err := json.Unmarshal(data, &p); err != nil || p.Code == "" {
		return fmt.Errorf("the server answered %s: %.200s", resp.Status, bytes.TrimSpace(data))
	}
	return &p
}

// Message returns what a person should read of an error: the detail of a problem with its fields, or the error itself.
func Message(err error) string {
	var p *httpapi.ProblemError
	if !errors.As(err, &p) {
		return err.Error()
	}
	s := cmp.Or(p.Detail, p.Title)
	for _, e := range p.Errors {
		s += fmt.Sprintf("\n  %s: %s", cmp.Or(e.Location, "request"), e.Message)
		if e.Value != nil && e.Location != "body" {
			s += fmt.Sprintf(" (found %v)", e.Value)
		}
	}
	return s
}
