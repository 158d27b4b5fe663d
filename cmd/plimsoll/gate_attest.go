package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/attestation"
)

type gateAttestCmd struct {
	Seq int64  `arg:"" help:"Place of the decision in the audit log."`
	Out string `placeholder:"FILE" help:"File to write; standard output when not given."`
}

// Run gets a decision, signed.
func (cmd gateAttestCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var e attestation.Envelope
	if err := client.Do(c.Ctx, http.MethodGet, fmt.Sprintf("/v1/gate/decisions/%d/attestation", cmd.Seq), nil, &e); err != nil {
		return err
	}
	write := func(w io.Writer) error { return json.NewEncoder(w).Encode(e) }
	if cmd.Out == "" {
		return write(c.Out)
	}
	return writeFile(cmd.Out, write)
}

type gateKeysCmd struct {
	Rotate bool `help:"Make a new signing key on the replica that answers first; what the old one signed stays good."`
}

// Run prints the public keys of all replicas.
func (cmd gateKeysCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	method := http.MethodGet
	if cmd.Rotate {
		method = http.MethodPost
	}
	var keys api.Keys
	if err := client.Do(c.Ctx, method, "/v1/gate/keys", nil, &keys); err != nil {
		return err
	}
	return c.Print(keys, func(w io.Writer) { fmt.Fprint(w, keys.PEM) })
}

type gateVerifyCmd struct {
	File string `arg:"" type:"existingfile" help:"Signed decision, as \"gate attest\" writes it."`
	Keys string `required:"" type:"existingfile" help:"File of public keys in PEM, as \"gate keys\" prints them."`
}

// Run checks a signed decision without a server. Exit code 1 if none of the keys signed it.
func (cmd gateVerifyCmd) Run(c *cli) error {
	pem, err := os.ReadFile(cmd.Keys)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	keys, err := attestation.Verifier(pem)
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", cmd.Keys, err)
	}
	data, err := os.ReadFile(cmd.File)
	if err != nil {
		return fmt.Errorf("read decision: %w", err)
	}
	var e attestation.Envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("%s is not a signed decision: %w", cmd.File, err)
	}
	d, key, err := keys.Verify(&e)
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.File, err)
	}
	return c.Print(d, func(w io.Writer) {
		fmt.Fprintf(w, "Signed by key %s: decision %d of %s, asked by %s.\n%s\n", key, d.Seq, d.At.UTC().Format("2006-01-02 15:04:05 UTC"), d.By, d.Text())
	})
}

type gateReplayCmd struct {
	Service string       `short:"s" help:"Only decisions on this service."`
	Outcome gate.Outcome `enum:"allow,deny,hold," default:"" help:"Only decisions with this outcome: allow, deny or hold."`
	Limit   int          `short:"n" default:"100" help:"At most so many, the newest first; up to 1000."`
}

// Run decides again what was decided. Exit code 1 if an answer differs.
func (cmd gateReplayCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(cmd.Limit)}}
	if cmd.Service != "" {
		query.Set("service", cmd.Service)
	}
	if cmd.Outcome != "" {
		query.Set("outcome", string(cmd.Outcome))
	}
	var replay api.Replay
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/gate/replay?"+query.Encode(), nil, &replay); err != nil {
		return err
	}
	differ := 0
	if err := c.Print(replay, func(w io.Writer) {
		for _, r := range replay.Replayed {
			if r.Problem != "" {
				fmt.Fprintf(w, "%d: %s\n", r.Seq, r.Problem)
			}
			for _, d := range r.Differences {
				fmt.Fprintf(w, "%d: %s was recorded as %s, and is %s when decided again\n", r.Seq, d.Field, d.Recorded, d.Replayed)
			}
		}
	}); err != nil {
		return err
	}
	for _, r := range replay.Replayed {
		if r.Problem != "" || len(r.Differences) > 0 {
			differ++
		}
	}
	if differ > 0 {
		return exit(1, fmt.Errorf("%d of %s differ", differ, plural(len(replay.Replayed), "decision")))
	}
	if c.Output == "table" {
		fmt.Fprintf(c.Out, "Decided again as recorded: %s.\n", plural(len(replay.Replayed), "decision"))
	}
	return nil
}
