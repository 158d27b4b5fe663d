package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"plimsoll/alerts"
)

// AlertmanagerConfig of an [Alertmanager].
type AlertmanagerConfig struct {
	URL string // required: the base, to which /api/v2/alerts is added
	// Labels are added to every alert, for routing. None has the name of one that every alert has of its own.
	Labels map[string]string
	// Lasts is how long an alert counts as firing there after a notice: longer than notices are repeated.
	Lasts  time.Duration
	Client *http.Client
}

// ownLabels are those that an alert has of its own.
var ownLabels = []string{"alertname", "service", "objective", "tier", "severity", "owner"}

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
	for _, name := range slices.Sorted(maps.Keys(cfg.Labels)) {
		switch {
		case slices.Contains(ownLabels, name):
			return nil, fmt.Errorf("alertmanager: labels: %s is set by the alert itself; by it, and by %s, alerts are told apart", name, strings.Join(ownLabels, ", "))
		case !model.LegacyValidation.IsValidLabelName(name):
			return nil, fmt.Errorf("alertmanager: labels: %q is not the name of a label, such as team", name)
		}
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
	maps.Copy(labels, a.labels)
	return postableAlert{
		Labels: labels, Annotations: map[string]string{"summary": e.Summary}, StartsAt: e.Fired, EndsAt: ends, GeneratorURL: e.URL,
	}
}
