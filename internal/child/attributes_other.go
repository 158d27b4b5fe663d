//go:build !linux

package child

import "syscall"

// Without a parent-death signal the PID file alone finds what a crash left behind.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func lockThread() {}
