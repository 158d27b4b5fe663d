package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"plimsoll/alerts/tierfile"
	"plimsoll/collectors"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/imports"
)

// objectiveReader reads objective files as the server does.
func objectiveReader(lenient bool) openslo.Config {
	return openslo.Config{
		CheckIndicator: collectors.CheckIndicator,
		Grouping:       collectors.Grouping,
		MaxWindow:      ledger.DefaultRetention,
		Lenient:        lenient,
	}
}

// readerWithTiers is [objectiveReader] with the tiers of a file; with the shipped ones if it is empty.
func readerWithTiers(lenient bool, tiers string) (openslo.Config, error) {
	reader := objectiveReader(lenient)
	if tiers == "" {
		return reader, nil
	}
	var err error
	reader.Tiers, err = tierfile.Load(tiers)
	return reader, err
}

type sloLintCmd struct {
	Lenient bool     `help:"Accept what older writers emit, with a warning each."`
	Tiers   string   `type:"path" placeholder:"FILE" help:"File of the tiers of alerts that hold where an objective does not say, as in the server's alert_tiers."`
	Paths   []string `arg:"" name:"path" help:"OpenSLO files, or folders of them; - is the standard input."`
}

// objectiveLint is what "slo lint" found.
type objectiveLint struct {
	Objectives  int              `json:"objectives"`
	Errors      int              `json:"errors"`
	Unsupported int              `json:"unsupported"` // valid, but cannot be counted by this server
	Warnings    int              `json:"warnings"`
	Problems    openslo.Problems `json:"problems"`
}

// Run prints every problem, as compilers do, and counts them.
func (cmd sloLintCmd) Run(c *cli) error {
	reader, err := readerWithTiers(cmd.Lenient, cmd.Tiers)
	if err != nil {
		return err
	}
	files, err := c.files(cmd.Paths)
	if err != nil {
		return fmt.Errorf("read objectives: %w", err)
	}
	r, err := lint(reader, files)
	if err != nil {
		return err
	}
	if err := c.Print(r, func(w io.Writer) { writeLint(w, r) }); err != nil {
		return err
	}
	switch {
	case r.Errors > 0:
		return exit(1, nil)
	case r.Unsupported > 0:
		return exit(2, nil)
	}
	return nil
}

func lint(reader openslo.Config, files []openslo.File) (objectiveLint, error) {
	r := objectiveLint{Problems: openslo.Problems{}}
	definitions, err := openslo.Read(reader, files...)
	if definitions != nil {
		r.Objectives = len(definitions.Objectives)
		r.Problems = append(r.Problems, definitions.Warnings...)
	} else if !errors.As(err, &r.Problems) {
		return r, err
	}
	r.Errors = len(r.Problems.Of(openslo.Error))
	r.Unsupported = len(r.Problems.Of(openslo.Unsupported))
	r.Warnings = len(r.Problems.Of(openslo.Warning))
	return r, nil
}

func writeLint(w io.Writer, r objectiveLint) {
	for _, p := range r.Problems {
		fmt.Fprintln(w, p)
	}
	var counts []string
	for _, c := range []struct {
		n    int
		what string
	}{{r.Errors, plural(r.Errors, "error")}, {r.Unsupported, fmt.Sprintf("%d that cannot be counted here", r.Unsupported)},
		{r.Warnings, plural(r.Warnings, "warning")}} {
		if c.n > 0 {
			counts = append(counts, c.what)
		}
	}
	if r.Errors+r.Unsupported > 0 {
		fmt.Fprintf(w, "%s.\n", strings.Join(counts, ", "))
		return
	}
	if r.Objectives == 0 {
		fmt.Fprintln(w, "No objective is defined: a server that reads only this watches nothing.")
		return
	}
	counts = append([]string{plural(r.Objectives, "objective") + ", all valid"}, counts...)
	fmt.Fprintf(w, "%s.\n", strings.Join(counts, "; "))
}

type sloImportCmd struct {
	From    string   `default:"detected" help:"Format of the files: detected, sloth, pyrra, openslo/v1alpha or openslo/v2alpha."`
	Service string   `short:"s" help:"Service of objectives whose format knows none (Pyrra)."`
	Window  string   `default:"30d" help:"Window of objectives whose format keeps it elsewhere (Sloth)."`
	Lenient bool     `help:"Leave out unknown fields, with a note each."`
	Dir     string   `short:"d" type:"path" help:"Folder to write to, a file for each document; by default everything is printed."`
	Force   bool     `help:"Replace files that exist."`
	Paths   []string `arg:"" name:"path" help:"Files, or folders of them; - is the standard input."`
}

