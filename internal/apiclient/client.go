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
	"net/url"
	"strings"
	"time"

	"plimsoll/internal/httpapi"
)

// ErrUnreachable is returned when no server answers at the address.
var ErrUnreachable = errors.New("no server answers")

// ErrAddress is returned for an address that cannot be that of a server.
var ErrAddress = errors.New("the address of the server must be a URL such as http://127.0.0.1:8080")

// Client of one server.
type Client struct {
	url   string
	token string
	http  *http.Client
}

const (
	// timeout bounds a call whose context has no deadline.
	timeout = 30 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes. It is far above the longest list.
	maxAnswer = 64 << 20
)

// New makes a client for the server at url. The token may be empty.
func New(url, token string) *Client {
	return &Client{url: strings.TrimRight(url, "/"), token: token, http: &http.Client{Timeout: timeout}}
}

// Using returns the client with another HTTP client, for its transport and timeout.
func (c *Client) Using(h *http.Client) *Client { return &Client{url: c.url, token: c.token, http: h} }

// URL of the server.
func (c *Client) URL() string { return c.url }

// Do sends in as JSON (nil for no body) and decodes the answer into out (nil to ignore it, *string or *[]byte for the
// body as it is). A refusal is an *httpapi.ProblemError; a server that cannot be reached is ErrUnreachable, and an address
// that is none is ErrAddress.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return c.unreachable(fmt.Errorf("read answer: %w", err))
	case len(data) > maxAnswer:
		return fmt.Errorf("read answer: it is longer than %d MiB", maxAnswer>>20)
	case resp.StatusCode >= 400:
		return problem(resp, data)
	}
	return decode(data, out)
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	if u, err := url.Parse(c.url); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%w, found %q", ErrAddress, c.url)
	}
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// unreachable says where nobody answers, once: the error of net/http names the address, too.
func (c *Client) unreachable(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	return fmt.Errorf("%w at %s: %w", ErrUnreachable, c.url, err)
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

// Message returns what a person should read of an error: the detail of a problem, with those of its fields that it does not speak of, or
// the error itself.
func Message(err error) string {
	var p *httpapi.ProblemError
	if !errors.As(err, &p) {
		return err.Error()
	}
	s := cmp.Or(p.Detail, p.Title)
	for _, e := range p.Errors {
		field := e.Location[strings.LastIndexByte(e.Location, '.')+1:]
		if strings.Contains(p.Detail, field) && strings.Contains(p.Detail, e.Message) {
			continue
		}
		s += fmt.Sprintf("\n  %s: %s", cmp.Or(e.Location, "request"), e.Message)
		if e.Value != nil && e.Value != "" && e.Location != "body" {
			s += fmt.Sprintf(" (found %v)", e.Value)
		}
	}
	return s
}
