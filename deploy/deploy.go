// Package deploy carries the files that ship with the programs: the objectives and gate policies that hold where no
// others are named. They are ordinary files, to be copied and changed.
package deploy

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed objectives/*.yaml policies/*.yaml
var files embed.FS

// File is one shipped file.
type File struct {
	Name string // such as "deploy/objectives/availability.yaml"
	Data []byte
}

// Objectives returns the shipped objectives.
func Objectives() ([]File, error) { return in("objectives") }

// Policies returns the shipped gate policies.
func Policies() ([]File, error) { return in("policies") }

func in(folder string) ([]File, error) {
	names, err := fs.Glob(files, folder+"/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []File
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read shipped file: %w", err)
		}
		out = append(out, File{"deploy/" + name, data})
	}
	return out, nil
}
