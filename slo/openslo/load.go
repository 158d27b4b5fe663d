package openslo

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

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
type File struct {
	Name string // for messages
	Data []byte
}

// Load reads the objectives of files and folders, sorted by key. The error is [Problems] if the files could be read
// but not understood.
func Load(c Config, paths ...string) ([]*slo.Objective, error) {
	files, err := Files(paths...)
	if err != nil {
		return nil, err
	}
	return Parse(c, files...)
}

// Lint is [Load] for those who want to know only what is wrong. The error is about files that could not be read.
func Lint(c Config, paths ...string) (Problems, error) {
	files, err := Files(paths...)
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

// Files reads the named files, and of each named folder and the folders in it the files that end in .yaml or .yml.
// Names that begin with a dot are left out.
func Files(paths ...string) ([]File, error) {
	var files []File
	for _, root := range paths {
		if info, err := os.Stat(root); err == nil && info.IsDir() {
			root = filepath.Join(root, ".") + string(filepath.Separator) // walks a folder that is a symbolic link, too
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			hidden := path != root && strings.HasPrefix(d.Name(), ".")
			switch {
			case err != nil:
				return err
			case d.IsDir() && hidden:
				return filepath.SkipDir
			case d.IsDir() || hidden || (path != root && !isYAML(path)):
				return nil
			}
			data, err := os.ReadFile(path)
			files = append(files, File{Name: path, Data: data})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read objectives: %w", err)
		}
	}
	return files, nil
}

func isYAML(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}
