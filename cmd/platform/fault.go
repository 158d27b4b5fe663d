package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/httpapi"
	"plimsoll/platform/fault"
)

type faultCmd struct {
	OpsURL  string         `name:"ops-url" env:"PLATFORM_OPS_URL" default:"http://127.0.0.1:8092" help:"Address of the platform's operations listener."`
	Errors  string         `placeholder:"50%" help:"Share of the requests that fail: 50% or 0.5."`
	Status  int            `placeholder:"500" help:"Status of the failures, 400 to 599."`
	Latency time.Duration  `placeholder:"400ms" help:"Time that each request is held up."`
	Route   string         `placeholder:"/v1/videos/{id}" help:"The one route to hit; all by default."`
	For     *time.Duration `placeholder:"2m" help:"How long."`
	Clear   bool           `help:"End the injection."`
	Show    string         `arg:"" optional:"" enum:"show," default:"" help:"\"show\" prints what is being injected."`
}

const faultPath = "/debug/fault"

// Run injects, shows or clears.
func (f *faultCmd) Run(c *cli) error {
	client := apiclient.New(f.OpsURL, "")
	inject := f.Errors != "" || f.Latency != 0 || f.Status != 0 || f.Route != "" || f.For != nil
	switch {
	case f.Clear && (inject || f.Show != ""):
		return errors.New("--clear stands alone")
	case f.Clear:
		if err := client.Do(c.ctx, http.MethodDelete, faultPath, nil, nil); err != nil {
			return explain(err)
		}
		_, err := fmt.Fprintln(c.out, "nothing is injected any more")
		return err
	case !inject:
		var s *fault.State
		if err := client.Do(c.ctx, http.MethodGet, faultPath, nil, &s); err != nil {
			return explain(err)
		}
		return printFault(c, s)
	case f.Show != "":
		return errors.New("show stands alone")
	case f.For == nil:
		return errors.New("say how long with --for, such as --for 2m")
	}
	share, err := parseShare(f.Errors)
	if err != nil {
		return err
	}
	spec := fault.Spec{Errors: share, Status: f.Status, Latency: fault.Duration(f.Latency), Route: f.Route, For: fault.Duration(*f.For)}
	var s fault.State
	if err := client.Do(c.ctx, http.MethodPut, faultPath, spec, &s); err != nil {
		return explain(err)
	}
	return printFault(c, &s)
}

// explain says why a platform offers no faults.
func explain(err error) error {
	var p *httpapi.ProblemError
	if errors.As(err, &p) && p.Code == httpapi.NotFound {
		return errors.New("this platform offers no fault injection: it runs without --dev, or --ops-url is not its operations listener")
	}
	return err
}

func printFault(c *cli, s *fault.State) error {
	if s == nil {
		_, err := fmt.Fprintln(c.out, "nothing is being injected")
		return err
	}
	where := "every route"
	if s.Route != "" {
		where = s.Route
	}
	_, err := fmt.Fprintf(c.out, "on %s until %s: %g%% of requests fail with %d, %s added; so far %d failed, %d were held up\n", where,
		s.Until.Local().Format(time.TimeOnly), s.Errors*100, s.Status, time.Duration(s.Latency), s.Injected, s.Delayed)
	return err
}

// parseShare reads 50% or 0.5; nothing is 0.
func parseShare(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("--errors %s: expected a share of the requests such as 50%% or 0.5, from 0 to 100%%", s)
	}
	return v, nil
}
