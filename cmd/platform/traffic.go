package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"plimsoll/internal/apiclient"
	"plimsoll/platform/traffic"
)

type trafficCmd struct {
	serverFlags
	Rate        float64       `default:"10" help:"Requests a second."`
	For         time.Duration `help:"How long; until interrupted by default."`
	Viewers     int           `default:"16" help:"Requests under way at a time, at most."`
	Clips       int           `default:"3" help:"Clips to make with FFmpeg and upload at the start."`
	UploadEvery time.Duration `default:"5m" help:"Time between further uploads; 0 for none."`
	Output      string        `short:"o" enum:"table,json" default:"table" help:"Form of the report: ${enum}."`
	ReportFile  string        `type:"path" help:"Write the report there as JSON too."`
}

// Run sends traffic and prints the report, also after an interrupt.
func (t *trafficCmd) Run(c *cli) error {
	if t.Rate == 0 || t.Viewers == 0 {
		return errors.New("--rate and --viewers: with 0 nothing would be sent")
	}
	key, err := t.key()
	if err != nil && (t.Clips > 0 || t.UploadEvery > 0) {
		return err
	}
	run, err := traffic.New(traffic.Config{URL: t.URL, Key: key, Rate: t.Rate, For: t.For, Viewers: t.Viewers, Clips: t.Clips,
		UploadEvery: t.UploadEvery, Logger: slog.New(slog.NewTextHandler(c.err, nil))})
	if err != nil {
		return err
	}
	report, err := run.Run(c.ctx)
	if err == nil && !answered(report) {
		err = fmt.Errorf("%w at %s", apiclient.ErrUnreachable, t.URL)
	}
	return errors.Join(err, t.print(c, report))
}

// answered tells whether any request got an answer, or none was sent.
func answered(r traffic.Report) bool {
	var answers, silence int64
	for _, seen := range r.Roles {
		answers, silence = answers+seen.Requests, silence+seen.Unanswered
	}
	return answers > 0 || silence == 0
}

func (t *trafficCmd) print(c *cli, report traffic.Report) error {
	if t.ReportFile != "" {
		b, err := json.MarshalIndent(report, "", "  ")
		if err == nil {
			err = os.WriteFile(t.ReportFile, append(b, '\n'), 0o644)
		}
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	if t.Output == "json" {
		return c.printJSON(report)
	}
	return report.WriteTable(c.out)
}
