package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoFiles is returned for a folder that holds no YAML file. It is likelier the wrong folder than an empty wish.
var ErrNoFiles = errors.New("the folder holds no file that ends in .yaml or .yml")

// File is a file that was read.
type File struct {
	Name string // for messages
	Data []byte
}

// Files reads the named files, and of each named folder and the folders in it the files that end in .yaml or .yml.
// Names that begin with a dot are left out, and so is what is no file, such as a pipe, whatever its name.
func Files(paths ...string) ([]File, error) {
	var files []File
	for _, path := range paths {
		found, err := filesOf(path)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

func filesOf(root string) ([]File, error) {
	var files []File
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		root = filepath.Join(root, ".") + string(filepath.Separator) // walks a folder that is a symbolic link, too
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(d.Name(), ".")
		switch {
		case err != nil:
			return err
		case d.IsDir() && hidden:
			return filepath.SkipDir
		case d.IsDir() || hidden || (path != root && !isYAML(path)):
			return nil
		}
		if info, err := os.Stat(path); err != nil || (path != root && !info.Mode().IsRegular()) {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, File{Name: path, Data: data})
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: %w", root, ErrNoFiles)
	}
	if err != nil {
		return nil, err
	}
	return files, nil
}

func isYAML(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}
