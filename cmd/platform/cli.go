package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/config"
)

// version is set by the linker.
var version = "dev"

const description = `Upload videos, have them transcoded, and serve them.

"platform serve" runs the platform on this machine with nothing to set up; the other commands talk to one that runs.

Exit codes: 0 done; 1 wrong usage or an error.`

// commands is the whole command line. Each command is in the file of its name.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run the platform, or some roles of it."`
	Upload  uploadCmd  `cmd:"" help:"Upload a video file; go on where an interrupted upload stopped."`
	Traffic trafficCmd `cmd:"" help:"Upload, list and play videos at a rate, and report what was seen from outside."`
	Fault   faultCmd   `cmd:"" help:"Inject failures into a platform that runs with --dev, so that error budgets burn."`
	APIKey  apikeyCmd  `cmd:"" name:"apikey" help:"API keys: create, list, revoke."`
	Version versionCmd `cmd:"" help:"Print the version."`
	Blob    blobCmd    `cmd:"" hidden:"" help:"Run the object storage server that serve describes in the environment."`
}

// cli is what a command gets to work with.
type cli struct {
	ctx context.Context
	out io.Writer
	err io.Writer
}

// run parses and runs one command line and returns its exit code.
func run(ctx context.Context, args []string, out, errw io.Writer) (code int) {
	var flags commands
	exited := false
	parser, err := kong.New(&flags, kong.Name("platform"), kong.Description(description),
		kong.Writers(out, errw), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
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
		fmt.Fprintf(errw, "platform: %v (see \"platform --help\")\n", err)
		return 1
	}
	return report(errw, parsed.Run(&cli{ctx: ctx, out: out, err: errw}, &flags))
}

// report says what went wrong and returns the exit code.
func report(errw io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(errw, "platform: %s\n", apiclient.Message(err))
	if errors.Is(err, apiclient.ErrUnreachable) {
		fmt.Fprintln(errw, "  Is the platform running (platform serve --dev)? Is its address right (--url; --ops-url for faults)?")
	}
	return 1
}

// serverFlags say which platform a command talks to.
type serverFlags struct {
	URL     string `name:"url" env:"PLATFORM_URL" default:"http://127.0.0.1:8090" help:"Address of the platform's gateway."`
	Key     string `env:"PLATFORM_API_KEY" help:"API key."`
	KeyFile string `env:"PLATFORM_API_KEY_FILE" type:"path" help:"File with the API key; by default the one that serve --dev makes in the data directory."`
}

// key looks in the flag and environment, the named file, and the data directory, in this order.
func (f serverFlags) key() (string, error) {
	if f.Key != "" {
		return f.Key, nil
	}
	file := f.KeyFile
	if file == "" {
		dir, err := config.DataDir("platform")
		if err != nil {
			return "", err
		}
		file = filepath.Join(dir, "api-key")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("find an API key: %w\n  Run \"platform serve --dev\", which makes one, or give one with --key, --key-file or PLATFORM_API_KEY", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// printJSON writes v for machines.
func (c *cli) printJSON(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// terminal tells whether w is one.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(c *cli) error {
	_, err := fmt.Fprintln(c.out, "platform", version)
	return err
}
