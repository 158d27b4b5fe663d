package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"plimsoll/alerts"
)

// AlertmanagerConfig of an [Alertmanager].
type AlertmanagerConfig struct {
	URL string // required: the base, to which /api/v2/alerts is added
	// Labels are added to every alert, for routing.
	Labels map[string]string
	// Lasts is how long an alert counts as firing there after a notice: longer than notices are repeated.
	Lasts  time.Duration
	Client *http.Client
}

// Alertmanager posts alerts to the API v2 of a Prometheus Alertmanager, so that its routes and silences hold.
type Alertmanager struct {
	to     *url.URL
	labels map[string]string
	lasts  time.Duration
	client *http.Client
}

// NewAlertmanager makes a receiver that is an Alertmanager.
func NewAlertmanager(cfg AlertmanagerConfig) (*Alertmanager, error) {
	base, err := endpoint(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("alertmanager: url: %w", err)
	}
	a := &Alertmanager{to: base.JoinPath("api", "v2", "alerts"), labels: cfg.Labels, lasts: cfg.Lasts, client: cfg.Client}
	if a.lasts == 0 {
		a.lasts = 2 * alerts.DefaultCadence().Repeat
	}
	if a.client == nil {
		a.client = newClient()
	}
	return a, nil
}

// postableAlert is that of the Alertmanager's OpenAPI v2.
type postableAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Notify implements [Receiver]. An alert is known there by its labels, so a repeated delivery changes nothing.
func (a *Alertmanager) Notify(ctx context.Context, n alerts.Notice, _ string) (string, error) {
	posts := make([]postableAlert, 0, len(n.Firing)+len(n.Ended))
	for _, e := range n.Firing {
		posts = append(posts, a.alert(e, n.At.Add(a.lasts)))
	}
	for _, e := range n.Ended {
		posts = append(posts, a.alert(e, n.At))
	}
	body, err := json.Marshal(posts)
	if err != nil {
		return "", refused("encode alerts: %w", err)
	}
	return "", post(ctx, a.client, a.to, nil, body)
}

func (a *Alertmanager) alert(e alerts.Entry, ends time.Time) postableAlert {
	labels := map[string]string{
		"alertname": "ErrorBudgetBurn", "service": e.Objective.Service(), "objective": string(e.Objective),
		"tier": e.Tier, "severity": string(e.Severity),
	}
	if e.Owner != "" {
		labels["owner"] = e.Owner
	}
	for name, value := range a.labels {
		labels[name] = value
	}
	return postableAlert{
		Labels: labels, Annotations: map[string]string{"summary": e.Summary}, StartsAt: e.Fired, EndsAt: ends, GeneratorURL: e.URL,
	}
}
