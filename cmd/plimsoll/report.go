package main

import (
	"net/http"
	"net/url"

	weekly "plimsoll/slo/report"
)

// reportCmd is "plimsoll report".
type reportCmd struct {
	Week    string `short:"w" default:"current" placeholder:"YYYY-Www" help:"ISO week, such as 2026-W48; the current one by default."`
	Service string `short:"s" help:"Only this service."`
}

// Run prints the report as Markdown, or as data with --output.
func (cmd reportCmd) Run(c *cli) error {
	if cmd.Week != "current" {
		if _, err := weekly.ParseWeek(cmd.Week); err != nil {
			return err
		}
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	path := "/v1/reports/" + cmd.Week
	if cmd.Service != "" {
		path += "?" + url.Values{"service": {cmd.Service}}.Encode()
	}
	var r weekly.Report
	if err := client.Do(c.Ctx, http.MethodGet, path, nil, &r); err != nil {
		return err
	}
	if c.Output != "table" {
		return c.Print(r, nil)
	}
	return weekly.Markdown(c.Out, r)
}
