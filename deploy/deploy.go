// Package deploy carries the files that ship with the programs: the objectives and gate policies that hold where no
// others are named. They are ordinary files, to be copied and changed.
package deploy

import (
	"embed"
	"fmt"
	"io/fs"

	"plimsoll/internal/config"
)

//go:embed objectives/*.yaml policies/*.yaml
var files embed.FS

// Objectives returns the shipped objectives, with names such as "deploy/objectives/availability.yaml".
func Objectives() ([]config.File, error) { return in("objectives") }

// Policies returns the shipped gate policies.
func Policies() ([]config.File, error) { return in("policies") }

func in(folder string) ([]config.File, error) {
	names, err := fs.Glob(files, folder+"/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []config.File
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read shipped file: %w", err)
		}
		out = append(out, config.File{Name: "deploy/" + name, Data: data})
	}
	return out, nil
}
