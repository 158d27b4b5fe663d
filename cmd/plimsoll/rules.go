package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"plimsoll/alerts"
	"plimsoll/alerts/promrules"
	"plimsoll/slo/openslo"
)

// rulesCmd is "plimsoll rules".
type rulesCmd struct {
	Prometheus rulesPrometheusCmd `cmd:"" help:"Write objectives as recording and alerting rules of Prometheus, without a server."`
}

type rulesPrometheusCmd struct {
	Lenient bool     `help:"Accept what older writers emit."`
	Tiers   string   `type:"path" placeholder:"FILE" help:"File of the tiers of alerts that hold where an objective does not say, as in the server's alert_tiers."`
	Out     string   `placeholder:"FILE" help:"File to write; standard output when not given."`
	Paths   []string `arg:"" name:"path" help:"OpenSLO files, or folders of them."`
}

// Run writes the rules and says on standard error which objectives have none, and why.
func (cmd rulesPrometheusCmd) Run(c *cli) (err error) {
	reader, err := readerWithTiers(cmd.Lenient, cmd.Tiers)
	if err != nil {
		return err
	}
	objectives, err := openslo.Load(reader, cmd.Paths...)
	if err != nil {
		return fmt.Errorf("read objectives:\n%w", err)
	}
	groups, skipped := promrules.Rules(objectives, alerts.Tiers())
	for _, s := range skipped {
		fmt.Fprintf(c.Err, "no rules for %s: %s\n", s.Key, s.Reason)
	}
	if cmd.Out == "" {
		return promrules.Write(c.Out, groups)
	}
	return writeFile(cmd.Out, func(w io.Writer) error { return promrules.Write(w, groups) })
}

// writeFile writes a file of an answer.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
