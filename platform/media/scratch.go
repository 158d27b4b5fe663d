package media

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// scratch is a worker's own directory for files at work. It is locked for as long as its process lives, so that the
// next worker can tell what a crash has left from what is in use.
type scratch struct {
	root string
	dir  string
	lock *os.File
}

const (
	ownDirs  = "worker-"
	lockName = "lock"
)

// openScratch makes a directory in root and removes those whose workers are gone.
func openScratch(root string) (*scratch, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch directory: %w", err)
	}
	// Nobody may take a directory that is being made, and not yet locked, for a leftover, nor one that is being removed.
	making, err := lockFile(filepath.Join(root, lockName), unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer func() { _ = making.Close() }()
	leftovers, err := filepath.Glob(filepath.Join(root, ownDirs+"*"))
	if err != nil {
		return nil, fmt.Errorf("look for leftovers in the scratch directory: %w", err)
	}
	for _, dir := range leftovers {
		lock, err := lockFile(filepath.Join(dir, lockName), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := errors.Join(os.RemoveAll(dir), lock.Close()); err != nil {
			return nil, fmt.Errorf("remove leftovers in the scratch directory: %w", err)
		}
	}
	dir, err := os.MkdirTemp(root, ownDirs)
	if err != nil {
		return nil, fmt.Errorf("make a scratch directory: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, lockName), unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	return &scratch{root: root, dir: dir, lock: lock}, nil
}

func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a lock of the scratch directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), how); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}

// task makes a directory for one attempt; remove ends it.
func (s *scratch) task(name string) (dir string, remove func() error, err error) {
	dir = filepath.Join(s.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("make a directory for the attempt: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

func (s *scratch) close() error {
	removing, err := lockFile(filepath.Join(s.root, lockName), unix.LOCK_EX)
	if err != nil {
		return errors.Join(err, s.lock.Close()) // the next worker removes the directory
	}
	return errors.Join(os.RemoveAll(s.dir), s.lock.Close(), removing.Close())
}
