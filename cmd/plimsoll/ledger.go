package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"plimsoll/slo"
	"plimsoll/slo/ledger/api"
)

// ledgerCmd is "plimsoll ledger".
type ledgerCmd struct {
	Export ledgerExportCmd `cmd:"" help:"Write the whole ledger to a file: events, versions of objectives, corrections."`
	Import ledgerImportCmd `cmd:"" help:"Take in a file that was exported, whole or not at all. What is there already is refused."`
}

type ledgerExportCmd struct {
	Out string `short:"f" required:"" type:"path" placeholder:"FILE" help:"File to write. One that exists is only replaced when everything has arrived."`
}

// Run writes the file.
func (cmd ledgerExportCmd) Run(c *cli) (err error) {
	client, err := c.Client()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(cmd.Out), ".plimsoll-*")
	if err != nil {
		return fmt.Errorf("export the ledger: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	err = client.Stream(c.Ctx, http.MethodGet, "/v1/ledger/export", "", nil, file)
	size, sizeErr := file.Seek(0, io.SeekEnd)
	if err = errors.Join(err, sizeErr, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), cmd.Out); err != nil {
		return fmt.Errorf("export the ledger: %w", err)
	}
	written := struct {
		File  string `json:"file"`
		Bytes int64  `json:"bytes"`
	}{cmd.Out, size}
	return c.Print(written, func(w io.Writer) { fmt.Fprintf(w, "%s: %s bytes\n", cmd.Out, slo.FormatCount(size)) })
}

type ledgerImportCmd struct {
	File string `arg:"" type:"existingfile" help:"File that was exported."`
}

// Run sends the file.
func (cmd ledgerImportCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	file, err := os.Open(cmd.File)
	if err != nil {
		return fmt.Errorf("import a ledger: %w", err)
	}
	defer file.Close()
	var answer bytes.Buffer
	if err := client.Stream(c.Ctx, http.MethodPost, "/v1/ledger/import", "application/vnd.plimsoll.ledger", file, &answer); err != nil {
		return err
	}
	var n api.Imported
	if err := json.Unmarshal(answer.Bytes(), &n); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return c.Print(n, func(w io.Writer) {
		did := "Imported"
		if n.Again {
			did = "Nothing to do, this file was imported before. It brought"
		}
		fmt.Fprintf(w, "%s %s, %s of events, %s.\n", did,
			plural(n.Objectives, "objective"), plural(n.Blocks, "hour"), plural(n.Corrections, "correction"))
	})
}
