package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"plimsoll/collectors"
	"plimsoll/internal/config"
	"plimsoll/slo/ledger"
	"plimsoll/slo/openslo"
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

type sloLintCmd struct {
	Lenient bool     `help:"Accept what older writers emit, with a warning each."`
	Paths   []string `arg:"" name:"path" help:"OpenSLO files, or folders of them."`
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
	r, err := lint(cmd.Lenient, cmd.Paths)
	if err != nil {
		return fmt.Errorf("read objectives: %w", err)
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

// lint reads the files. The error is about files that could not be read.
func lint(lenient bool, paths []string) (objectiveLint, error) {
	files, err := config.Files(paths...)
	if err != nil {
		return objectiveLint{}, err
	}
	r := objectiveLint{Problems: openslo.Problems{}}
	definitions, err := openslo.Read(objectiveReader(lenient), files...)
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
	counts = append([]string{plural(r.Objectives, "objective") + ", all valid"}, counts...)
	fmt.Fprintf(w, "%s.\n", strings.Join(counts, "; "))
}
