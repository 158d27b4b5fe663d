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

	"github.com/riverqueue/river"
	slackapi "github.com/slack-go/slack"
)

// message is what Slack shows as an answer.
type message struct {
	Type string `json:"response_type"`
	Text string `json:"text"`
}

// quiet is seen by the person who asked, and loud by everybody in the channel.
func quiet(text string) message { return message{slackapi.ResponseTypeEphemeral, text} }
func loud(text string) message  { return message{slackapi.ResponseTypeInChannel, text} }

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

// send posts an answer. The result tells River what to do: nothing more, try again, wait, or give up. It never holds
// the URL, with which anybody could write into the channel.
func (r *responder) send(ctx context.Context, to string, m message) error {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != r.base.Scheme || u.Host != r.base.Host || u.User != nil {
		return river.JobCancel(fmt.Errorf("answer slash command: response_url is not on %s", r.base.Host))
	}
	body, err := json.Marshal(m)
	if err != nil {
		return river.JobCancel(fmt.Errorf("encode answer: %w", err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return river.JobCancel(errors.New("answer slash command: response_url is not a URL"))
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

// classify says what a response means. Slack answers 404 for a URL that was used five times or is older than thirty minutes.
func classify(resp *http.Response, said string) error {
	err := fmt.Errorf("answer slash command: Slack said %s: %s", resp.Status, said)
	switch code := resp.StatusCode; {
	case code < 300:
		return nil
	case code == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return river.JobSnooze(min(max(time.Duration(seconds)*time.Second, time.Second), maxRetryAfter))
	case code >= 500:
		return err
	default:
		return river.JobCancel(err)
	}
}
