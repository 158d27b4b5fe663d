package openslo

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is an object of OpenSLO v1 as it is written. Reading goes another way, because it has to know where each value stands.
type Document struct {
	// Comment stands above the document, a line each.
	Comment  []string `yaml:"-"`
	Kind     string   `yaml:"kind"`
	Metadata Metadata `yaml:"metadata"`
	// Spec is one of the specs below.
	Spec any `yaml:"spec"`
}

// Metadata is what every object has.
type Metadata struct {
	Name        string            `yaml:"name"`
	DisplayName string            `yaml:"displayName,omitempty"`
	Labels      map[string]Values `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// Values are those of a label. A single one is written as text.
type Values []string

// MarshalYAML writes the values.
func (v Values) MarshalYAML() (any, error) {
	if len(v) == 1 {
		return v[0], nil
	}
	return append([]string{}, v...), nil
}

// Plain is a scalar that is written without quotes, such as a number of which every digit counts.
type Plain string

// MarshalYAML writes the scalar.
func (p Plain) MarshalYAML() (any, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: string(p)}, nil
}

// ServiceSpec is the spec of a Service.
type ServiceSpec struct {
	Description string `yaml:"description,omitempty"`
}

// DataSourceSpec is the spec of a DataSource.
type DataSourceSpec struct {
	Description       string `yaml:"description,omitempty"`
	Type              string `yaml:"type"`
	ConnectionDetails any    `yaml:"connectionDetails,omitempty"`
}

// SLOSpec is the spec of an SLO.
type SLOSpec struct {
	Description     string       `yaml:"description,omitempty"`
	Service         string       `yaml:"service"`
	Indicator       *Indicator   `yaml:"indicator,omitempty"`
	IndicatorRef    string       `yaml:"indicatorRef,omitempty"`
	TimeWindow      []TimeWindow `yaml:"timeWindow"`
	BudgetingMethod string       `yaml:"budgetingMethod"`
	Objectives      []Objective  `yaml:"objectives"`
	// AlertPolicies are each a [Document] that stands inline, or a [PolicyRef].
	AlertPolicies []any `yaml:"alertPolicies,omitempty"`
}

// TimeWindow is a rolling window, or one of a calendar.
type TimeWindow struct {
	Duration  string    `yaml:"duration"`
	IsRolling bool      `yaml:"isRolling"`
	Calendar  *Calendar `yaml:"calendar,omitempty"`
}

// Calendar says when a period begins.
type Calendar struct {
	StartTime Plain  `yaml:"startTime"`
	TimeZone  string `yaml:"timeZone"`
}

// Objective is one objective of an SLO.
type Objective struct {
	DisplayName     string     `yaml:"displayName,omitempty"`
	Op              string     `yaml:"op,omitempty"`
	Value           Plain      `yaml:"value,omitempty"`
	Target          Plain      `yaml:"target,omitempty"`
	TargetPercent   Plain      `yaml:"targetPercent,omitempty"`
	TimeSliceTarget Plain      `yaml:"timeSliceTarget,omitempty"`
	TimeSliceWindow string     `yaml:"timeSliceWindow,omitempty"`
	Indicator       *Indicator `yaml:"indicator,omitempty"`
	IndicatorRef    string     `yaml:"indicatorRef,omitempty"`
	CompositeWeight Plain      `yaml:"compositeWeight,omitempty"`
}

// Indicator is an SLI that stands in an SLO.
type Indicator struct {
	Metadata *Metadata `yaml:"metadata,omitempty"`
	Spec     SLISpec   `yaml:"spec"`
}

// SLISpec is the spec of an SLI.
type SLISpec struct {
	Description     string       `yaml:"description,omitempty"`
	ThresholdMetric *Metric      `yaml:"thresholdMetric,omitempty"`
	RatioMetric     *RatioMetric `yaml:"ratioMetric,omitempty"`
}

// RatioMetric is a ratio of counted events, or one that was computed elsewhere.
type RatioMetric struct {
	Counter *bool   `yaml:"counter,omitempty"`
	Good    *Metric `yaml:"good,omitempty"`
	Bad     *Metric `yaml:"bad,omitempty"`
	Total   *Metric `yaml:"total,omitempty"`
	RawType string  `yaml:"rawType,omitempty"`
	Raw     *Metric `yaml:"raw,omitempty"`
}

// Metric is one side of an indicator.
type Metric struct {
	MetricSource MetricSource `yaml:"metricSource"`
}

// MetricSource says what is asked for a metric.
type MetricSource struct {
	MetricSourceRef string `yaml:"metricSourceRef,omitempty"`
	Type            string `yaml:"type,omitempty"`
	Spec            any    `yaml:"spec"`
}

// Query is the spec of a metric source that answers PromQL.
type Query struct {
	Query string `yaml:"query"`
}

// PolicyRef refers to an AlertPolicy.
type PolicyRef struct {
	AlertPolicyRef string `yaml:"alertPolicyRef"`
}

// AlertPolicySpec is the spec of an AlertPolicy.
type AlertPolicySpec struct {
	Description        string `yaml:"description,omitempty"`
	AlertWhenNoData    bool   `yaml:"alertWhenNoData"`
	AlertWhenResolved  bool   `yaml:"alertWhenResolved"`
	AlertWhenBreaching bool   `yaml:"alertWhenBreaching"`
	// Conditions and NotificationTargets are each a [Document] that stands inline, or a [ConditionRef] or [TargetRef].
	Conditions          []any `yaml:"conditions"`
	NotificationTargets []any `yaml:"notificationTargets"`
}

// ConditionRef refers to an AlertCondition.
type ConditionRef struct {
	ConditionRef string `yaml:"conditionRef"`
}

// TargetRef refers to an AlertNotificationTarget.
type TargetRef struct {
	TargetRef string `yaml:"targetRef"`
}

// AlertConditionSpec is the spec of an AlertCondition.
type AlertConditionSpec struct {
	Description string    `yaml:"description,omitempty"`
	Severity    string    `yaml:"severity"`
	Condition   Condition `yaml:"condition"`
}

// Condition compares a burn rate.
type Condition struct {
	Kind           string `yaml:"kind"`
	Op             string `yaml:"op,omitempty"`
	Threshold      Plain  `yaml:"threshold"`
	LookbackWindow string `yaml:"lookbackWindow"`
	AlertAfter     string `yaml:"alertAfter,omitempty"`
}

// AlertTargetSpec is the spec of an AlertNotificationTarget.
type AlertTargetSpec struct {
	Description string `yaml:"description,omitempty"`
	Target      string `yaml:"target"`
}

// FileName is a name for a file of the document alone: that of an SLO begins with its service, that of another kind with the kind.
func (d Document) FileName() string {
	first := d.Kind
	if spec, ok := d.Spec.(SLOSpec); ok {
		first = spec.Service
	}
	return Name(first) + "-" + Name(d.Metadata.Name) + ".yaml"
}

// Write writes documents as YAML: fields in the order of the specification, two spaces of indentation, "---" between documents.
func Write(w io.Writer, docs ...Document) error {
	for i, d := range docs {
		if i > 0 {
			if _, err := io.WriteString(w, "---\n"); err != nil {
				return err
			}
		}
		text, err := d.text()
		if err != nil {
			return fmt.Errorf("write %s %s: %w", d.Kind, d.Metadata.Name, err)
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func (d Document) text() ([]byte, error) {
	var b bytes.Buffer
	for _, line := range d.Comment {
		for part := range strings.SplitSeq(line, "\n") {
			fmt.Fprintf(&b, "# %s\n", part)
		}
	}
	fmt.Fprintf(&b, "apiVersion: %s\n", apiVersion)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(d); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}
