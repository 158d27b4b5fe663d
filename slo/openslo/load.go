package openslo

import (
	"time"

	"plimsoll/alerts"
	"plimsoll/internal/config"
	"plimsoll/slo"
	"plimsoll/slo/openslo/internal/doctree"
)

// Config says what the reader cannot know by itself.
type Config struct {
	// CheckIndicator reports why the queries that are set in an indicator cannot be counted; nil accepts all.
	CheckIndicator func(slo.Indicator) error
	// Grouping returns the labels by which the queries of an indicator divide it, sorted; nil: none is divided.
	Grouping func(slo.Indicator) ([]string, error)
	// MaxWindow is the longest window whose events are kept; zero means no limit.
	MaxWindow time.Duration
	// Sources are the servers that can be asked for samples although no file says where they are. A DataSource that is neither
	// among them nor has a URL cannot be asked; nil: that is not checked.
	Sources []string
	// Tiers are the burn-rate alerts that hold where an objective does not say; those of [alerts.Tiers] when nil.
	Tiers []alerts.Tier
	// Lenient accepts what older writers emit, with a warning each.
	Lenient bool
}

// File is one file of objectives.
type File = config.File

// Problem is one thing that is wrong with an objective file.
type Problem = doctree.Problem

// Problems are all problems of a set of files, sorted by place. It is the error that reading returns for bad input.
type Problems = doctree.Problems

// Severity says what a problem means for whoever wrote the file.
type Severity = doctree.Severity

// The severities of problems. Only warnings let a set be used.
const (
	Error       = doctree.Error
	Unsupported = doctree.Unsupported
	Warning     = doctree.Warning
)

// Definitions are what a set of files defines.
type Definitions struct {
	Objectives []*slo.Objective // sorted by key
	Sources    []Source         // that objectives name, sorted by name
	Warnings   Problems
}

// Load reads the objectives of files and folders (see [config.Files]), sorted by key. The error is [Problems] if the files could be read
// but not understood.
func Load(c Config, paths ...string) ([]*slo.Objective, error) {
	files, err := config.Files(paths...)
	if err != nil {
		return nil, err
	}
	return Parse(c, files...)
}

// Parse reads the objectives that the files define together, sorted by key. The error is [Problems].
func Parse(c Config, files ...File) ([]*slo.Objective, error) {
	d, err := Read(c, files...)
	if err != nil {
		return nil, err
	}
	return d.Objectives, nil
}

// Read reads what the files define together. The error is [Problems], which then holds the warnings, too.
func Read(c Config, files ...File) (*Definitions, error) {
	s := newSet(c)
	for _, f := range files {
		s.readFile(f)
	}
	d := s.resolve()
	d.Warnings = s.report.Problems()
	if len(d.Warnings.Of(Error, Unsupported)) > 0 {
		return nil, d.Warnings
	}
	return d, nil
}
