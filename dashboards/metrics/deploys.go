package metrics

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/slo/gate/deploys"
)

// deliveryWindow is over what the measures of deploys are exported.
const deliveryWindow = 30 * 24 * time.Hour

// DeliveryConfig of a [Delivery].
type DeliveryConfig struct {
	// Measures returns the measures of [from, to) of every service and environment; required.
	Measures func(ctx context.Context, from, to time.Time) ([]deploys.Measures, error)
	Now      func() time.Time // time.Now when nil
	Logger   *slog.Logger     // slog.Default when nil
}

// Delivery is a prometheus.Collector of the four measures of DORA over the last 30 days. What is not known has no series.
type Delivery struct {
	cfg                                                        DeliveryConfig
	deployments, perDay, lead, rate, recovery, unrecovered, up *prometheus.Desc
}

// NewDelivery makes a collector.
func NewDelivery(cfg DeliveryConfig) (*Delivery, error) {
	if cfg.Measures == nil {
		return nil, errors.New("metrics: measures of deploys are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("plimsoll_dora_"+name, help+" over the last 30 days.", []string{"service", "environment"}, nil)
	}
	return &Delivery{
		cfg:         cfg,
		deployments: desc("deployments", "Changes that reached the environment,"),
		perDay:      desc("deployments_per_day", "Deployment frequency,"),
		lead:        desc("lead_time_seconds", "Lead time for changes, the median,"),
		rate:        desc("change_failure_ratio", "Share of changes that had to be put right at once,"),
		recovery:    desc("recovery_time_seconds", "Failed deployment recovery time, the median,"),
		unrecovered: desc("unrecovered", "Failed changes that nothing has put right yet,"),
		up:          prometheus.NewDesc("plimsoll_dora_up", "1 if the deploys could be read, otherwise 0.", nil, nil),
	}, nil
}

// Describe sends all descriptions.
func (d *Delivery) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.deployments, d.perDay, d.lead, d.rate, d.recovery, d.unrecovered, d.up} {
		ch <- desc
	}
}

// Collect sends all series as of now. If the deploys cannot be read it says so, and the rest of the scrape stands.
func (d *Delivery) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), sourceTimeout)
	defer cancel()
	now := d.cfg.Now()
	all, err := d.cfg.Measures(ctx, now.Add(-deliveryWindow), now)
	if err != nil {
		d.cfg.Logger.Warn("metrics are incomplete", "source", "deploys", "err", err)
		ch <- prometheus.MustNewConstMetric(d.up, prometheus.GaugeValue, 0)
		return
	}
	ch <- prometheus.MustNewConstMetric(d.up, prometheus.GaugeValue, 1)
	for _, m := range all {
		gauge := func(desc *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, m.Service, m.Environment)
		}
		gauge(d.deployments, float64(m.Deployments))
		gauge(d.perDay, m.PerDay)
		gauge(d.unrecovered, float64(m.Unrecovered))
		if m.ChangeFailureRate != nil {
			gauge(d.rate, *m.ChangeFailureRate)
		}
		if m.LeadTime.Count > 0 {
			gauge(d.lead, float64(m.LeadTime.MedianSeconds))
		}
		if m.Recovery.Count > 0 {
			gauge(d.recovery, float64(m.Recovery.MedianSeconds))
		}
	}
}
