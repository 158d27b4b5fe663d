package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/config"
	"plimsoll/slo/openslo"
)

// files reads files and folders; of the path "-" the standard input.
func (c *cli) files(paths []string) (files []openslo.File, err error) {
	for _, path := range paths {
		found := []openslo.File{{Name: "<stdin>"}}
		if path == "-" {
			found[0].Data, err = io.ReadAll(c.In)
		} else {
			found, err = config.Files(path)
		}
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

func (c *cli) printDocuments(docs ...openslo.Document) error {
	var text bytes.Buffer
	if err := openslo.Write(&text, docs...); err != nil {
		return err
	}
	return c.printYAML(text.Bytes())
}

// printYAML prints YAML documents as they are or, with --output json, as a list of them, which is YAML, too.
func (c *cli) printYAML(text []byte) error {
	if c.Output != "json" {
		_, err := c.Out.Write(text)
		return err
	}
	docs := []any{}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc any
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return c.Print(docs, nil)
		case err != nil:
			return fmt.Errorf("read documents: %w", err)
		}
		docs = append(docs, doc)
	}
}
