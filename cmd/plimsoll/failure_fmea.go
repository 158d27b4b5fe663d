package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/prometheus/common/model"

	incidentsapi "plimsoll/incidents/api"
	"plimsoll/incidents/failure"
	"plimsoll/slo"
	"plimsoll/slo/api"
)

type failureFMEACmd struct {
	File     string `arg:"" type:"existingfile" help:"Failure modes and effects in YAML."`
	Observed bool   `help:"Compare the ratings with the incidents that each failure mode names under \"observed\"."`
	Since    string `default:"365d" placeholder:"AGE" help:"How far to look back for them, such as 90d."`
}

// ratedMode is a failure mode with what its incidents say of its ratings.
type ratedMode struct {
	failure.Row
	Suggested *failure.Suggestion `json:"suggested,omitempty"`
}

// Run ranks the failure modes.
func (cmd failureFMEACmd) Run(c *cli) error {
	data, err := os.ReadFile(cmd.File)
	if err != nil {
		return fmt.Errorf("read analysis: %w", err)
	}
	f, err := failure.ReadFMEA(cmd.File, data)
	if err != nil {
		return err
	}
	var rows []ratedMode
	for _, r := range f.Rows() {
		rows = append(rows, ratedMode{Row: r})
	}
	if cmd.Observed {
		if err := cmd.suggest(c, f.Scales, rows); err != nil {
			return err
		}
	}
	return c.Print(rows, func(out io.Writer) {
		if f.Title != "" {
			fmt.Fprintln(out, f.Title)
		}
		writeModes(out, rows)
		if len(f.Priorities) == 0 {
			fmt.Fprintln(out, "\nNo table of priorities is given, so the gravest come first; write its rows under \"priorities\".")
		}
		if cmd.Observed {
			writeSuggestions(out, rows, cmd.Since)
		}
	})
}

// suggest rates each mode that names incidents by those that there were.
func (cmd failureFMEACmd) suggest(c *cli, scales failure.Scales, rows []ratedMode) error {
	over, err := model.ParseDuration(cmd.Since)
	if err != nil || over <= 0 {
		return fmt.Errorf("--since: %q is not an age such as 90d or 1y", cmd.Since)
	}
	since := time.Now().Add(-time.Duration(over))
	for i, r := range rows {
		if r.Mode.Observed == nil {
			continue
		}
		list, err := incidentsSince(c, r.Mode.Observed.Service, since)
		if err != nil {
			return err
		}
		seen := failure.Observed{Over: time.Duration(over)}
		for _, in := range list {
			if !r.Mode.Observed.Matches(in.Title, in.Services) {
				continue
			}
			seen.Incidents++
			if took, known := in.Times.TimeToDetect(); known {
				seen.ToDetect = append(seen.ToDetect, took)
			}
		}
		s := scales.Suggest(seen)
		rows[i].Suggested = &s
	}
	return nil
}

// incidentsSince asks for all incidents that were declared since an instant and count, newest first; of one service unless that is empty.
func incidentsSince(c *cli, service string, since time.Time) ([]incidentsapi.Incident, error) {
	client, err := c.Client()
	if err != nil {
		return nil, err
	}
	const page = 500
	var all []incidentsapi.Incident
	query := url.Values{"service": {service}, "limit": {strconv.Itoa(page)}}
	for {
		var answer incidentsapi.IncidentList
		if err := client.Do(c.Ctx, http.MethodGet, withQuery("/v1/incidents", query), nil, &answer); err != nil {
			return nil, err
		}
		older := 0
		for _, in := range answer.Incidents {
			if in.Times.Declared.Before(since) {
				older++
			} else if in.Counts() {
				all = append(all, in)
			}
		}
		// When one was declared may be corrected, so an older one may stand between others.
		if len(answer.Incidents) < page || older == page {
			return all, nil
		}
		query.Set("before", answer.Incidents[page-1].Ref.String())
	}
}

func writeModes(out io.Writer, rows []ratedMode) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PRIORITY\tS\tO\tD\tRPN\tITEM\tMODE\tCAUSE\tACTION")
	for _, r := range rows {
		priority := string(r.Priority)
		if priority == "" {
			priority = "–"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", priority, r.Rated.Severity, r.Rated.Occurrence, r.Rated.Detection, r.RPN, r.Item, r.Mode.Mode, r.Cause, r.Action)
	}
	w.Flush()
}

// writeSuggestions puts the ratings that were observed beside those that were given.
func writeSuggestions(out io.Writer, rows []ratedMode, since string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nOBSERVED IN %s\tINCIDENTS\tA YEAR\tO\tSUGGESTED\tMEDIAN TO DETECT\tD\tSUGGESTED\n", since)
	rating := func(r failure.Rating) string {
		if r == 0 {
			return "–"
		}
		return strconv.Itoa(int(r))
	}
	for _, r := range rows {
		s := r.Suggested
		if s == nil {
			continue
		}
		detect := "–"
		if s.Detection != 0 {
			detect = slo.FormatSpan(time.Duration(s.MedianToDetect * float64(time.Second)))
		}
		fmt.Fprintf(w, "%s: %s\t%d\t%.3g\t%d\t%s\t%s\t%d\t%s\n", r.Item, r.Mode.Mode, s.Incidents, s.PerYear, r.Rated.Occurrence, rating(s.Occurrence), detect, r.Rated.Detection, rating(s.Detection))
	}
	w.Flush()
}

// measure takes the probabilities of linked events from the server's objectives.
func measure(c *cli, tree *failure.Tree) (*failure.Tree, error) {
	measured := map[string]failure.Measured{}
	for _, key := range tree.Linked() {
		var d api.Detail
		if err := getObjective(c, key, "", time.Time{}, &d); err != nil {
			return nil, fmt.Errorf("measure %s: %w", key, err)
		}
		if d.Events.Total == 0 && d.Method != slo.Composite {
			return nil, fmt.Errorf("measure %s: nothing was seen in its window of %s, so there is no probability; write one down", key, d.Window)
		}
		measured[key] = failure.Measured{Probability: 1 - d.SLI, Source: fmt.Sprintf("%s over %s: %s", key, d.Window, sli(d.Objective))}
	}
	return tree.Measure(measured)
}