// Run converts the files. Notes go to the error output, so that what is printed is what was converted.
func (cmd sloImportCmd) Run(c *cli) error {
	settings, err := cmd.settings()
	if err != nil {
		return err
	}
	files, err := c.files(cmd.Paths)
	if err != nil {
		return fmt.Errorf("read files to import: %w", err)
	}
	r, err := imports.Convert(settings, files...)
	var wrong openslo.Problems
	if errors.As(err, &wrong) {
		fmt.Fprintln(c.Err, wrong)
		return exit(1, nil)
	} else if err != nil {
		return err
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(c.Err, r.Notes)
	}
	if cmd.Dir == "" {
		err = c.printDocuments(r.Documents...)
	} else {
		err = cmd.write(c, r.Documents)
	}
	if err == nil && len(r.Notes.Of(openslo.Unsupported)) > 0 {
		return exit(2, nil) // something was left out
	}
	return err
}

func (cmd sloImportCmd) settings() (imports.Config, error) {
	settings := imports.Config{Service: cmd.Service, Lenient: cmd.Lenient}
	if cmd.From != "detected" {
		if !slices.Contains(imports.Formats(), cmd.From) {
			return settings, fmt.Errorf("--from is %q; allowed: detected, %s", cmd.From, strings.Join(imports.Formats(), ", "))
		}
		settings.From = imports.Format(cmd.From)
	}
	if cmd.Service != "" && openslo.Name(cmd.Service) != cmd.Service {
		return settings, fmt.Errorf("--service is %q; the name of a service is up to 63 lower-case letters, digits and hyphens", cmd.Service)
	}
	window, err := model.ParseDuration(cmd.Window)
	if settings.Window = time.Duration(window); err != nil || settings.Window < time.Minute || settings.Window%time.Minute != 0 {
		return settings, fmt.Errorf("--window is %q; allowed: a duration of whole minutes, such as 30d", cmd.Window)
	}
	return settings, nil
}

// write makes a file of each document, or of none: if one of them would replace another file, or cannot be written.
func (cmd sloImportCmd) write(c *cli, docs []openslo.Document) error {
	texts := map[string][]byte{}
	for _, d := range docs {
		path := filepath.Join(cmd.Dir, d.FileName())
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a folder", path)
		} else if err == nil && !cmd.Force {
			return fmt.Errorf("%s exists; --force replaces it", path)
		}
		if _, ok := texts[path]; ok {
			return fmt.Errorf("two documents would be written to %s", path)
		}
		var text bytes.Buffer
		if err := openslo.Write(&text, d); err != nil {
			return err
		}
		texts[path] = text.Bytes()
	}
	if err := os.MkdirAll(cmd.Dir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := writeAll(texts); err != nil {
		return fmt.Errorf("write documents: %w", err)
	}
	fmt.Fprintf(c.Out, "%s written to %s.\n", plural(len(texts), "document"), cmd.Dir)
	return nil
}

// writeAll writes files by path. Each is written beside its place first, so that none is in place unless all could be written.
func writeAll(texts map[string][]byte) error {
	const beside = ".part"
	defer func() {
		for path := range texts {
			_ = os.Remove(path + beside) // only of a failure is there one
		}
	}()
	for path, text := range texts {
		if err := os.WriteFile(path+beside, text, 0o644); err != nil {
			return err
		}
	}
	for path := range texts {
		if err := os.Rename(path+beside, path); err != nil {
			return err
		}
	}
	return nil
}

type sloExportCmd struct {
	Service string   `short:"s" help:"Only the objectives of this service."`
	Lenient bool     `help:"Accept in files what older writers emit, with a warning each."`
	Paths   []string `arg:"" optional:"" name:"path" help:"OpenSLO files, or folders of them, - is the standard input; by default the objectives of the server."`
}

// Run prints objectives as OpenSLO v1.
func (cmd sloExportCmd) Run(c *cli) error {
	if len(cmd.Paths) > 0 {
		return cmd.files(c)
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	path := "/v1/openslo"
	if cmd.Service != "" {
		path += "?" + url.Values{"service": {cmd.Service}}.Encode()
	}
	var text string
	if err := client.Do(c.Ctx, http.MethodGet, path, nil, &text); err != nil {
		return err
	}
	return c.printYAML([]byte(text))
}

func (cmd sloExportCmd) files(c *cli) error {
	files, err := c.files(cmd.Paths)
	if err != nil {
		return fmt.Errorf("read objectives: %w", err)
	}
	reader := objectiveReader(cmd.Lenient)
	reader.MaxWindow, reader.CheckIndicator = 0, nil // it is not to be counted here
	d, err := openslo.Read(reader, files...)
	if err != nil {
		fmt.Fprintln(c.Err, err)
		return exit(1, nil)
	}
	if len(d.Warnings) > 0 {
		fmt.Fprintln(c.Err, d.Warnings)
	}
	if cmd.Service != "" {
		var services []string
		for _, o := range d.Objectives {
			services = append(services, o.Service)
		}
		if !slices.Contains(services, cmd.Service) {
			return fmt.Errorf("no objective of the service %q is defined%s", cmd.Service, nearest.Hint(cmd.Service, services))
		}
		d.Objectives = slices.DeleteFunc(d.Objectives, func(o *slo.Objective) bool { return o.Service != cmd.Service })
	}
	docs, err := openslo.Documents(d.Objectives, d.Sources...)
	if err != nil {
		return err
	}
	return c.printDocuments(docs...)
}
