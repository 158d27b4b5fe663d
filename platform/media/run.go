package media

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"plimsoll/internal/child"
)

// command is a run of FFmpeg or FFprobe.
type command struct {
	program string
	args    []string
	stdout  io.Writer
	limit   time.Duration
}

// programError is a program that ended with an error, and what it said.
type programError struct {
	program string
	said    string // the end of its standard error
	cause   error
}

func (e *programError) Error() string {
	return fmt.Sprintf("%s: %v: %s", e.program, e.cause, strings.TrimSpace(e.said))
}

func (e *programError) Unwrap() error { return e.cause }

// run runs the command to its end in a process group of its own. The group is killed when ctx is done or the limit is
// over, and by the kernel when this process dies.
func (c command) run(ctx context.Context) error {
	var stderr tail
	ctx, cancel := context.WithTimeoutCause(ctx, c.limit, fmt.Errorf("%s took longer than %s", filepath.Base(c.program), c.limit))
	defer cancel()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p, err := child.Start(child.Config{Path: c.program, Args: c.args, Stdout: c.stdout, Stderr: &stderr})
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
		return context.Cause(ctx)
	}
	if err := p.Err(); err != nil {
		return &programError{program: filepath.Base(c.program), said: stderr.String(), cause: err}
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const maxTail = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - maxTail; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// progress reads FFmpeg's -progress lines and passes on how much of the output is written.
type progress struct {
	total time.Duration
	each  func(fraction float64)
	line  []byte
}

func (p *progress) Write(b []byte) (int, error) {
	for _, c := range b {
		if c != '\n' {
			p.line = append(p.line, c)
			continue
		}
		// out_time_ms is in microseconds too, by an old mistake of FFmpeg's; out_time_us says what it is.
		var microseconds int64
		if _, err := fmt.Sscanf(string(p.line), "out_time_us=%d", &microseconds); err == nil && p.total > 0 {
			p.each(float64(microseconds) * float64(time.Microsecond) / float64(p.total))
		}
		p.line = p.line[:0]
	}
	return len(b), nil
}
