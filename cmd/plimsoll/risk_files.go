package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"plimsoll/dashboards/chart"
	"plimsoll/incidents/risk"
	"plimsoll/incidents/risk/api"
	"plimsoll/internal/config"
)

type riskMatrixCmd struct {
	riskSelection
	SVG string `name:"svg" placeholder:"FILE" help:"Also draw the matrix."`
}

// riskQuadrant is a part of the matrix with its risks.
type riskQuadrant struct {
	Quadrant risk.Quadrant `json:"quadrant"`
	Advice   string        `json:"advice"`
	Risks    []api.Risk    `json:"risks"`
}

// Run sorts risks into the matrix.
func (cmd riskMatrixCmd) Run(c *cli) error {
	list, err := cmd.list(c)
	if err != nil {
		return err
	}
	if cmd.SVG != "" {
		var items []risk.Item
		for _, r := range list.Risks {
			items = append(items, r.Item)
		}
		if err := writeFile(cmd.SVG, func(w io.Writer) error { _, err := io.WriteString(w, string(chart.RiskMatrix(items))); return err }); err != nil {
			return err
		}
	}
	var out []riskQuadrant
	for _, row := range risk.Matrix() {
		q := riskQuadrant{Quadrant: row.Quadrant, Advice: row.Advice, Risks: []api.Risk{}}
		for _, r := range list.Risks {
			if r.Quadrant == row.Quadrant {
				q.Risks = append(q.Risks, r)
			}
		}
		out = append(out, q)
	}
	return c.Print(out, func(w io.Writer) {
		for n, q := range out {
			if n > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s (%d): %s\n", strings.ToUpper(string(q.Quadrant)), len(q.Risks), q.Advice)
			for _, r := range q.Risks {
				fmt.Fprintf(w, "  %s  %s (exposure %d, %g days)\n", r.Ref, r.Title, r.Exposure, r.Cost.PersonDays)
			}
		}
	})
}

type riskJustifyCmd struct {
	riskRef
	HTML bool `name:"html" help:"As a page of HTML that stands alone, for printing."`
}

// Run writes the page to the output as it is, and what its author should say in other words beside it.
func (cmd riskJustifyCmd) Run(c *cli) error {
	d, err := cmd.get(c)
	if err != nil {
		return err
	}
	page := risk.Justify(d.Item)
	if words := risk.Jargon(page.Text()); len(words) > 0 {
		fmt.Fprintf(c.Err, "plimsoll: %s uses words that not everybody knows: %s\n", d.Ref, strings.Join(words, ", "))
	}
	text := page.Markdown()
	if cmd.HTML {
		text = page.HTML()
	}
	_, err = io.WriteString(c.Out, text)
	return err
}

type riskSuggestCmd struct{}

// Run suggests risks.
func (riskSuggestCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var s api.Suggestions
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/risks/suggestions", nil, &s); err != nil {
		return err
	}
	return c.Print(s, func(w io.Writer) {
		if len(s.Suggestions) == 0 {
			fmt.Fprintln(w, "Nothing to suggest: no objective keeps spending its budget without a risk that says so.")
		}
		for _, one := range s.Suggestions {
			fmt.Fprintf(w, "%s\n  %s\n  plimsoll risk add %q --service %s --objective %s --owner … --days … and the scores\n", one.Title, one.Because, one.Title, one.Service, one.Objective)
		}
	})
}

// riskFile is the form of import and export.
type riskFile struct {
	Risks []risk.Content `json:"risks" yaml:"risks"`
}

type riskImportCmd struct {
	File string `arg:"" type:"existingfile" help:"Risks in YAML, as export writes them."`
	riskWhy
}

// Run imports risks.
func (cmd riskImportCmd) Run(c *cli) error {
	data, err := os.ReadFile(cmd.File)
	if err != nil {
		return fmt.Errorf("read risks: %w", err)
	}
	var file riskFile
	if err := config.Decode(cmd.File, data, &file); err != nil {
		return err
	}
	if len(file.Risks) == 0 {
		return fmt.Errorf("%s: risks: has none, expected at least one", cmd.File)
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	var out risk.Outcome
	if err := client.Do(c.Ctx, http.MethodPost, "/v1/risks/import", api.ImportBody{Risks: file.Risks, Reason: cmd.Reason}, &out); err != nil {
		return err
	}
	return c.Print(out, func(w io.Writer) {
		fmt.Fprintf(w, "%d added, %d changed, %d as they were\n", len(out.Added), len(out.Changed), len(out.Unchanged))
	})
}

type riskExportCmd struct{}

// Run writes what is said of all risks, without their states and histories, in their ranking.
func (riskExportCmd) Run(c *cli) error {
	list, err := riskSelection{State: "all"}.list(c)
	if err != nil {
		return err
	}
	file := riskFile{Risks: []risk.Content{}}
	for _, r := range list.Risks {
		file.Risks = append(file.Risks, r.Content)
	}
	if c.Output == "json" {
		return c.Print(file, nil)
	}
	return writeYAML(c.Out, file)
}
