// Package child runs a program as a child process that does not outlive its parent: it is the leader of its own process
// group, the kernel signals it when the parent dies (Linux), and a file with its process id lets the next parent end what
// a crash left behind.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Config of a child process.
type Config struct {
	Path string
	Args []string
	Env  []string // in addition to the parent's
	Dir  string
	// PIDFile remembers the child across a crash of the parent. Empty for none.
	PIDFile string
	Stdout  io.Writer
	Stderr  io.Writer
}

// Process is a running child.
type Process struct {
	cmd  *exec.Cmd
	cfg  Config
	done chan struct{}
	err  error
}

// Start ends what an earlier parent left behind, then starts the child. Nothing but Stop and the parent's death ends it.
func Start(cfg Config) (*Process, error) {
	if err := EndLeftover(cfg.PIDFile, filepath.Base(cfg.Path)); err != nil {
		return nil, err
	}
	cmd := exec.Command(cfg.Path, cfg.Args...)
	cmd.Env = append(os.Environ(), cfg.Env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = cfg.Dir, cfg.Stdout, cfg.Stderr
	cmd.SysProcAttr = attributes()
	p := &Process{cmd: cmd, cfg: cfg, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cfg.Path), err)
	}
	if cfg.PIDFile != "" {
		if err := os.WriteFile(cfg.PIDFile, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o644); err != nil {
			_ = p.Stop(context.Background())
			return nil, fmt.Errorf("remember child process: %w", err)
		}
	}
	return p, nil
}

// run starts the child and waits for it on one locked thread: the kernel's parent-death signal is bound to the
// thread that forked, and that thread must live as long as the child.
func (p *Process) run(started chan<- error) {
	lockThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	if p.cfg.PIDFile != "" {
		_ = os.Remove(p.cfg.PIDFile)
	}
	close(p.done)
}

// PID of the child.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the child ended; nil for exit code 0. Valid after Done.
func (p *Process) Err() error { return p.err }

// Stop asks the child to end (SIGTERM) and waits; when ctx is done first, the whole process group is killed.
func (p *Process) Stop(ctx context.Context) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s did not end in time and was killed", filepath.Base(p.cfg.Path))
	}
	killGroup(p.PID()) // grandchildren that it forgot
	return nil
}

// Kill ends the child and its process group at once and waits.
func (p *Process) Kill() {
	killGroup(p.PID())
	<-p.done
}

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// leftoverGrace is how long a leftover child gets to end by itself.
const leftoverGrace = 5 * time.Second

// EndLeftover ends the process that a PID file names if it still is the named program, with its group.
// A missing file, and a number that now belongs to another program, are not errors.
func EndLeftover(pidFile, program string) error {
	if pidFile == "" {
		return nil
	}
	b, err := os.ReadFile(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a leftover child process: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err == nil && pid > 1 && programOf(pid) == program {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		for deadline := time.Now().Add(leftoverGrace); syscall.Kill(pid, 0) == nil && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond) // not our child: there is nothing to wait on
		}
		killGroup(pid)
	}
	if err := os.Remove(pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget leftover child process: %w", err)
	}
	return nil
}

// programOf returns the base name of the program that a process runs; empty if there is none.
func programOf(pid int) string {
	out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) == 0 {
		return ""
	}
	return filepath.Base(fields[0])
}
