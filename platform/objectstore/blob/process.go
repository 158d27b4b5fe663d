package blob

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"plimsoll/internal/child"
)

// The environment carries the server's settings to the child, because arguments can be read by every user.
const (
	envDir       = "PLATFORM_BLOB_DIR"
	envAddr      = "PLATFORM_BLOB_ADDR"
	envAccessKey = "PLATFORM_BLOB_ACCESS_KEY"
	envSecretKey = "PLATFORM_BLOB_SECRET_KEY"

	listening = "listening on "
)

// RunFromEnvironment is the child's side: it runs the server that Start described in the environment, and writes its
// address to out.
func RunFromEnvironment(ctx context.Context, out io.Writer) error {
	return Run(ctx, Config{
		Dir:       os.Getenv(envDir),
		Addr:      os.Getenv(envAddr),
		AccessKey: os.Getenv(envAccessKey),
		SecretKey: os.Getenv(envSecretKey),
		Ready:     func(addr string) { _, _ = fmt.Fprintln(out, listening+addr) },
	})
}

// ProcessConfig says how to run the server in a child process.
type ProcessConfig struct {
	Server  Config   // Ready is not used
	Path    string   // program whose Args make it call RunFromEnvironment; this one if empty
	Args    []string // such as "blob"
	Env     []string // in addition to this process's
	PIDFile string   // remembers the child across a crash of the parent; none if empty
	Logger  *slog.Logger
}

// Process is an object storage server in a child process.
type Process struct {
	cfg    ProcessConfig
	logger *slog.Logger
	addr   string // real address; the same after a restart

	mu    sync.Mutex
	child *child.Process
}

const (
	readyTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	// A server that dies at once is restarted at this pace, and not faster.
	restartPause = 500 * time.Millisecond
)

// Start starts the child and returns once it accepts connections. Then somebody must call Run or Stop.
func Start(ctx context.Context, c ProcessConfig) (*Process, error) {
	if c.Path == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
		c.Path = self
	}
	p := &Process{cfg: c, logger: cmp.Or(c.Logger, slog.Default())}
	addr, err := p.start(ctx, c.Server.Addr)
	if err != nil {
		return nil, err
	}
	p.addr = addr
	return p, nil
}

// Endpoint is the server's base URL.
func (p *Process) Endpoint() string { return "http://" + p.addr }

// PID of the present child.
func (p *Process) PID() int { return p.current().PID() }

// Run restarts the child whenever it ends, until ctx is done; then it stops it and returns nil.
func (p *Process) Run(ctx context.Context) error {
	for {
		running := p.current()
		select {
		case <-running.Done():
			p.logger.Warn("object storage ended and will be restarted", "err", running.Err())
		case <-ctx.Done():
			return p.Stop()
		}
		for {
			_, err := p.start(ctx, p.addr)
			if err == nil {
				break
			}
			p.logger.Error("object storage did not start", "err", err)
			select {
			case <-time.After(restartPause):
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// Stop ends the child: gracefully, and by force when that takes too long.
func (p *Process) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return p.current().Stop(ctx)
}

func (p *Process) current() *child.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.child
}

// start starts a child and returns the address it listens on.
func (p *Process) start(ctx context.Context, addr string) (string, error) {
	ready := make(chan string, 1)
	out, in := io.Pipe()
	go p.readOutput(out, ready)
	complaints, stderr := io.Pipe()
	said := make(chan string, 1)
	go func() { said <- p.readComplaints(complaints) }()
	started, err := child.Start(child.Config{
		Path: p.cfg.Path,
		Args: p.cfg.Args,
		Env: append([]string{
			envDir + "=" + p.cfg.Server.Dir,
			envAddr + "=" + addr,
			envAccessKey + "=" + p.cfg.Server.AccessKey,
			envSecretKey + "=" + p.cfg.Server.SecretKey,
		}, p.cfg.Env...),
		PIDFile: p.cfg.PIDFile,
		Stdout:  in,
		Stderr:  stderr,
	})
	closeOutput := func() { _ = errors.Join(in.Close(), stderr.Close()) }
	if err != nil {
		closeOutput()
		return "", err
	}
	go func() {
		<-started.Done()
		closeOutput()
	}()
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	select {
	case addr = <-ready:
	case <-started.Done():
		return "", fmt.Errorf("object storage ended before it was ready: %w: %s", cmp.Or(started.Err(), errors.New("exit code 0")), <-said)
	case <-ctx.Done():
		started.Kill()
		return "", fmt.Errorf("wait for object storage: %w", ctx.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.child = started
	return addr, nil
}

// readOutput takes the address from the child's output; the rest is of interest to developers.
func (p *Process) readOutput(out io.Reader, ready chan<- string) {
	readLines(out, func(line string) {
		if addr, ok := strings.CutPrefix(line, listening); ok {
			ready <- addr
			return
		}
		p.logger.Debug("object storage says", "line", line)
	})
}

// readComplaints logs what the child complains of, and returns the last of it once the child has ended.
func (p *Process) readComplaints(out io.Reader) (last string) {
	readLines(out, func(line string) {
		last = line
		p.logger.Warn("object storage complains", "line", line)
	})
	return last
}

func readLines(r io.Reader, each func(line string)) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		each(lines.Text())
	}
	_, _ = io.Copy(io.Discard, r) // a line that is too long must not block the child
}
