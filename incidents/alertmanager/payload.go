package alertmanager

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents"
)

// payload is the body of a webhook in version 4 of Alertmanager's format, as far as it is read here.
// Source: Prometheus documentation, "Alerting, Configuration, <webhook_config>".
type payload struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []alert           `json:"alerts"`
}

type alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

const firing = "firing"

func parse(body []byte) (payload, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("it is not JSON as Alertmanager sends it: %w", err)
	}
	switch {
	case p.Version != "4":
		return p, fmt.Errorf("version is %q; known is \"4\"", p.Version)
	case p.GroupKey == "":
		return p, errors.New("groupKey is missing")
	case len(p.Alerts) == 0:
		return p, errors.New("alerts is empty")
	}
	return p, nil
}

// firing returns the alerts that fire, the oldest first.
func (p payload) firing() []alert {
	var found []alert
	for _, a := range p.Alerts {
		if a.Status == firing {
			found = append(found, a)
		}
	}
	slices.SortStableFunc(found, func(a, b alert) int { return a.StartsAt.Compare(b.StartsAt) })
	return found
}

// prefix begins the keys of all incidents of the group.
func (p payload) prefix() string {
	sum := sha256.Sum256([]byte(p.GroupKey))
	return "alertmanager/" + hex.EncodeToString(sum[:12]) + "/"
}

// severities are what the usual values of the label severity mean; 0 is not worth an incident.
var severities = map[string]incidents.Severity{
	"critical": 2, "page": 2, "error": 3, "high": 3, "warning": 4, "ticket": 4, "info": 0, "none": 0,
}

// unknownSeverity is that of an alert that does not say.
const unknownSeverity incidents.Severity = 3

// severity returns the worst of the alerts, or 0 if none is worth an incident.
func severity(alerts []alert) incidents.Severity {
	var worst incidents.Severity
	for _, a := range alerts {
		s, ok := severities[strings.ToLower(a.Labels["severity"])]
		if !ok {
			s = unknownSeverity
		}
		if s != 0 && (worst == 0 || s < worst) {
			worst = s
		}
	}
	return worst
}

// services returns those that the alerts name, sorted. A label that cannot be the name of a service is none, and keeps nobody from
// hearing of the alert.
func services(alerts []alert) []string {
	names := map[string]bool{}
	for _, a := range alerts {
		if s := a.Labels["service"]; incidents.IsName(s) {
			names[s] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (a alert) name() string { return cmp.Or(a.Labels["alertname"], "an alert without a name") }

// since says of what and when the alert is; [payload.text] begins a line with it.
func (a alert) since() string {
	return fmt.Sprintf("%s %s since %s", a.name(), a.Status, a.StartsAt.UTC().Format(time.DateTime+" MST"))
}

// title is what the group is about, in one line.
func (p payload) title(first alert) string {
	t := cmp.Or(p.CommonAnnotations["summary"], first.Annotations["summary"], first.name())
	t = strings.Join(strings.Fields(t), " ")
	if r := []rune(t); len(r) > incidents.MaxTitle {
		t = string(r[:incidents.MaxTitle-1]) + "…"
	}
	return t
}

// text tells what the webhook says of each alert.
func (p payload) text() string {
	var b strings.Builder
	for _, a := range p.Alerts {
		b.WriteString(a.since())
		if s := cmp.Or(a.Annotations["summary"], a.Annotations["description"]); s != "" {
			b.WriteString(": " + s)
		}
		if a.GeneratorURL != "" {
			b.WriteString(" (" + a.GeneratorURL + ")")
		}
		b.WriteByte('\n')
	}
	if p.TruncatedAlerts > 0 {
		fmt.Fprintf(&b, "and %d more that Alertmanager left out\n", p.TruncatedAlerts)
	}
	text := strings.TrimSpace(b.String())
	if r := []rune(text); len(r) > incidents.MaxText {
		text = string(r[:incidents.MaxText-1]) + "…"
	}
	return text
}
