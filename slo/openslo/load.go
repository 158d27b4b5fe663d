package openslo

import (
	"time"

	"plimsoll/internal/config"
	"plimsoll/slo"
)

// Config says what the reader cannot know by itself.
type Config struct {
	// CheckQuery reports why a query cannot be counted; nil accepts all.
	CheckQuery func(query string) error
	// MaxWindow is the longest window whose events are kept; zero means no limit.
	MaxWindow time.Duration
}

// File is one file of objectives.
type File = config.File

// Load reads the objectives of files and folders (see [config.Files]), sorted by key. The error is [Problems] if the files could be read
// but not understood.
func Load(c Config, paths ...string) ([]*slo.Objective, error) {
	files, err := config.Files(paths...)
	if err != nil {
		return nil, err
	}
	return Parse(c, files...)
}

// Lint is [Load] for those who want to know only what is wrong. The error is about files that could not be read.
func Lint(c Config, paths ...string) (Problems, error) {
	files, err := config.Files(paths...)
	if err != nil {
		return nil, err
	}
	_, problems := parse(c, files)
	return problems, nil
}

// Parse reads the objectives that the files define together, sorted by key. The error is [Problems].
func Parse(c Config, files ...File) ([]*slo.Objective, error) {
	objs, problems := parse(c, files)
	if len(problems) > 0 {
		return nil, problems
	}
	return objs, nil
}

func parse(c Config, files []File) ([]*slo.Objective, Problems) {
	s := newSet(c)
	for _, f := range files {
		s.readFile(f)
	}
	objs := s.resolve()
	s.problems.sort()
	return objs, s.problems
}
