package pg

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the operating-system user that runs PostgreSQL when we are root.
type account struct {
	name     string
	uid, gid int
}

// unprivileged returns nil when this process is not root, and otherwise a user that may run PostgreSQL.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return &account{name: name, uid: uid, gid: gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL refuses to run as root and neither user postgres nor nobody exists: run as another user or set a database URL")
}

// canEnter reports the first folder on the way to dir that the account may not enter.
func (a *account) canEnter(dir string) error {
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return fmt.Errorf("check data directory: %w", err)
		}
		if !a.mayExecute(info) {
			return fmt.Errorf("PostgreSQL runs as user %s, who may not enter %s (mode %04o): choose another data directory, such as one under /var/lib",
				a.name, d, info.Mode().Perm())
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

func (a *account) mayExecute(info os.FileInfo) bool {
	st := info.Sys().(*syscall.Stat_t)
	switch perm := info.Mode().Perm(); {
	case int(st.Uid) == a.uid:
		return perm&0o100 != 0
	case int(st.Gid) == a.gid:
		return perm&0o010 != 0
	default:
		return perm&0o001 != 0
	}
}

// attributes put a process into a session of its own, so that Ctrl-C in our terminal does not reach it.
func (a *account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// alive reports whether a server's process is there. The first process of a container inherits the server: unless that one is buried, it
// still seems to be there when it is dead, to PostgreSQL as well, which then does not start in its place.
func alive(pid int) bool {
	if buried, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); err == nil && buried == pid {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// lockFile takes an exclusive lock that the kernel releases when this process ends, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock of data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %s", ErrInUse, filepath.Dir(path))
	}
	return f, nil
}
