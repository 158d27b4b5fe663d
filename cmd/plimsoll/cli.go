package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/config"
	"plimsoll/internal/httpapi"
)

// version is set by the linker.
var version = "dev"

const description = `Plimsoll computes error budgets to the event, decides at a deploy gate, and keeps incident records.

Commands talk to a running server (PLIMSOLL_URL, with the token in PLIMSOLL_TOKEN or PLIMSOLL_TOKEN_FILE), except
serve, demo, version, "gate verify", and those that read files "without a server".

Exit codes: 0 done; 1 wrong usage or an error; of "gate check": 0 allow, 2 deny, 3 hold. Commands with others say so.`

// commands is the whole command line. Each room's part is in the file of its name.
type commands struct {
	URL       string `name:"url" env:"PLIMSOLL_URL" default:"http://127.0.0.1:8080" help:"Address of the server."`
	Token     string `env:"PLIMSOLL_TOKEN" help:"Token for calls that change something, and for all calls where the server lets nobody else read."`
	TokenFile string `env:"PLIMSOLL_TOKEN_FILE" type:"path" help:"File with the token; by default that of the data directory of this user."`
	Output    string `short:"o" enum:"table,json,yaml,github" default:"table" help:"Form of the answer: table, json or yaml; of gate check also github."`

	Demo       demoCmd       `cmd:"" help:"Run everything on this machine: PostgreSQL, the video platform, honest traffic, and the control plane that watches it."`
	Serve      serveCmd      `cmd:"" help:"Run the control plane."`
	Slo        sloCmd        `cmd:"" name:"slo" help:"Objectives and their error budgets."`
	Alert      alertCmd      `cmd:"" help:"Burn-rate alerts: what fires, what was told, what could not be."`
	Gate       gateCmd       `cmd:"" help:"The deploy gate: may this change go out now?"`
	Deploy     deployCmd     `cmd:"" help:"What became of changes that went out, and how a team delivers by it."`
	Incident   incidentCmd   `cmd:"" help:"Incidents: declare, lead, resolve, learn."`
	Failure    failureCmd    `cmd:"" help:"Failure analysis: fault trees, failure modes and effects."`
	Report     reportCmd     `cmd:"" help:"The weekly error-budget report."`
	Backfill   backfillCmd   `cmd:"" help:"Fill objectives with the history of an existing Prometheus."`
	Ledger     ledgerCmd     `cmd:"" help:"The ledger of events as a file."`
	Postmortem postmortemCmd `cmd:"" help:"Postmortems and action items: what was learnt, and the evidence of what has changed."`
	Risk       riskCmd       `cmd:"" help:"The risk register: what was left undone, ranked and weighed in money."`
	Rules      rulesCmd      `cmd:"" help:"Objectives as rules of other systems."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// cli is what a command gets to work with.
type cli struct {
	Ctx    context.Context
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Output string
	flags  *commands
}

// exitError carries the exit code of the process. Without an error it exits silently.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit makes an error that ends the process with code; err may be nil if everything has been said.
func exit(code int, err error) error { return &exitError{code, err} }

// run parses and runs one command line and returns its exit code.
func run(ctx context.Context, args []string, out, errw io.Writer) (code int) {
	var flags commands
	exited := false
	parser, err := kong.New(&flags, kong.Name("plimsoll"), kong.Description(description),
		kong.Writers(out, errw), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(decodeInstant)),
		kong.Exit(func(c int) { code, exited = c, true }))
	if err != nil {
		panic(err) // the command line is described wrongly: a bug
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited { // --help
		return code
	}
	if err != nil {
		fmt.Fprintf(errw, "plimsoll: %v (see \"plimsoll %s--help\")\n", err, helpFor(err))
		return 1
	}
	if flags.Output == outputGitHub && parsed.Command() != "gate check" {
		return report(errw, fmt.Errorf("--output %s is for \"plimsoll gate check\" only: choose table, json or yaml", outputGitHub))
	}
	err = parsed.Run(&cli{Ctx: ctx, In: os.Stdin, Out: out, Err: errw, Output: flags.Output, flags: &flags})
	return report(errw, err)
}

// helpFor returns the command whose help explains a parse error, without its arguments and with a blank behind it.
func helpFor(err error) string {
	var pe *kong.ParseError
	if !errors.As(err, &pe) || pe.Context == nil {
		return ""
	}
	var command strings.Builder
	for _, word := range strings.Fields(pe.Context.Command()) {
		if !strings.HasPrefix(word, "<") {
			command.WriteString(word + " ")
		}
	}
	return command.String()
}

// decodeInstant reads a flag or argument that is a time.
func decodeInstant(ctx *kong.DecodeContext, target reflect.Value) error {
	var word string
	if err := ctx.Scan.PopValueInto("instant", &word); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, word)
	if err != nil {
		return fmt.Errorf("expected an instant such as 2026-11-24T10:00:00Z but got %q", word)
	}
	target.Set(reflect.ValueOf(at))
	return nil
}

// report says what went wrong and returns the exit code.
func report(errw io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code := 1
	var ee *exitError
	if errors.As(err, &ee) {
		code = ee.code
		if ee.err == nil {
			return code
		}
	}
	fmt.Fprintf(errw, "plimsoll: %s\n", apiclient.Message(err))
	if errors.Is(err, apiclient.ErrUnreachable) {
		fmt.Fprintln(errw, "  Is the server running (plimsoll serve, or make run)? Is --url or PLIMSOLL_URL right?")
	}
	if p := (*httpapi.ProblemError)(nil); errors.As(err, &p) && p.Code == httpapi.Unauthenticated {
		fmt.Fprintln(errw, "  Is the token for this server in PLIMSOLL_TOKEN, or in the file that PLIMSOLL_TOKEN_FILE or --token-file names?")
	}
	return code
}

// Client returns a client of the server, with the token if one can be found.
func (c *cli) Client() (*apiclient.Client, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	return apiclient.New(c.flags.URL, token), nil
}

// token looks in the flag and environment, the named file, and the data directory, in this order.
// Without any the caller is anonymous, which is enough for reading where the server lets everybody read.
func (c *cli) token() (string, error) {
	if c.flags.Token != "" {
		return c.flags.Token, nil
	}
	file, named := c.flags.TokenFile, c.flags.TokenFile != ""
	if !named {
		dir, err := config.DataDir("plimsoll")
		if err != nil {
			return "", nil
		}
		file = filepath.Join(dir, "token")
	}
	b, err := os.ReadFile(file)
	if err != nil && named {
		return "", fmt.Errorf("read token: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// Print writes v in the form that was asked for; table writes the one for people.
func (c *cli) Print(v any, table func(w io.Writer)) error {
	switch c.Output {
	case "json":
		enc := json.NewEncoder(c.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	case "yaml":
		return writeYAML(c.Out, v)
	default:
		var b bytes.Buffer
		table(&b)
		_, err := b.WriteTo(c.Out)
		return err
	}
}

// writeYAML writes v with its JSON names.
func writeYAML(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	blockStyle(&n)
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	return errors.Join(enc.Encode(&n), enc.Close())
}

// blockStyle takes the braces and quotes of JSON away where YAML needs none.
func blockStyle(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		blockStyle(c)
	}
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(c *cli) error {
	_, err := fmt.Fprintln(c.Out, "plimsoll", version)
	return err
}
