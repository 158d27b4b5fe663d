package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"plimsoll/alerts"
)

// The headers of a webhook.
const (
	// SignatureHeader holds "t=<Unix seconds>,v1=<hex HMAC-SHA256 of t, a dot and the body>".
	SignatureHeader = "Plimsoll-Signature"
	// IDHeader holds the notice's ID, by which a repeated delivery is known.
	IDHeader = "Plimsoll-Notice-Id"
)

// WebhookConfig of a [Webhook].
type WebhookConfig struct {
	URL    string // required
	Secret string // required: what the requests are signed with
	Client *http.Client
	Now    func() time.Time
}

// Webhook posts each notice as JSON, signed.
type Webhook struct {
	to     *url.URL
	secret []byte
	client *http.Client
	now    func() time.Time
}

// NewWebhook makes a receiver of signed posts.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	to, err := endpoint(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("webhook: url: %w", err)
	}
	if cfg.Secret == "" {
		return nil, errors.New("webhook: a secret is required, so that the other side can tell who is calling")
	}
	w := &Webhook{to: to, secret: []byte(cfg.Secret), client: cfg.Client, now: cfg.Now}
	if w.client == nil {
		w.client = newClient()
	}
	if w.now == nil {
		w.now = time.Now
	}
	return w, nil
}

// Notify implements [Receiver].
func (w *Webhook) Notify(ctx context.Context, n alerts.Notice, _ string) (string, error) {
	return "", w.Post(ctx, n.ID, n)
}

// Post posts what is not a notice as JSON, signed, with an ID by which a repeated delivery is known.
func (w *Webhook) Post(ctx context.Context, id string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return refused("encode notice: %w", err)
	}
	header := http.Header{IDHeader: {id}, SignatureHeader: {Sign(w.secret, w.now(), body)}}
	return post(ctx, w.client, w.to, header, body)
}

// Sign returns the signature of a body that is sent at an instant.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
