package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"plimsoll/dashboards/chart"
	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// status has the share bad of its events bad, or no events at all if that is negative.
func status(bad float64) (slo.Status, []slo.Point) {
	o := slotest.Objective("s", "o", "O", 900_000_000, 10*time.Hour)
	l := slotest.New(o)
	if bad >= 0 {
		l.Add(o.Key, now.Add(-5*time.Hour), 1000-int64(bad*1000), 1000)
	}
	s, _ := l.Status(o.Key, now)
	r, _ := l.Reader(o.Key)
	return s, slo.BurnDown(s, r, 20)
}

// Every chart is well-formed, says its figure in words, has numbers for coordinates and brings no style of its own.
func TestCharts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		bad  float64
		says string
	}{
		{"untouched", 0, "100.0 %"}, {"half", 0.05, "50.0 %"}, {"exactly spent", 0.1, "0.0 %"}, {"overspent", 0.15, "−50.0 %"},
		{"all bad", 1, "−900.0 %"}, {"no data", -1, "no data"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, points := status(tc.bad)
			for name, svg := range map[string]string{
				"bar": string(chart.Bar(s)), "sparkline": string(chart.Sparkline(s, points)), "burn-down": string(chart.BurnDown(s, points)),
				"sparkline of nothing": string(chart.Sparkline(s, nil)), "burn-down of nothing": string(chart.BurnDown(s, nil)),
			} {
				if err := wellFormed(svg); err != nil {
					t.Errorf("%s: %v in %s", name, err, svg)
				}
				if !strings.Contains(svg, tc.says) {
					t.Errorf("%s does not say %q: %s", name, tc.says, svg)
				}
				if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || strings.Contains(svg, "style=") {
					t.Errorf("%s: %s", name, svg)
				}
			}
		})
	}
}

// However much is overspent, the axis has 0 among its labels, of which none begins left of the picture.
func TestBurnDownLabels(t *testing.T) {
	t.Parallel()
	tick := regexp.MustCompile(`<text class="c-tick" x="([0-9.]+)" y="[0-9.]+" text-anchor="end">([^<]+)</text>`)
	for _, low := range []float64{1, 0.3, -0.2, -3, -9, -286, -12_345, -1_234_567} {
		s, points := status(0.05)
		points[len(points)-1].Remaining = low
		labels := tick.FindAllStringSubmatch(string(chart.BurnDown(s, points)), -1)
		zero := false
		for _, l := range labels {
			x, err := strconv.ParseFloat(l[1], 64)
			if err != nil || x < 7*float64(utf8.RuneCountInString(l[2])) {
				t.Errorf("down to %v: %q ends at %s and is cut off", low, l[2], l[1])
			}
			zero = zero || l[2] == "0 %"
		}
		if !zero || len(labels) < 4 || len(labels) > 9 {
			t.Errorf("down to %v: labels %q", low, labels)
		}
	}
}

func wellFormed(svg string) error {
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
