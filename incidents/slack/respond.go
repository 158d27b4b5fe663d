package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// responder sends answers to where Slack wants them.
type responder struct {
	base   *url.URL
	client *http.Client
}

func newResponder(base string, client *http.Client) (*responder, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a host that takes answers", base)
	}
	if client == nil {
		client = &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &responder{u, client}, nil
}

// maxRetryAfter bounds how long we wait because Slack says so.
const maxRetryAfter = 10 * time.Minute

// codeURLOver is Slack's word for a response_url that was used five times or is older than thirty minutes.
const codeURLOver = "expired_url"

// send posts an answer. The result is of the kinds of [called]. It never holds the URL, with which anybody could write
// into the channel.
func (r *responder) send(ctx context.Context, to string, m message) error {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != r.base.Scheme || u.Host != r.base.Host || u.User != nil {
		return fmt.Errorf("answer slash command: response_url is not on %s: %w", r.base.Host, &refusal{"response_url"})
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("answer slash command: %w", &refusal{"response_url"})
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return fmt.Errorf("answer slash command: %w", err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 512)) // only for the message
	return classify(resp, strings.TrimSpace(string(said)))
}

// classify says what a response means.
func classify(resp *http.Response, said string) error {
	switch code := resp.StatusCode; {
	case code < 300:
		return nil
	case code == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return fmt.Errorf("answer slash command: %w", &later{bounded(time.Duration(seconds) * time.Second)})
	case code == http.StatusNotFound || code == http.StatusGone:
		return fmt.Errorf("answer slash command: %w", &refusal{codeURLOver})
	case code >= 500:
		return fmt.Errorf("answer slash command: Slack said %s: %s", resp.Status, said)
	default:
		return fmt.Errorf("answer slash command: Slack said %s: %w", resp.Status, &refusal{said})
	}
}
